"""The values of rolling windows at each minute, in one form for all aggregations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling import missed_runs
from slm_monitor.domain.series.classifiers import Counts
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget

Flags = npt.NDArray[np.bool_]
NUMBERED = frozenset({"count", "outages"})
"""The aggregations whose figure is a number of events or outages."""


@dataclass(frozen=True, slots=True)
class WindowValue:
    """The value of one window: figure, counts, evidence and detail."""

    figure: Fraction | None
    good: int
    total: int
    evidence: dict[str, Any]
    detail: dict[str, Any] = field(default_factory=dict)


class Windows(Protocol):
    """The windows of one length that end with each minute of an interval, under the terms of one version."""

    def missed(self, promised: Objective) -> Flags:
        """Return at which of the minutes the figure misses the objective."""
        ...

    def value_at(self, minute: int) -> WindowValue: ...


class RollingSource(Protocol):
    """The source of a target's rolling windows. All data that they look back on is in memory."""

    def windows(self, terms: ServiceLevelTarget, first: int, last: int) -> Windows: ...

    def risks(self, terms: ServiceLevelTarget, minute: int, value: WindowValue) -> list[RiskEvaluation]:
        """Return the warnings that hold at a minute."""
        ...

    def next_change_at(
        self, terms: ServiceLevelTarget, minute: int, windows: Windows, value: WindowValue, stands: bool
    ) -> int | None:
        """Return the next minute at which time alone may miss the objective or open a warning; None if it cannot.

        If a breach or warning is open (``stands``), also the next minute at which time alone may end it. ``value`` is
        the value of the window that ends with ``minute``, and ``windows`` includes that window.
        """
        ...


@dataclass(frozen=True, slots=True)
class SumWindows:
    """Windows as sums: ``good[k]`` and ``total[k]`` are of the window that ends with minute ``first`` + k."""

    terms: ServiceLevelTarget
    first: int
    good: Counts
    total: Counts

    def missed(self, promised: Objective) -> Flags:
        return missed_runs.missed_minutes(self.good, self.total, promised)

    def value_at(self, minute: int) -> WindowValue:
        good, total = int(self.good[minute - self.first]), int(self.total[minute - self.first])
        figure: Fraction | None = Fraction(total)
        if self.terms.aggregation not in NUMBERED:
            figure = Fraction(good, total) if total else None
        spent = figures.percent(budget_consumed(self.terms, good, total))
        detail = {"consumed_percent": figures.exact(spent), "bad": total - good}
        return WindowValue(figure, good, total, {"good": good, "total": total}, detail)


def budget_consumed(terms: ServiceLevelTarget, good: int, total: int) -> Fraction | None:
    """Return the spent share of the budget; for a number of events, of its limit. None without a budget."""
    assert terms.promise is not None
    if terms.aggregation in NUMBERED:
        is_limit = terms.promise.comparison == "at_most" and terms.promise.value
        return Fraction(total) / terms.promise.value if is_limit else None
    return burn_rate.burn_rate_of(terms.promise.bad(good, total), total, 1 - terms.promise.allowed)


class ActiveSpan(NamedTuple):
    """Something that counts in the windows that end with the minutes ``first`` to ``last``, inclusive."""

    first: int
    last: int
    is_good: bool = True


def sum_windows(terms: ServiceLevelTarget, things: Iterable[ActiveSpan], first: int, last: int) -> SumWindows:
    """Return the windows that end with the minutes ``first`` to ``last``, as sums of the spans that count in them."""
    steps = np.zeros((2, last - first + 2), dtype=np.int64)
    for each in things:
        begins, ends = max(each.first, first), min(each.last, last)
        if begins <= ends:
            for row in (0, 1) if each.is_good else (1,):
                steps[row, begins - first] += 1
                steps[row, ends + 1 - first] -= 1
    good, total = np.cumsum(steps, axis=1)[:, :-1]
    return SumWindows(terms, first, good, total)


def next_change(things: Iterable[ActiveSpan], minute: int) -> int | None:
    """Return the next minute at which one of the spans begins or ends; None if none does."""
    edges = (edge for each in things if each.first <= each.last for edge in (each.first, each.last + 1))
    return min((edge for edge in edges if edge > minute), default=None)


def budget_warnings(terms: ServiceLevelTarget, spent: Fraction | None, at: int) -> list[RiskEvaluation]:
    """Return the warnings of the budget shares that are spent, or below by less than a tenth."""
    return evaluation.budget_risks(terms.warn_at.budget_consumed, spent, at, spent)


@dataclass(frozen=True, slots=True)
class PartlyClassified:
    """Windows of which some minutes have unclassified values. A window that contains such a minute has no figure."""

    windows: Windows
    first: int
    length: int
    unclassified: Sequence[int]
    reason: str

    def missed(self, promised: Objective) -> Flags:
        flags = self.windows.missed(promised).copy()
        for minute in self.unclassified:
            flags[max(0, minute - self.first) : max(0, minute - self.first + self.length)] = False
        return flags

    def value_at(self, minute: int) -> WindowValue:
        if any(minute - self.length < each <= minute for each in self.unclassified):
            return WindowValue(None, 0, 0, {}, {"reason": self.reason})
        return self.windows.value_at(minute)
