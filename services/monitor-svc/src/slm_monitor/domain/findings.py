"""A pure look at one window of a target: what its figure is, whether it is breached, and what puts it at risk."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_monitor.domain import births


@dataclass(frozen=True, slots=True)
class RiskFinding:
    """A warning that holds. ``at`` may lie ahead: then a timer has to look again."""

    cause: str
    threshold: str
    at: int
    consumed: Fraction | None = None
    burn: Fraction | None = None
    projected_breach_at: int | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """A level that is missed for certain from ``at`` on, if nothing changes; it may lie ahead."""

    level: str
    at: int
    figure: Fraction | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a window came to. ``missed``: the levels of its promise that are breached, or will be.

    ``scheduled``: whether the window has any service time at all.
    """

    figure: Fraction | None
    good: int
    total: int
    met: bool
    missed: tuple[Missed, ...] = ()
    risks: tuple[RiskFinding, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    scheduled: bool = True
    again: int | None = None
    """When time alone may end a warning that holds."""

    @property
    def breached_at(self) -> int | None:
        """The instant of certainty of the promise itself."""
        return next((each.at for each in self.missed if each.level == births.OBJECTIVE), None)
