"""Excluded time: how approved exclusions change a target's states and service hours."""

from __future__ import annotations

from collections.abc import Sequence

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_monitor.domain.states import timeline
from slm_monitor.domain.states.timeline import StateSegment
from slm_monitor.domain.terms.terms import FigureTarget


def apply_exclusions_to_states(
    segments: list[StateSegment],
    open_intervals: list[Interval],
    excluded: Sequence[Interval],
    terms: FigureTarget,
) -> tuple[list[StateSegment], list[Interval]]:
    """Return the states and the service hours to evaluate, with the exclusions applied.

    With ``planned_downtime: removed`` the exclusions are taken out of the service hours; with ``excused`` their time
    counts as up.
    """
    if not excluded:
        return segments, open_intervals
    united = intervals.union(excluded)
    if terms.planned_downtime == "excused":
        start, end = segments[0].start if segments else 0, segments[-1].end if segments else 0
        return timeline.overlay_downtime_on_segments(
            segments, intervals.clip(united, start, end), timeline.UP
        ), open_intervals
    return segments, intervals.subtract(open_intervals, united)


def measure_excluded_service_time(open_intervals: Sequence[Interval], excluded: Sequence[Interval]) -> int:
    """Return the service time that the exclusions cover, in microseconds; overlapping exclusions count once."""
    return intervals.total_length(intervals.intersect(open_intervals, intervals.union(excluded)))
