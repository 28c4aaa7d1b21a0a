"""Availability of a window: time up ÷ (up + down) in service hours, its error budget, and the instant of certainty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_monitor.domain import timeline
from slm_monitor.domain.timeline import Segment

_UP, _DOWN, _REMOVED = "up", "down", "removed"


@dataclass(frozen=True, slots=True)
class Policy:
    """How states count: ``unknown`` is removed | up | down, ``degraded`` is up | down | removed."""

    unknown: str = "removed"
    degraded: str = "up"

    def counts_as(self, state: str) -> str:
        if state == timeline.UNKNOWN:
            return self.unknown
        if state == timeline.DEGRADED:
            return self.degraded
        return state


@dataclass(frozen=True, slots=True)
class AvailabilityFigure:
    """What one window came to by an instant; lengths in microseconds.

    ``budget`` = (1 − objective) × (service time of the window − time removed so far). ``exhausted_at``: the first
    whole microsecond from which, the last known state lasting, more than the budget is consumed; it may lie ahead.
    ``reached_at``: per warning share of the budget, when it is consumed, likewise.
    """

    service_time: int
    up: int
    down: int
    removed: int
    unknown: int
    budget: Fraction
    exhausted_at: int | None
    reached_at: tuple[tuple[Fraction, int], ...]

    @property
    def figure(self) -> Fraction | None:
        """Share of the time that counts; None where no time counts."""
        return Fraction(self.up, self.up + self.down) if self.up + self.down else None

    @property
    def consumed(self) -> Fraction | None:
        """Share of the budget consumed, above 1 when it is overdrawn; None where there is no budget."""
        return Fraction(self.down) / self.budget if self.budget > 0 else None


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
    spent = {_UP: 0, _DOWN: 0, _REMOVED: 0}
    unknown = 0
    budget = _Crossing(objective, service_time, Fraction(1))
    warnings = [_Crossing(objective, service_time, share) for share in warn_at]
    for piece in _inside(segments, open_intervals):
        counts = policy.counts_as(piece.state)
        known = max(0, min(piece.end, as_of) - piece.start)
        spent[counts] += known
        unknown += known if piece.state == timeline.UNKNOWN else 0
        for crossing in (budget, *warnings):
            crossing.advance(piece.start, piece.end, counts)
    return AvailabilityFigure(
        service_time=service_time,
        up=spent[_UP],
        down=spent[_DOWN],
        removed=spent[_REMOVED],
        unknown=unknown,
        budget=(1 - objective) * (service_time - spent[_REMOVED]),
        exhausted_at=budget.at,
        reached_at=tuple((crossing.share, crossing.at) for crossing in warnings if crossing.at is not None),
    )


def _inside(segments: Sequence[Segment], open_intervals: Sequence[tuple[int, int]]) -> Iterator[Segment]:
    """The parts of the segments inside service hours; both sorted."""
    position = 0
    for start, end in open_intervals:
        while position < len(segments) and segments[position].end <= start:
            position += 1
        ahead = position
        while ahead < len(segments) and segments[ahead].start < end:
            segment = segments[ahead]
            yield Segment(max(segment.start, start), min(segment.end, end), segment.state)
            ahead += 1


class _Crossing:
    """Where consumption exceeds ``share`` of the budget, exactly.

    In units of 1/(d·q) µs, with objective n/d and share p/q, the balance is d·q·down − p·(d − n)·(service − removed):
    down time moves it by d·q, removed time by p·(d − n), up time not at all. It is exceeded where it passes above zero.
    """

    def __init__(self, objective: Fraction, service_time: int, share: Fraction) -> None:
        self.share = share
        self.at: int | None = None
        allowed = share.numerator * (objective.denominator - objective.numerator)
        self._slopes = {_UP: 0, _DOWN: objective.denominator * share.denominator, _REMOVED: allowed}
        self._balance = -allowed * service_time

    def advance(self, start: int, end: int, counts: str) -> None:
        if self.at is not None:
            return
        slope = self._slopes[counts]
        after = self._balance + slope * (end - start)
        if after > 0:
            self.at = start + -(self._balance // slope)
        self._balance = after
