"""Outages of a window, and mean times of reliability (MTRS, MTBF, MTBSI)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.states.availability import StateCountingPolicy
from slm_monitor.domain.states.timeline import DOWN, StateSegment


class Outage(NamedTuple):
    """An interval ``[start, end)`` that is down throughout; ``length`` is the service time in it, in microseconds."""

    start: UtcMicroseconds
    end: UtcMicroseconds
    length: int


def find_outages(
    segments: Sequence[StateSegment], open_intervals: Sequence[Interval], policy: StateCountingPolicy
) -> list[Outage]:
    """Return the outages that include any service time. An outage that lasts through closed hours is one outage."""
    down = intervals.union((each.start, each.end) for each in segments if policy.counts_as(each.state) == DOWN)
    outages = [Outage(*pair, intervals.total_length(intervals.clip(open_intervals, *pair))) for pair in down]
    return [outage for outage in outages if outage.length]


def find_instant_of_outage_length(
    outage: Outage, open_intervals: Sequence[Interval], length: int
) -> UtcMicroseconds | None:
    """Return the instant at which an outage has lasted ``length`` microseconds of service time; None if
    it was shorter.
    """
    left = length
    for start, end in intervals.clip(open_intervals, outage.start, outage.end):
        if end - start >= left:
            return start + left
        left -= end - start
    return None


@dataclass(frozen=True, slots=True)
class ReliabilityMeanTimes:
    """Mean times in microseconds; each is None if there are too few outages for a mean. ``outages`` is the number of
    outages.
    """

    outages: int
    mtrs: Fraction | None
    """Mean time to restore service: the mean length of an outage."""
    mtbf: Fraction | None
    """Mean time between failures: from the end of an outage to the start of the next."""
    mtbsi: Fraction | None
    """Mean time between system incidents: from the start of an outage to the start of the next."""


def compute_reliability_mean_times(outages: Sequence[Outage]) -> ReliabilityMeanTimes:
    """Return the mean times of reliability over these outages, which must be in order of time."""
    pairs = list(pairwise(outages))
    return ReliabilityMeanTimes(
        len(outages),
        _mean([outage.end - outage.start for outage in outages]),
        _mean([after.start - before.end for before, after in pairs]),
        _mean([after.start - before.start for before, after in pairs]),
    )


def _mean(lengths: Sequence[int]) -> Fraction | None:
    return Fraction(sum(lengths), len(lengths)) if lengths else None
