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


def burning(counted: Counted, begins_at: int, minute: int) -> list[RiskFinding]:
    """The burn rate pairs of which both windows, ending with ``minute``, are strictly above the factor."""
    found = []
    for pair in counted.terms.warn_at.pairs:
        # The short window first: it is soon summed, and without it the long one cannot warn.
        if _burn(counted, begins_at, minute, pair.short)[0] <= pair.factor:
            continue
        rate, events = _burn(counted, begins_at, minute, pair.long)
        if rate > pair.factor and events >= counted.terms.warn_at.min_events:
            found.append(RiskFinding("burn_rate", pair.name, minute * MINUTE, None, rate, None))
    return found


def _burn(counted: Counted, begins_at: int, minute: int, length: int) -> tuple[Fraction, int]:
    promised = counted.terms.promise
    assert promised is not None
    good, total = counted.minutes(minute - length // MINUTE + 1, minute, begins_at)
    number = int(total.sum())
    return burn_rate.of(promised.bad(int(good.sum()), number), number, 1 - promised.allowed), number


def burns_at(counted: Counted, begins_at: int, minute: int) -> int | None:
    """The first minute at which, by time alone, a pair may begin to warn; None where none can.

    Time alone takes minutes out of a window: its bad events get fewer, so a rate is at most that of all of them over
    what events are left.
    """
    found = []
    for pair in counted.terms.warn_at.pairs:
        steps = [_steps(counted, begins_at, minute, length, pair.factor) for length in (pair.short, pair.long)]
        if None not in steps:
            found.append(max(step for step in steps if step is not None))
    return minute + max(1, min(found)) if found else None


def _steps(counted: Counted, begins_at: int, minute: int, length: int, factor: Fraction) -> int | None:
    promised = counted.terms.promise
    assert promised is not None
    good, total = counted.minutes(minute - length // MINUTE + 1, minute, begins_at)
    bad = promised.bad(int(good.sum()), int(total.sum()))
    return leaves_at(total, bad, promised.allowed * factor) if bad else None


def leaves_at(total: Counts, bad: int, share: Fraction) -> int:
    """After how many minutes the first of a window's minutes have left so that ``bad`` are more than ``share`` of the
    rest: total − those left < bad ÷ share."""
    if not share:
        return 0
    least = int(total.sum()) - -(-bad // share) + 1
    return 0 if least <= 0 else int(np.searchsorted(np.cumsum(total), least)) + 1
