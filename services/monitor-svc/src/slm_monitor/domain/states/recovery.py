"""A recovery, or the test of one: when the outage began, when service was restored, and to which
instant the data was.
"""

from __future__ import annotations

from typing import NamedTuple

from slm_monitor.domain.facts.facts import Fact

BEGAN = "outage_start"
DATA_TO = "data_restored_to"
"""The fields of a recovery in a fact's body. Service was restored at the fact's own instant."""


class Recovery(NamedTuple):
    """One recovery; instants in microseconds. It sorts by ``restored``, then by fact key, not by order of arrival.

    Data written after ``data_to`` was lost; None if the source did not say.
    """

    restored: int
    fact_key: str
    began: int
    data_to: int | None = None
    is_test: bool = False


def recovery_of(fact: Fact) -> Recovery | None:
    """Return the recovery in a fact; None if it has none."""
    body = fact.body
    if BEGAN not in body:
        return None
    return Recovery(fact.at, fact.key, body[BEGAN], body.get(DATA_TO), bool(body.get("test")))
