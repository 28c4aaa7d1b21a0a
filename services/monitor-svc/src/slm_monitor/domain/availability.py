"""Availability of a window: time up ÷ (up + down) in service hours, its error budget, and the instant of certainty."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_monitor.domain import timeline
from slm_monitor.domain.timeline import Segment

_UP, _DOWN, _REMOVED = "up", "down", "removed"
_LATEST = 20
"""Stretches of downtime that are kept as evidence."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How states count: ``unknown`` is removed | up | down; ``degraded`` likewise, or the share of it that counts as
    up: ``1/2``."""

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
        """The share of degraded time that counts as up; None where all of it counts in one way."""
        return None if self.degraded in (_UP, _DOWN, _REMOVED) else Fraction(self.degraded)


@dataclass(frozen=True, slots=True)
class AvailabilityFigure:
    """What one window came to by an instant; lengths in microseconds.

    ``budget`` = (1 − objective) × (service time of the window − time removed so far). ``exhausted_at``: the first
    whole microsecond from which, the last known state lasting, more than the budget is consumed; it may lie ahead.
    ``reached_at``: per warning share of the budget, when it is consumed, likewise.
    """

    service_time: int
    up: int | Fraction
    down: int | Fraction
    removed: int
    unknown: int
    budget: Fraction
    exhausted_at: int | None
    reached_at: tuple[tuple[Fraction, int], ...]

    @property
    def figure(self) -> Fraction | None:
        """Share of the time that counts; None where no time counts."""
        return Fraction(self.up) / (self.up + self.down) if self.up + self.down else None

    @property
    def consumed(self) -> Fraction | None:
        """Share of the budget consumed, above 1 when it is overdrawn; None where there is no budget."""
        return Fraction(self.down) / self.budget if self.budget > 0 else None


class Crossing:
    """Where consumption exceeds ``share`` of the budget that ``objective`` leaves, exactly.

    In units of 1/(d·q·e) µs, with objective n/d, share p/q and weight m/e, the balance is d·q·e·down − p·(d − n)·e·
    (service − removed): down time moves it by d·q·e, removed time by p·(d − n)·e, up time not at all. It is exceeded
    where it passes above zero, and never comes back.
    """

    def __init__(self, objective: Fraction, service_time: int, share: Fraction, weight: Fraction | None = None) -> None:
        self.objective, self.share = objective, share
        self.at: int | None = None
        self.figure: Fraction | None = None
        """The figure at that instant."""
        self.downs: tuple[tuple[int, int], ...] = ()
        """The last stretches of downtime before it."""
        unit = 1 if weight is None else weight.denominator
        allowed = share.numerator * (objective.denominator - objective.numerator) * unit
        spent = objective.denominator * share.denominator * unit
        self._slopes = {_UP: 0, _DOWN: spent, _REMOVED: allowed}
        if weight is not None:
            self._slopes[str(weight)] = int(spent * (1 - weight))
        self._balance = -allowed * service_time

    def copied(self) -> Crossing:
        twin = Crossing.__new__(Crossing)
        twin.__dict__.update(self.__dict__)
        return twin

    def advance(self, start: int, end: int, counts: str) -> bool:
        """Whether it is here that the budget is exceeded."""
        slope = self._slopes[counts]
        after = self._balance + slope * (end - start)
        exceeded = after > 0 and self.at is None
        if exceeded:
            self.at = start + -(self._balance // slope)
        self._balance = after
        return exceeded


class Meter:
    """The time of a window as it passes, in order: what was spent, and which crossings were passed.

    A copy goes on by itself: kept at an instant, it spares to measure what lies before it again.
    """

    def __init__(self, policy: Policy, crossings: Sequence[Crossing]) -> None:
        self.policy = policy
        self._weight = policy.weight
        self.crossings = list(crossings)
        self.spent = {_UP: 0, _DOWN: 0, _REMOVED: 0} | ({} if self._weight is None else {str(self._weight): 0})
        self.unknown = 0
        self.downs: deque[tuple[int, int]] = deque(maxlen=_LATEST)

    def copied(self) -> Meter:
        twin = Meter.__new__(Meter)
        twin.__dict__.update(self.__dict__)
        twin.crossings = [each.copied() for each in self.crossings]
        twin.spent = dict(self.spent)
        twin.downs = deque(self.downs, _LATEST)
        return twin

    def advance(self, piece: Segment) -> None:
        """A stretch of service time in one state."""
        start, end, state = piece
        counts = self.policy.counts_as(state)
        for crossing in self.crossings:
            if crossing.advance(start, end, counts):
                assert crossing.at is not None
                up, down = self._sums(counts, crossing.at - start)
                crossing.figure = Fraction(up) / (up + down) if up + down else None
                crossing.downs = self._latest(start, crossing.at, counts)
        self.spent[counts] += end - start
        if state == timeline.UNKNOWN:
            self.unknown += end - start
        if counts == _DOWN or counts not in (_UP, _REMOVED):
            latest = self._latest(start, end, counts)
            self.downs.clear()
            self.downs.extend(latest)

    def _latest(self, start: int, end: int, counts: str) -> tuple[tuple[int, int], ...]:
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

    def seen(self, service_time: int, objective: Fraction, passed: Meter) -> AvailabilityFigure:
        """The figure of what has passed so far, with the crossings of ``passed``, which has gone on to the end."""
        ahead = [each for each in passed.crossings if each.objective == objective]
        return AvailabilityFigure(
            service_time=service_time,
            up=self.up,
            down=self.down,
            removed=self.removed,
            unknown=self.unknown,
            budget=(1 - objective) * (service_time - self.removed),
            exhausted_at=next((each.at for each in ahead if each.share == 1), None),
            reached_at=tuple((each.share, each.at) for each in ahead[1:] if each.at is not None),
        )


def measure(
    segments: Sequence[Segment],
    open_intervals: Sequence[tuple[int, int]],
    as_of: int,
    objective: Fraction,
    policy: Policy,
    warn_at: Sequence[Fraction] = (),
) -> AvailabilityFigure:
    """Judge the segments of a whole window (the last state lasting to its end) as known at ``as_of``."""
    service_time = sum(end - start for start, end in open_intervals)
    shares = (Fraction(1), *warn_at)
    meter = Meter(policy, [Crossing(objective, service_time, share, policy.weight) for share in shares])
    passed = run(meter, segments, open_intervals, as_of)
    return meter.seen(service_time, objective, passed)


def run(meter: Meter, segments: Sequence[Segment], open_intervals: Sequence[tuple[int, int]], as_of: int) -> Meter:
    """Let the meter pass everything up to ``as_of``; returns another one that has gone on to the end."""
    ahead: list[Segment] = []
    for piece in inside(segments, open_intervals):
        if piece.start >= as_of:
            ahead.append(piece)
        elif piece.end <= as_of:
            meter.advance(piece)
        else:
            meter.advance(piece._replace(end=as_of))
            ahead.append(piece._replace(start=as_of))
    passed = meter.copied()
    for piece in ahead:
        passed.advance(piece)
    return passed


def inside(segments: Sequence[Segment], open_intervals: Sequence[tuple[int, int]]) -> Iterator[Segment]:
    """The parts of the segments inside service hours; both sorted."""
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
                yield Segment(max(segment.start, start), min(segment.end, end), segment.state)
            ahead += 1
