"""Minutes of an indicator as a target counts them, and how fast its budget burns by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from slm_calendar.intervals import Interval
from slm_monitor.domain import burn_rate, measures
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import RiskFinding
from slm_monitor.domain.measures import Counts, Measure
from slm_monitor.domain.terms import ServiceLevelTarget


class Sums(Protocol):
    """What has sums by the minute."""

    def minutes(self, measure: Measure, first: int, last: int) -> tuple[Counts, Counts]: ...


@dataclass(frozen=True, slots=True)
class Counted:
    """The minutes of ``sums`` by these terms; ``excluded``: minutes ``[first, after the last)``, sorted, disjoint."""

    sums: Sums
    terms: ServiceLevelTarget
    excluded: Sequence[Interval] = ()

    def minutes(self, first: int, last: int, begins_at: int | None = None) -> tuple[Counts, Counts]:
        """(good, total) of each minute, inclusive; what is outside service hours, excluded or before the term's
        ``begins_at`` counts as empty. A minute belongs to them by its start."""
        good, total = self.sums.minutes(measures.of(self.terms), first, last)
        hours = self.terms.hours
        is_cut = begins_at is not None and begins_at > first * MINUTE
        if hours.always_open and not self.excluded and not is_cut:
            return good, total
        good, total = good.copy(), total.copy()
        if is_cut:
            assert begins_at is not None
            before = min(-(-begins_at // MINUTE) - first, len(total))
            good[:before] = total[:before] = 0
        if not hours.always_open:
            served = np.zeros(len(total), dtype=np.bool_)
            for start, end in hours.intervals(first * MINUTE, (last + 1) * MINUTE):
                served[-(-start // MINUTE) - first : -(-end // MINUTE) - first] = True
            good[~served] = total[~served] = 0
        for start, after in self.excluded:
            cut = slice(max(0, start - first), max(0, after - first))
            if self.terms.planned_downtime == "excused":
                good[cut] = total[cut]
            else:
                good[cut] = total[cut] = 0
        return good, total


class Burning:
    """The burn rate pairs of a target at the minute its windows end with; the minutes are read once for all of them."""

    def __init__(self, counted: Counted, begins_at: int, minute: int) -> None:
        self._terms, self._minute = counted.terms, minute
        self._good = self._total = np.zeros(1, dtype=np.int64)
        if counted.terms.warn_at.pairs:
            longest = max(max(pair.long, pair.short) for pair in counted.terms.warn_at.pairs) // MINUTE
            good, total = counted.minutes(minute - longest + 1, minute, begins_at)
            self._good = np.concatenate((self._good, np.cumsum(good)))
            self._total = np.concatenate((self._total, np.cumsum(total)))

    def _counts(self, length: int) -> tuple[int, int]:
        """(bad, all) events of the window of so many microseconds."""
        promised, first = self._terms.promise, len(self._total) - 1 - length // MINUTE
        assert promised is not None
        total = int(self._total[-1] - self._total[first])
        return promised.bad(int(self._good[-1] - self._good[first]), total), total

    def found(self) -> list[RiskFinding]:
        """The pairs of which both windows are strictly above the factor."""
        found = []
        for pair in self._terms.warn_at.pairs:
            if self._rate(pair.short) <= pair.factor:
                continue
            rate = self._rate(pair.long)
            if rate > pair.factor and self._counts(pair.long)[1] >= self._terms.warn_at.min_events:
                found.append(RiskFinding("burn_rate", pair.name, self._minute * MINUTE, None, rate, None))
        return found

    def _rate(self, length: int) -> Fraction:
        assert self._terms.promise is not None
        return burn_rate.of(*self._counts(length), 1 - self._terms.promise.allowed)

    def may_rise_at(self) -> int | None:
        """The first minute at which, by time alone, a pair may begin to warn; None where none can.

        Time alone takes minutes out of a window: its bad events get fewer, so a rate is at most that of all of them
        over what events are left.
        """
        found = []
        for pair in self._terms.warn_at.pairs:
            steps = [self._steps(length, pair.factor) for length in (pair.short, pair.long)]
            if None not in steps:
                found.append(max(step for step in steps if step is not None))
        return self._minute + max(1, min(found)) if found else None

    def _steps(self, length: int, factor: Fraction) -> int | None:
        assert self._terms.promise is not None
        bad, total = self._counts(length)
        if not bad:
            return None
        first = len(self._total) - 1 - length // MINUTE
        left = self._total[first + 1 :] - self._total[first]
        return leaves_at(left, total, bad, self._terms.promise.allowed * factor)


def leaves_at(left: Counts, total: int, bad: int, share: Fraction) -> int:
    """After how many minutes so much has left a window of ``total`` events that ``bad`` are more than ``share`` of the
    rest: total − those left < bad ÷ share. ``left``: how many have left with each of its minutes, summed up."""
    if not share:
        return 0
    least = total - -(-bad // share) + 1
    return 0 if least <= 0 else int(np.searchsorted(left, least)) + 1
