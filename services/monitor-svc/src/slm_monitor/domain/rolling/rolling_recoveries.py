"""Rolling windows of recoveries: a recovery counts while the instant of its end lies in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slm_calendar.intervals import Interval
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling.rolling_windows import ActiveSpan, Flags, Windows, WindowValue, next_change, sum_windows
from slm_monitor.domain.states.recovery import Recovery
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import recovery_evaluation
from slm_monitor.domain.windows.recovery_evaluation import WITHIN, MeasuredRecovery


class RollingRecoveries:
    """The recoveries that end in ``span``, under the terms of one version."""

    def __init__(
        self, recoveries: Sequence[Recovery], terms: ServiceLevelTarget, span: Interval, excluded: Sequence[Interval]
    ) -> None:
        self._seen = recovery_evaluation.counted_recoveries(recoveries, terms, span, excluded)
        self._things = [_counting(each, terms) for each in self._seen]

    def windows(self, terms: ServiceLevelTarget, first: int, last: int) -> RecoveryWindows:
        return RecoveryWindows(terms, first, last, self._seen, self._things)

    def risks(self, terms: ServiceLevelTarget, minute: int, value: WindowValue) -> list[RiskEvaluation]:
        return []

    def next_change_at(
        self, terms: ServiceLevelTarget, minute: int, windows: Windows, value: WindowValue, stands: bool
    ) -> int | None:
        return next_change(self._things, minute)


def _counting(each: MeasuredRecovery, terms: ServiceLevelTarget) -> ActiveSpan:
    restored = each.recovery.restored
    return ActiveSpan(restored // MINUTE + 1, (restored + terms.rolling_microseconds) // MINUTE, each.kept)


@dataclass(frozen=True, slots=True)
class RecoveryWindows:
    """The windows that end with the minutes ``first`` to ``last``: the share of recoveries within their limits, or the
    longest recovery. A window without recoveries has no figure.
    """

    terms: ServiceLevelTarget
    first: int
    last: int
    seen: Sequence[MeasuredRecovery]
    things: Sequence[ActiveSpan]

    def missed(self, promised: Objective) -> Flags:
        if self.terms.aggregation == WITHIN:
            return sum_windows(self.terms, self.things, self.first, self.last).missed(promised)
        lengths = (recovery_evaluation.length_of(each, self.terms) for each in self.seen)
        broken = [thing for thing, length in zip(self.things, lengths, strict=True) if not promised.is_kept(length)]
        result: Flags = np.asarray(sum_windows(self.terms, broken, self.first, self.last).total > 0)
        return result

    def value_at(self, minute: int) -> WindowValue:
        inside = [
            each for each, thing in zip(self.seen, self.things, strict=True) if thing.first <= minute <= thing.last
        ]
        good = sum(each.kept for each in inside)
        evidence = {"recoveries": recovery_evaluation.recovery_evidence(inside)}
        detail = {"recoveries": len(inside), "tests": sum(each.recovery.is_test for each in inside)}
        if self.terms.aggregation == WITHIN:
            value = sum_windows(self.terms, self.things, minute, minute).value_at(minute)
            return replace(value, evidence=evidence, detail={**value.detail, **detail})
        longest = max((recovery_evaluation.length_of(each, self.terms) for each in inside), default=None)
        return WindowValue(longest, good, len(inside), evidence, detail)
