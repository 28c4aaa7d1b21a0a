"""Recoveries of a service: the longest recovery, the most data lost, or the share of recoveries within their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.aggregations.occurrences import OccurrenceAggregation
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.rolling.rolling_recoveries import RollingRecoverySource
from slm_monitor.domain.states.timeline import StateProvider, StateTimeline
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import recovery_evaluation
from slm_monitor.domain.windows.recovery_evaluation import MeasuredRecovery


class LongestRecovery(OccurrenceAggregation):
    """The longest recovery, in minutes. A recovery counts in the window in which it ended."""

    def measure(self, one: MeasuredRecovery, terms: FigureTarget) -> MeasuredRecovery | None:
        """Return the recovery in the form that this figure needs; None if the recovery does not count."""
        return one

    def minutes(self, one: MeasuredRecovery) -> Fraction:
        """Return the length in minutes that this figure measures: here, how long the recovery took."""
        return Fraction(one.took, MINUTE)

    def explain(self, sums: Mapping[str, Any]) -> str:
        """Return how the figure follows from the sums of the recoveries, as a line of text."""
        return "figure = the longest recovery, in minutes"

    def evaluate(
        self,
        states: StateProvider,
        terms: FigureTarget,
        span: Interval,
        as_of: UtcMicroseconds,
        excluded: Sequence[Interval],
    ) -> WindowEvaluation:
        assert isinstance(states, StateTimeline)
        return recovery_evaluation.evaluate_recoveries(self, states.recoveries, terms, span, as_of, excluded)

    def rolling(
        self,
        states: StateProvider,
        terms: FigureTarget,
        span: Interval,
        as_of: UtcMicroseconds,
        excluded: Sequence[Interval],
    ) -> RollingRecoverySource:
        assert isinstance(states, StateTimeline)
        return RollingRecoverySource(self, states.recoveries, terms, span, excluded)


class MostDataLost(LongestRecovery):
    """The most data lost in a recovery, in minutes: the length of the time whose data was lost. A recovery for which
    this length is unknown does not count.
    """

    def measure(self, one: MeasuredRecovery, terms: FigureTarget) -> MeasuredRecovery | None:
        return None if one.lost is None else one

    def minutes(self, one: MeasuredRecovery) -> Fraction:
        return Fraction(one.lost or 0, MINUTE)

    def explain(self, sums: Mapping[str, Any]) -> str:
        return "figure = the most data lost, in minutes"


class RecoveriesWithinLimits(LongestRecovery):
    """The share of recoveries that are within all limits of the target.

    If the value that a limit restricts is unknown for a recovery, the limit does not apply to this recovery. A recovery
    to which no limit applies does not count.
    """

    def check(self, terms: FigureTarget) -> None:
        recovery_evaluation.check_recovery_limits(terms)

    def measure(self, one: MeasuredRecovery, terms: FigureTarget) -> MeasuredRecovery | None:
        compared = recovery_evaluation.compare_with_limits(one, recovery_evaluation.get_recovery_limits(terms))
        return replace(one, kept=all(compared)) if compared else None

    def explain(self, sums: Mapping[str, Any]) -> str:
        return f"figure = recoveries within the limits ÷ all = {sums['within_limits']} ÷ {sums['recoveries']}"
