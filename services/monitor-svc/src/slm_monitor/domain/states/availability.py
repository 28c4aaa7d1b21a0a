"""Availability of a window: time up ÷ (up + down) in service hours, its error budget, and the instant from which a miss
is certain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.states import timeline
from slm_monitor.domain.states.timeline import StateSegment

_UP, _DOWN, _REMOVED = "up", "down", "removed"
IGNORED, PENDING = "ignored", "pending"
"""The labels of downtime that counts as up: for ever, because its outage was too short, or until its outage is long
enough to count. The module ``short_outages`` sets them.
"""
_LATEST = 20
"""How many of the latest intervals of downtime are kept as evidence of a breach."""


@dataclass(frozen=True, slots=True)
class StateCountingPolicy:
    """The way in which unknown and degraded time is counted under a target's terms.

    ``unknown`` is removed | up | down. ``degraded`` is removed | up | down, or the share of degraded time that counts
    as up, such as ``1/2``.
    """

    unknown: str = "removed"
    degraded: str = "up"

    def counts_as(self, state: str) -> str:
        if state == timeline.UNKNOWN:
            return self.unknown
        if state == timeline.DEGRADED:
            return self.degraded
        return state

    @property
    def weight(self) -> Fraction | None:
        """The share of degraded time that counts as up; None if degraded time counts wholly as up, down or removed."""
        return None if self.degraded in (_UP, _DOWN, _REMOVED) else Fraction(self.degraded)


class BudgetCrossing:
    """Finds the instant at which downtime exceeds a share of the error budget, computed in integers.

    Let the objective be n/d, ``share`` p/q and the weight of degraded time m/e. The balance, in units of 1/(d·q·e) µs,
    is d·q·e·down − p·(d − n)·e·(service − removed). A microsecond of downtime raises the balance by d·q·e. A
    microsecond of removed time raises it by p·(d − n)·e. Uptime does not change it, and nothing lowers it. The share is
    exceeded when the balance rises above zero.
    """

    def __init__(self, objective: Fraction, service_time: int, share: Fraction, weight: Fraction | None = None) -> None:
        self.objective = objective
        self.share = share
        self.at: UtcMicroseconds | None = None
        self.figure: Fraction | None = None
        """The figure at the instant of the crossing. If this figure still equals the objective, the figure, downtime
        and removed time of one microsecond later are used.
        """
        self.downs: tuple[tuple[int, int], ...] = ()
        """The latest intervals of downtime before the crossing."""
        self.removed = 0
        """The microseconds of removed time before the crossing."""
        unit = 1 if weight is None else weight.denominator
        allowed = share.numerator * (objective.denominator - objective.numerator) * unit
        spent = objective.denominator * share.denominator * unit
        self._slopes = {_UP: 0, _DOWN: spent, _REMOVED: allowed}
        if weight is not None:
            self._slopes[str(weight)] = int(spent * (1 - weight))
        self._balance = -allowed * service_time

    def copied(self) -> BudgetCrossing:
        twin = BudgetCrossing.__new__(BudgetCrossing)
        twin.__dict__.update(self.__dict__)
        return twin

    def advance(self, start: UtcMicroseconds, end: UtcMicroseconds, counts: str) -> bool:
        """Add an interval of service time that counts as ``counts`` (up, down, removed, or the weight of degraded
        time).

        Return True if the share of the budget is first exceeded within this interval.
        """
        slope = self._slopes[counts]
        after = self._balance + slope * (end - start)
        exceeded = after > 0 and self.at is None
        if exceeded:
            self.at = start + -(self._balance // slope)
        self._balance = after
        return exceeded

    def step(self, at: UtcMicroseconds, down: int) -> bool:
        """Add microseconds of downtime that all begin to count at the instant ``at``.

        Return True if the share of the budget is first exceeded by them.
        """
        self._balance += self._slopes[_DOWN] * down
        exceeded = self._balance > 0 and self.at is None
        if exceeded:
            self.at = at
        return exceeded


class ServiceTimeMeter:
    """Measures the service time of a window in order of time: how much of it was up, down and removed, and which shares
    of the budget were exceeded.

    The caller can keep a copy of the meter. Later it continues with this copy, and need not measure earlier time again.
    """

    def __init__(self, policy: StateCountingPolicy, crossings: Sequence[BudgetCrossing]) -> None:
        self.policy = policy
        self._weight = policy.weight
        self.crossings = list(crossings)
        self.spent = {_UP: 0, _DOWN: 0, _REMOVED: 0} | ({} if self._weight is None else {str(self._weight): 0})
        self.unknown = 0
        self.ignored = 0
        """The microseconds of downtime that do not count, because their outages are too short so far."""
        self._pending: list[tuple[int, int]] = []
        self.downs: deque[tuple[int, int]] = deque(maxlen=_LATEST)

    def copied(self) -> ServiceTimeMeter:
        twin = ServiceTimeMeter.__new__(ServiceTimeMeter)
        twin.__dict__.update(self.__dict__)
        twin.crossings = [each.copied() for each in self.crossings]
        twin.spent = dict(self.spent)
        twin.downs = deque(self.downs, _LATEST)
        twin._pending = list(self._pending)
        return twin

    def advance(self, piece: StateSegment) -> None:
        """Add an interval of service time in one state."""
        start, end, state = piece
        counts = _UP if state in (IGNORED, PENDING) else self.policy.counts_as(state)
        for crossing in self.crossings:
            if crossing.advance(start, end, counts):
                self._tell(crossing, start, counts)
        self.spent[counts] += end - start
        if state == timeline.UNKNOWN:
            self.unknown += end - start
        if state in (IGNORED, PENDING):
            self.ignored += end - start
        if state == PENDING:
            self._pending.append((start, end))
        if counts not in (_UP, _REMOVED):
            latest = self._latest(start, end, counts)
            self.downs.clear()
            self.downs.extend(latest)

    def reach(self, at: UtcMicroseconds) -> None:
        """Count the pending downtime from the instant ``at`` on, because its outage is long enough by then."""
        if not self._pending:
            return
        down = sum(end - start for start, end in self._pending)
        self.spent[_UP] -= down
        self.spent[_DOWN] += down
        self.ignored -= down
        for start, end in self._pending:
            latest = self._latest(start, end, _DOWN)
            self.downs.clear()
            self.downs.extend(latest)
        self._pending.clear()
        for crossing in self.crossings:
            if crossing.step(at, down):
                self._tell(crossing, at, _UP)

    def _tell(self, crossing: BudgetCrossing, start: UtcMicroseconds, counts: str) -> None:
        """Set the figure and the evidence of a crossing. ``start`` begins the interval in which the crossing lies.

        The figure and the evidence are those of the crossing's instant. If the figure still meets the objective then,
        those of one microsecond later are taken.
        """
        assert crossing.at is not None
        for passed in (crossing.at - start, crossing.at + 1 - start):
            up, down = self._sums(counts, passed)
            crossing.figure = Fraction(up) / (up + down) if up + down else None
            crossing.downs = self._latest(start, start + passed, counts)
            crossing.removed = self.removed + (passed if counts == _REMOVED else 0)
            if crossing.figure is not None and crossing.figure < crossing.objective:
                break

    def _latest(self, start: UtcMicroseconds, end: UtcMicroseconds, counts: str) -> tuple[tuple[int, int], ...]:
        if counts in (_UP, _REMOVED) or end <= start:
            return tuple(self.downs)
        if self.downs and self.downs[-1][1] == start:
            return (*list(self.downs)[:-1], (self.downs[-1][0], end))
        return (*self.downs, (start, end))

    def _sums(self, counts: str = _UP, more: int = 0) -> tuple[int | Fraction, int | Fraction]:
        spent = {**self.spent, counts: self.spent[counts] + more}
        if self._weight is None:
            return spent[_UP], spent[_DOWN]
        degraded = spent[str(self._weight)]
        return spent[_UP] + self._weight * degraded, spent[_DOWN] + (1 - self._weight) * degraded

    @property
    def up(self) -> int | Fraction:
        return self._sums()[0]

    @property
    def down(self) -> int | Fraction:
        return self._sums()[1]

    @property
    def removed(self) -> int:
        return self.spent[_REMOVED]


def clip_segments_to_service_hours(
    segments: Sequence[StateSegment], open_intervals: Sequence[tuple[int, int]]
) -> Iterator[StateSegment]:
    """Yield the parts of the segments that lie inside service hours. Segments and service hours must be sorted."""
    if not segments:
        return
    position = 0
    first = max(0, bisect_right(open_intervals, segments[0].start, key=lambda pair: pair[0]) - 1)
    for number in range(first, len(open_intervals)):
        start, end = open_intervals[number]
        while position < len(segments) and segments[position].end <= start:
            position += 1
        ahead = position
        while ahead < len(segments) and segments[ahead].start < end:
            segment = segments[ahead]
            if segment.end > start:
                yield StateSegment(max(segment.start, start), min(segment.end, end), segment.state)
            ahead += 1
