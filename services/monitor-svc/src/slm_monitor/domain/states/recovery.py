"""A recovery, or the test of one: when the outage began, when service was restored, and to when the data was."""

from __future__ import annotations

from typing import NamedTuple

from slm_monitor.domain.facts.facts import Fact

BEGAN = "outage_start"
DATA_TO = "data_restored_to"
"""The fields of a recovery in a fact's body; the fact's own instant is when service was restored."""


class Recovery(NamedTuple):
    """Sorts by the instant at which service was restored, then by the fact's key: order of arrival is no part of it.

    ``data_to``: what was written after that instant is lost; None where that is not told.
    """

    restored: int
    fact_key: str
    began: int
    data_to: int | None = None
    is_test: bool = False


def recovery_of(fact: Fact) -> Recovery | None:
    """The recovery that a fact tells of, if it does."""
    body = fact.body
    if BEGAN not in body:
        return None
    return Recovery(fact.at, fact.key, body[BEGAN], body.get(DATA_TO), bool(body.get("test")))
