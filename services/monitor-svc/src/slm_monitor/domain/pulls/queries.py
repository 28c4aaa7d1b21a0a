"""The query of a pull of samples: an expression in PromQL, and the instants at which it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """The samples that a pull requests from a Prometheus.

    - ``expression``: the expression, in PromQL.
    - ``step_seconds``: the expression is evaluated at every instant whose seconds since 1970 are a multiple of this.
    - ``lag_seconds``: how long after such an instant its samples are taken to be complete.
    - ``record``: the name that all series of the result get; empty: the series keep their names.
    - ``labels``: labels that all series of the result get, instead of their own labels with the same names.
    """

    expression: str
    step_seconds: int = 60
    lag_seconds: int = 60
    record: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
