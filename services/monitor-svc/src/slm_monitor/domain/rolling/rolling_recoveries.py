"""Rolling windows of a target about recoveries of a service: outages that ended, and tests of a recovery.

A recovery counts in every window that contains the instant at which service was restored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slm_calendar.intervals import Interval
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling.rolling_windows import (
    Flags,
    RollingWindows,
    RollingWindowValue,
    SpanCountedInWindows,
    find_next_span_boundary,
    sum_spans_into_windows,
)
from slm_monitor.domain.states.recovery import ServiceRecovery
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import recovery_evaluation
from slm_monitor.domain.windows.recovery_evaluation import MeasuredRecovery, RecoveryFigure


class RollingRecoverySource:
    """Gives the rolling windows of a target about recoveries of a service, by the terms of one version.

    It counts the recoveries that ended in ``span``. ``excluded``: time that is left out of the lengths of recoveries.
    """

    def __init__(
        self,
        counted: RecoveryFigure,
        recoveries: Sequence[ServiceRecovery],
        terms: FigureTarget,
        span: Interval,
        excluded: Sequence[Interval],
    ) -> None:
        self._counted = counted
        self._seen = recovery_evaluation.select_counted_recoveries(counted, recoveries, terms, span, excluded)
        self._things = [_counting(each, terms) for each in self._seen]

    def windows(self, terms: FigureTarget, first: int, last: int) -> RollingRecoveryWindows:
        return RollingRecoveryWindows(self._counted, terms, first, last, self._seen, self._things)

    def risks(self, terms: FigureTarget, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        return []

    def next_change_at(
        self, terms: FigureTarget, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        return find_next_span_boundary(self._things, minute)


def _counting(each: MeasuredRecovery, terms: FigureTarget) -> SpanCountedInWindows:
    restored = each.recovery.restored
    return SpanCountedInWindows(restored // MINUTE + 1, (restored + terms.rolling_microseconds) // MINUTE, each.kept)


@dataclass(frozen=True, slots=True)
class RollingRecoveryWindows:
    """The rolling windows that end with the minutes ``first`` to ``last``, each with the recoveries that lie in it.

    Their figure is the share of recoveries within their limits, or the longest recovery. A window without recoveries
    has no figure.
    """

    counted: RecoveryFigure
    terms: FigureTarget
    first: int
    last: int
    seen: Sequence[MeasuredRecovery]
    things: Sequence[SpanCountedInWindows]

    def missed(self, promised: Objective) -> Flags:
        if self.terms.kind.is_share:
            return sum_spans_into_windows(self.terms, self.things, self.first, self.last).missed(promised)
        lengths = (self.counted.minutes(each) for each in self.seen)
        broken = [thing for thing, length in zip(self.things, lengths, strict=True) if not promised.is_kept(length)]
        result: Flags = np.asarray(sum_spans_into_windows(self.terms, broken, self.first, self.last).total > 0)
        return result

    def value_at(self, minute: int) -> RollingWindowValue:
        inside = [
            each for each, thing in zip(self.seen, self.things, strict=True) if thing.first <= minute <= thing.last
        ]
        good = sum(each.kept for each in inside)
        evidence = {"recoveries": recovery_evaluation.build_recovery_evidence(inside)}
        detail = {"recoveries": len(inside), "tests": sum(each.recovery.is_test for each in inside)}
        if self.terms.kind.is_share:
            value = sum_spans_into_windows(self.terms, self.things, minute, minute).value_at(minute)
            return replace(value, evidence=evidence, detail={**value.detail, **detail})
        longest = max((self.counted.minutes(each) for each in inside), default=None)
        return RollingWindowValue(longest, good, len(inside), evidence, detail)
