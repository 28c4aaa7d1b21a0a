"""What the rolling windows of a target come to, minute by minute: one shape for all kinds of figures."""

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
"""The aggregations whose figure is a number of events."""


@dataclass(frozen=True, slots=True)
class WindowValue:
    """What a window came to."""

    figure: Fraction | None
    good: int
    total: int
    evidence: dict[str, Any]
    detail: dict[str, Any] = field(default_factory=dict)


class Windows(Protocol):
    """The windows of one length that end with each minute of a stretch, by the terms of one version."""

    def missed(self, promised: Objective) -> Flags:
        """In which of the minutes the figure misses a promise."""
        ...

    def come(self, minute: int) -> WindowValue: ...


class RollingSource(Protocol):
    """What a target's rolling windows are worked out from; all that they look back on is at hand."""

    def windows(self, terms: ServiceLevelTarget, first: int, last: int) -> Windows: ...

    def risks(self, terms: ServiceLevelTarget, minute: int, come: WindowValue) -> list[RiskEvaluation]:
        """The warnings that hold at a minute."""
        ...

    def next_change_at(
        self, terms: ServiceLevelTarget, minute: int, windows: Windows, come: WindowValue, stands: bool
    ) -> int | None:
        """The next minute at which time alone may miss the promise or have a warning hold, and where a breach or a
        warning ``stands``, end it; None where none can. ``windows``: among them the one that ends with the minute and
        came to ``come``."""
        ...


@dataclass(frozen=True, slots=True)
class SumWindows:
    """Windows by their sums of good and all: ``good[k]`` and ``total[k]`` are of the window that ends with the minute
    ``first`` + k."""

    terms: ServiceLevelTarget
    first: int
    good: Counts
    total: Counts

    def missed(self, promised: Objective) -> Flags:
        return missed_runs.missed_minutes(self.good, self.total, promised)

    def come(self, minute: int) -> WindowValue:
        good, total = int(self.good[minute - self.first]), int(self.total[minute - self.first])
        figure: Fraction | None = Fraction(total)
        if self.terms.aggregation not in NUMBERED:
            figure = Fraction(good, total) if total else None
        spent = figures.percent(budget_consumed(self.terms, good, total))
        detail = {"consumed_percent": figures.exact(spent), "bad": total - good}
        return WindowValue(figure, good, total, {"good": good, "total": total}, detail)


def budget_consumed(terms: ServiceLevelTarget, good: int, total: int) -> Fraction | None:
    """The share of the budget that the window's events have spent; of a number, of what it may come to. None where
    there is no budget."""
    assert terms.promise is not None
    if terms.aggregation in NUMBERED:
        is_limit = terms.promise.comparison == "at_most" and terms.promise.value
        return Fraction(total) / terms.promise.value if is_limit else None
    return burn_rate.burn_rate_of(terms.promise.bad(good, total), total, 1 - terms.promise.allowed)


class ActiveSpan(NamedTuple):
    """Something that counts in the windows which end with the minutes ``first`` to ``last``, inclusive."""

    first: int
    last: int
    is_good: bool = True


def sum_windows(terms: ServiceLevelTarget, things: Iterable[ActiveSpan], first: int, last: int) -> SumWindows:
    """The windows that end with the minutes ``first`` to ``last``, by the things that count in them."""
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
    """The next minute at which one of them begins or ceases to count."""
    edges = (edge for each in things if each.first <= each.last for edge in (each.first, each.last + 1))
    return min((edge for edge in edges if edge > minute), default=None)


def budget_warnings(terms: ServiceLevelTarget, spent: Fraction | None, at: int) -> list[RiskEvaluation]:
    """The thresholds of the budget that are reached, or nearly still."""
    return evaluation.budget_risks(terms.warn_at.budget_consumed, spent, at, spent)


@dataclass(frozen=True, slots=True)
class PartlyClassified:
    """Windows some minutes of which hold values that nobody can tell how to count: those windows have no figure."""

    windows: Windows
    first: int
    length: int
    untold: Sequence[int]
    reason: str

    def missed(self, promised: Objective) -> Flags:
        flags = self.windows.missed(promised).copy()
        for minute in self.untold:
            flags[max(0, minute - self.first) : max(0, minute - self.first + self.length)] = False
        return flags

    def come(self, minute: int) -> WindowValue:
        if any(minute - self.length < each <= minute for each in self.untold):
            return WindowValue(None, 0, 0, {}, {"reason": self.reason})
        return self.windows.come(minute)
