"""Error budgets according to the stored figures of a window."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from slm_events.aggregations import MEMBERS, STATES
from slm_monitor.domain.terms.objectives import AT_MOST
from slm_monitor.domain.terms.terms import FigureTarget


class KeptBudget(NamedTuple):
    """The budget of a window and the part that is spent, both in ``unit``."""

    unit: str
    budget: Fraction
    spent: Fraction


def find_budget_of_time(terms: FigureTarget, good: int, total: int, detail: Mapping[str, Any]) -> KeptBudget | None:
    """Return the budget of a share of time; None if it is not known."""
    if "budget" in detail:
        return KeptBudget("microseconds", Fraction(detail["budget"]), Fraction(total - good))
    if terms.kind.source == STATES:
        # A rolling window ends now, so no time lies ahead: its budget is a share of the time that counts in it.
        return KeptBudget("microseconds", terms.promise.allowed * total, Fraction(total - good))
    return None


def find_budget_of_events(terms: FigureTarget, good: int, total: int) -> KeptBudget | None:
    """Return the budget of a target whose figure is a share of events, or a number that ``at_most`` limits.

    None for any other target, because its figure has no budget.
    """
    promised = terms.promise
    if terms.kind.is_share:
        return KeptBudget("events", promised.allowed * total, Fraction(promised.bad(good, total)))
    if terms.kind.is_number and promised.comparison == AT_MOST:
        return KeptBudget("occurrences", promised.value, Fraction(total))
    return None


def is_of_time(terms: FigureTarget) -> bool:
    """Return whether the figure can be a share of time: always true for availability, sometimes for a composite."""
    return terms.kind.is_share and terms.kind.source in (STATES, MEMBERS)
