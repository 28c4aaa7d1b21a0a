"""Rolling windows of outages: an outage counts from when it reaches the length until its start leaves the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from slm_calendar.intervals import Interval
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling.rolling_windows import (
    ActiveSpan,
    Flags,
    SumWindows,
    Windows,
    WindowValue,
    next_change,
    sum_windows,
)
from slm_monitor.domain.states.outages import Outage
from slm_monitor.domain.states.timeline import UNKNOWN, StateProvider
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import outage_evaluation


class RollingOutages:
    """The outages that begin at or after ``begins_at``, as known at ``as_of``, under the terms of one version."""

    def __init__(
        self, states: StateProvider, terms: ServiceLevelTarget, excluded: Sequence[Interval], begins_at: int, as_of: int
    ) -> None:
        self._states, self._begins_at = states, begins_at
        self._reached = outage_evaluation.reached_from(states, terms, begins_at, as_of, excluded)
        length = terms.rolling_microseconds
        self._things = [
            ActiveSpan(max(-(-at // MINUTE), outage.start // MINUTE + 1), (outage.start + length) // MINUTE)
            for at, outage in self._reached
        ]

    def windows(self, terms: ServiceLevelTarget, first: int, last: int) -> OutageWindows:
        sums = sum_windows(terms, self._things, first, last)
        return OutageWindows(sums, self._states, self._begins_at, self._reached)

    def risks(self, terms: ServiceLevelTarget, minute: int, value: WindowValue) -> list[RiskEvaluation]:
        return []

    def next_change_at(
        self, terms: ServiceLevelTarget, minute: int, windows: Windows, value: WindowValue, stands: bool
    ) -> int | None:
        return next_change(self._things, minute)


@dataclass(frozen=True, slots=True)
class OutageWindows:
    """The windows of outages that end with each minute. A window in which the state is never known has no figure."""

    sums: SumWindows
    states: StateProvider
    begins_at: int
    reached: Sequence[tuple[int, Outage]]

    def missed(self, promised: Objective) -> Flags:
        return self.sums.missed(promised)

    def value_at(self, minute: int) -> WindowValue:
        value, terms = self.sums.value_at(minute), self.sums.terms
        end = minute * MINUTE
        start = max(self.begins_at, end - terms.rolling_microseconds)
        seen = self.states.segments(start, end) if start < end else []
        is_known = value.total or any(each.state != UNKNOWN for each in seen)
        inside = [(at, outage) for at, outage in self.reached if at <= end and start <= outage.start < end]
        assert terms.promise is not None
        return replace(
            value,
            figure=value.figure if is_known else None,
            evidence={"outages": outage_evaluation.outage_evidence(inside)},
            detail={"allowed": str(terms.promise.value)},
        )
