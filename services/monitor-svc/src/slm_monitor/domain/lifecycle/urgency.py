"""Urgency: how soon somebody must act to meet a deadline; and the calendar months that a chart of verdicts covers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from slm_calendar import local_time
from slm_events.instants import UtcMicroseconds

NOW, TODAY, THIS_WEEK, LATER = "now", "today", "this_week", "later"
URGENCIES = (NOW, TODAY, THIS_WEEK, LATER)
URGENT_WITHIN = 4 * 3_600_000_000
"""A deadline at most this many microseconds ahead is urgent now."""


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """A calendar month in the reader's time zone. ``name`` is like ``2026-11``; ``end`` is the first instant after the
    month.
    """

    name: str
    start: UtcMicroseconds
    end: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class UrgencyHorizon:
    """The limits of urgency at one moment: the ends of the reader's day and week. A deadline before ``today_end`` is
    due today.
    """

    now: UtcMicroseconds
    today_end: UtcMicroseconds
    week_end: UtcMicroseconds

    def urgency_of(self, deadline: UtcMicroseconds | None) -> str:
        """Return the urgency of a deadline: ``now`` | ``today`` | ``this_week`` | ``later`` (also for None)."""
        if deadline is None:
            return LATER
        if deadline <= self.now + URGENT_WITHIN:
            return NOW
        if deadline < self.today_end:
            return TODAY
        return THIS_WEEK if deadline < self.week_end else LATER


def compute_urgency_horizon(now: UtcMicroseconds, zone: ZoneInfo) -> UrgencyHorizon:
    """Return the limits of urgency at the moment ``now``. The day and the ISO week end at midnight in the reader's time
    zone.
    """
    today = local_time.local_date(zone, now)
    next_monday = today + timedelta(days=7 - today.weekday())
    tomorrow = today + timedelta(days=1)
    return UrgencyHorizon(now, local_time.instant_of(zone, tomorrow), local_time.instant_of(zone, next_monday))


def list_months_until(now: UtcMicroseconds, zone: ZoneInfo, count: int = 12) -> list[CalendarMonth]:
    """Return the last ``count`` months in the reader's time zone, the present one last."""
    first = local_time.local_date(zone, now).replace(day=1)
    months: list[CalendarMonth] = []
    for _ in range(count):
        following = (first + timedelta(days=31)).replace(day=1)
        span = (local_time.instant_of(zone, first), local_time.instant_of(zone, following))
        months.append(CalendarMonth(f"{first:%Y-%m}", *span))
        first = (first - timedelta(days=1)).replace(day=1)
    return months[::-1]
