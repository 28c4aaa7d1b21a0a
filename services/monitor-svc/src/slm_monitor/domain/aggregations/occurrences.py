"""Aggregation of occurrences that follow from an indicator's states: outages and recoveries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from slm_calendar.intervals import Interval
from slm_events.aggregations import KINDS, AggregationKind
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.rolling.rolling_windows import RollingWindowSource
from slm_monitor.domain.states.timeline import StateProvider
from slm_monitor.domain.terms.terms import FigureTarget


class OccurrenceAggregation(ABC):
    """One way to compute a figure from outages or recoveries. It has no state; the terms are arguments.

    No sums are kept between evaluations, because an indicator has few such occurrences.
    """

    def __init__(self, name: str) -> None:
        self.kind: AggregationKind = KINDS[name]

    def check(self, terms: FigureTarget) -> None:
        """Raise TermsNotEvaluable if the aggregation's parameters or the objective are not valid."""
        return None

    @abstractmethod
    def evaluate(
        self,
        states: StateProvider,
        terms: FigureTarget,
        span: Interval,
        as_of: UtcMicroseconds,
        excluded: Sequence[Interval],
    ) -> WindowEvaluation:
        """Evaluate the calendar window ``span`` by the facts up to ``as_of``."""

    def find_ongoing_since(
        self, states: StateProvider, terms: FigureTarget, begins_at: UtcMicroseconds, as_of: UtcMicroseconds
    ) -> UtcMicroseconds | None:
        """Return the start of the occurrence that is in progress at ``as_of``; None if there is none.

        The occurrence may later count in the window in which it started.
        """
        return None

    @abstractmethod
    def rolling(
        self,
        states: StateProvider,
        terms: FigureTarget,
        span: Interval,
        as_of: UtcMicroseconds,
        excluded: Sequence[Interval],
    ) -> RollingWindowSource:
        """Return the source from which rolling windows are evaluated. It contains the occurrences in ``span``, by the
        facts up to ``as_of``.
        """
