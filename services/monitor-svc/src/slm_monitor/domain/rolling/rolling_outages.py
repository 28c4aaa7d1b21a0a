"""Rolling windows of outages: an outage counts from the instant at which it is long enough, until its start leaves the
window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling.rolling_windows import (
    Flags,
    RollingSumWindows,
    RollingWindows,
    RollingWindowValue,
    SpanCountedInWindows,
    find_next_span_boundary,
    sum_spans_into_windows,
)
from slm_monitor.domain.states.outages import Outage
from slm_monitor.domain.states.timeline import UNKNOWN, StateProvider
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import outage_evaluation


class RollingOutageSource:
    """Computes the rolling windows of a target that limits outages, under the terms of one version of the agreement.

    It counts the outages that begin at or after ``begins_at``, and uses only facts up to ``as_of``.
    """

    def __init__(
        self,
        states: StateProvider,
        terms: FigureTarget,
        excluded: Sequence[Interval],
        begins_at: UtcMicroseconds,
        as_of: UtcMicroseconds,
    ) -> None:
        self._states, self._begins_at = states, begins_at
        self._reached = outage_evaluation.find_outages_reaching_length(states, terms, begins_at, as_of, excluded)
        length = terms.rolling_microseconds
        self._things = [
            SpanCountedInWindows(max(-(-at // MINUTE), outage.start // MINUTE + 1), (outage.start + length) // MINUTE)
            for at, outage in self._reached
        ]

    def windows(self, terms: FigureTarget, first: int, last: int) -> RollingOutageWindows:
        sums = sum_spans_into_windows(terms, self._things, first, last)
        return RollingOutageWindows(sums, self._states, self._begins_at, self._reached)

    def risks(self, terms: FigureTarget, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        return []

    def next_change_at(
        self, terms: FigureTarget, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        return find_next_span_boundary(self._things, minute)


@dataclass(frozen=True, slots=True)
class RollingOutageWindows:
    """The rolling windows of outages; one window ends at each minute. A window in which the state is never known has no
    figure.
    """

    sums: RollingSumWindows
    states: StateProvider
    begins_at: UtcMicroseconds
    reached: Sequence[tuple[int, Outage]]

    def missed(self, promised: Objective) -> Flags:
        return self.sums.missed(promised)

    def value_at(self, minute: int) -> RollingWindowValue:
        value, terms = self.sums.value_at(minute), self.sums.terms
        end = minute * MINUTE
        start = max(self.begins_at, end - terms.rolling_microseconds)
        seen = self.states.segments(start, end) if start < end else []
        is_known = value.total or any(each.state != UNKNOWN for each in seen)
        inside = [(at, outage) for at, outage in self.reached if at <= end and start <= outage.start < end]
        return replace(
            value,
            figure=value.figure if is_known else None,
            evidence={"outages": outage_evaluation.build_outage_evidence(inside)},
            detail={"allowed": str(terms.promise.value)},
        )
