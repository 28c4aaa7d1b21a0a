"""The values of rolling windows at each minute, in the same form for all aggregations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling import missed_runs
from slm_monitor.domain.series.classifiers import Counts
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import FigureTarget

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RollingWindowValue:
    """The value of one rolling window: its figure, good and total counts, evidence and detail."""

    figure: Fraction | None
    good: int
    total: int
    evidence: dict[str, Any]
    detail: dict[str, Any] = field(default_factory=dict)


class RollingWindows(Protocol):
    """Rolling windows of one target that end with consecutive minutes. One version of the terms applies to all."""

    def missed(self, promised: Objective) -> Flags:
        """Return a mask of the minutes: True where the window that ends with the minute misses the objective."""
        ...

    def value_at(self, minute: int) -> RollingWindowValue: ...


class RollingWindowSource(Protocol):
    """Gives the rolling windows of one target, computed from the data that it holds. Minutes are numbered since 1970.

    The caller must have loaded all data that the windows look back to.
    """

    def windows(self, terms: FigureTarget, first: int, last: int) -> RollingWindows: ...

    def risks(self, terms: FigureTarget, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        """Return the warnings that hold at a minute."""
        ...

    def next_change_at(
        self, terms: FigureTarget, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        """Return the next minute at which the result may change without new facts; None if there is none.

        These changes count:

        * The objective may be missed, or a warning may open.
        * An open breach or warning may end. ``stands`` says whether a breach or warning is open.

        ``value`` is the value of the window that ends with ``minute``, and ``windows`` includes that window.
        """
        ...


@dataclass(frozen=True, slots=True)
class RollingSumWindows:
    """Rolling windows as sums: ``good[k]`` and ``total[k]`` belong to the window that ends with
    minute ``first`` + k.
    """

    terms: FigureTarget
    first: int
    good: Counts
    total: Counts

    def missed(self, promised: Objective) -> Flags:
        return missed_runs.find_missed_minutes(self.good, self.total, promised)

    def value_at(self, minute: int) -> RollingWindowValue:
        good, total = int(self.good[minute - self.first]), int(self.total[minute - self.first])
        figure: Fraction | None = Fraction(total)
        if not self.terms.kind.is_number:
            figure = Fraction(good, total) if total else None
        spent = figures.convert_share_to_percent(compute_budget_consumed_share(self.terms, good, total))
        detail = {"consumed_percent": figures.format_exact_fraction(spent), "bad": total - good}
        return RollingWindowValue(figure, good, total, {"good": good, "total": total}, detail)


def compute_budget_consumed_share(terms: FigureTarget, good: int, total: int) -> Fraction | None:
    """Return the spent share of the error budget; None if the target has no budget.

    For a target that limits the number of events or outages, the limit is the budget.
    """
    if terms.kind.is_number:
        is_limit = terms.promise.comparison == "at_most" and terms.promise.value
        return Fraction(total) / terms.promise.value if is_limit else None
    return burn_rate.compute_burn_rate(terms.promise.bad(good, total), total, 1 - terms.promise.allowed)


class SpanCountedInWindows(NamedTuple):
    """A thing, such as an outage, with the windows in which it counts: those that end with the minutes ``first`` to
    ``last``, inclusive.
    """

    first: int
    last: int
    is_good: bool = True


def sum_spans_into_windows(
    terms: FigureTarget, things: Iterable[SpanCountedInWindows], first: int, last: int
) -> RollingSumWindows:
    """Return the windows that end with the minutes ``first`` to ``last``, with the number of things
    that count in each.
    """
    steps = np.zeros((2, last - first + 2), dtype=np.int64)
    for each in things:
        begins, ends = max(each.first, first), min(each.last, last)
        if begins <= ends:
            for row in (0, 1) if each.is_good else (1,):
                steps[row, begins - first] += 1
                steps[row, ends + 1 - first] -= 1
    good, total = np.cumsum(steps, axis=1)[:, :-1]
    return RollingSumWindows(terms, first, good, total)


def find_next_span_boundary(things: Iterable[SpanCountedInWindows], minute: int) -> int | None:
    """Return the next minute after ``minute`` at which a thing begins to count or no longer counts; None if there is
    none.
    """
    edges = (edge for each in things if each.first <= each.last for edge in (each.first, each.last + 1))
    return min((edge for edge in edges if edge > minute), default=None)


def evaluate_rolling_budget_risks(
    terms: FigureTarget, spent: Fraction | None, at: UtcMicroseconds
) -> list[RiskEvaluation]:
    """Return a warning for each threshold in the terms that the spent share of the budget has reached.

    If ``spent`` lies below a threshold but reaches nine tenths of the threshold, the returned warning only keeps an
    open warning open.
    """
    return evaluation.evaluate_budget_risks(terms.warn_at.budget_consumed, spent, at, spent)


@dataclass(frozen=True, slots=True)
class PartlyClassifiedWindows:
    """Rolling windows, some of which contain minutes with unclassified values. Such a window has no figure."""

    windows: RollingWindows
    first: int
    length: int
    unclassified: Sequence[int]
    reason: str

    def missed(self, promised: Objective) -> Flags:
        flags = self.windows.missed(promised).copy()
        for minute in self.unclassified:
            flags[max(0, minute - self.first) : max(0, minute - self.first + self.length)] = False
        return flags

    def value_at(self, minute: int) -> RollingWindowValue:
        if any(minute - self.length < each <= minute for each in self.unclassified):
            return RollingWindowValue(None, 0, 0, {}, {"reason": self.reason})
        return self.windows.value_at(minute)
