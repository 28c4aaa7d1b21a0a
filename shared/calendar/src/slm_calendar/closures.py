"""The closed time of service hours, each interval with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal, NamedTuple

from slm_calendar import intervals, service_hours
from slm_calendar.intervals import Interval
from slm_calendar.local_time import DAY, instant_of, local_date
from slm_calendar.service_hours import ServiceHours
from slm_events.instants import UtcMicroseconds

Reason = Literal["weekly", "holiday", "override", "break"]


class Closure(NamedTuple):
    """A closed interval ``[start, end)`` in microseconds UTC, and the one reason why it is closed."""

    start: UtcMicroseconds
    end: UtcMicroseconds
    reason: Reason


def closures(hours: ServiceHours, start: UtcMicroseconds, end: UtcMicroseconds) -> list[Closure]:
    """Return the closed intervals within [start, end), in order, each with its reason.

    Adjoining intervals with the same reason are joined into one.
    """
    if end <= start or hours.always_open:
        return []
    closed = intervals.subtract([(start, end)], hours.intervals(start, end))
    unbroken = service_hours.service_hours_of(replace(hours.definition, breaks=())).intervals(start, end)
    broken = [Closure(*pair, "break") for pair in intervals.intersect(closed, unbroken)]
    by_day = (closure for pair in intervals.subtract(closed, unbroken) for closure in _by_day(hours, pair))
    return _joined(sorted([*broken, *by_day]))


def _by_day(hours: ServiceHours, closed: Interval) -> Iterator[Closure]:
    """Split a closed interval at local midnights and give each part the reason of its day."""
    start, end = closed
    day = local_date(hours.zone, start)
    while start < end:
        midnight = min(end, max(start, instant_of(hours.zone, day, DAY)))
        if midnight > start:
            yield Closure(start, midnight, _reason(hours, day))
        start, day = midnight, day + timedelta(days=1)


def _reason(hours: ServiceHours, day: date) -> Reason:
    if any(day == overridden for overridden, _ in hours.definition.overrides):
        return "override"
    return "holiday" if hours.definition.is_holiday(day) else "weekly"


def _joined(found: list[Closure]) -> list[Closure]:
    joined: list[Closure] = []
    for closure in found:
        if joined and joined[-1].end == closure.start and joined[-1].reason == closure.reason:
            joined[-1] = joined[-1]._replace(end=closure.end)
        else:
            joined.append(closure)
    return joined
