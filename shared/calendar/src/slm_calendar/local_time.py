"""Conversions between local wall-clock time of an IANA zone and instants (integer microseconds UTC)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from slm_calendar.errors import refusal
from slm_events.instants import UtcMicroseconds

SECOND = 1_000_000
DAY = 86_400 * SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local wall clocks are naive on purpose here
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """Return the IANA zone with this name; raises CalendarError about the field ``timezone`` if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        remedy = "name an IANA time zone such as Europe/Berlin or UTC"
        raise refusal("timezone", name, remedy) from problem


def instant_of(zone: ZoneInfo, day: date, microseconds: int = 0) -> UtcMicroseconds:
    """Return the instant at which the zone's clock shows that time of that day.

    ``microseconds`` count from local midnight and may be a whole day (24:00). If a clock change skips the time, the
    instant is later by the length of the gap. If the time occurs twice, the first instant is returned.
    """
    naive = _NAIVE_EPOCH + timedelta(days=day.toordinal() - _EPOCH_ORDINAL, microseconds=microseconds)
    offset = naive.replace(tzinfo=zone).utcoffset() or timedelta()
    return (naive - _NAIVE_EPOCH - offset) // _MICROSECOND


def date_exists(zone: ZoneInfo, day: date) -> bool:
    """Whether the date exists in this zone. Apia skipped 2011-12-30."""
    return instant_of(zone, day) < instant_of(zone, day, DAY)


def local_date(zone: ZoneInfo, instant: UtcMicroseconds) -> date:
    """Return the date that the zone's clock shows at that instant."""
    return wall_clock(zone, instant).date()


def local_time_of_day(zone: ZoneInfo, instant: UtcMicroseconds) -> int:
    """Return the microseconds since midnight that the zone's clock shows at that instant."""
    return since_midnight(wall_clock(zone, instant))


def wall_clock(zone: ZoneInfo, instant: UtcMicroseconds) -> datetime:
    """Return the naive date and time that the zone's clock shows at that instant."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(zone).replace(tzinfo=None)


def since_midnight(shown: datetime) -> int:
    """Return the microseconds since midnight of a time on a wall clock."""
    return ((shown.hour * 60 + shown.minute) * 60 + shown.second) * SECOND + shown.microsecond


def utc_date(instant: UtcMicroseconds) -> date:
    """Return the UTC date of an instant."""
    return date.fromordinal(_EPOCH_ORDINAL + instant // DAY)
