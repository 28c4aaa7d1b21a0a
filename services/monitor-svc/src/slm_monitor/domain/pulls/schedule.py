"""When a pull works next: its interval, its nightly reconciliation, and the pauses after failures. All times are of the
real clock, not of an accelerated one.
"""

from __future__ import annotations

from datetime import timedelta

from slm_calendar.local_time import instant_of, local_date, zone_named
from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds

FIRST_PAUSE = 30 * SECOND
LONGEST_PAUSE = 3_600 * SECOND
LONGEST_ASKED = 24 * 3_600 * SECOND
"""The longest time, in microseconds, that a tool may ask a pull to wait."""
_LARGEST_POWER = 20


def next_reconciliation(reconcile_at: str, zone: str, now: UtcMicroseconds) -> UtcMicroseconds:
    """Return the first instant after ``now`` at which clocks in the zone show ``reconcile_at``, such as ``02:30``."""
    hours, _, minutes = reconcile_at.partition(":")
    of_day = (int(hours) * 60 + int(minutes)) * 60 * SECOND
    place = zone_named(zone)
    today = local_date(place, now)
    days = (today + timedelta(days=more) for more in (0, 1, 2))
    return next(at for at in (instant_of(place, day, of_day) for day in days) if at > now)


def pause_after(failures: int, jitter: float) -> int:
    """Return the pause (µs) after ``failures`` failed runs in a row. ``jitter`` is a random factor near 1."""
    return int(min(FIRST_PAUSE * 2 ** min(max(failures, 1) - 1, _LARGEST_POWER), LONGEST_PAUSE) * jitter)
