"""Conversion of the times in a file to instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from slm_calendar.errors import CalendarError
from slm_calendar.local_time import instant_of, zone_named
from slm_mappings.mapping_parts import Times
from slm_mappings.messages import ImportFinding, ImportRefused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_TIME = 100
_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799
"""The earliest and the latest instant that is accepted, seconds since 1970: the years 1 to 9999, UTC."""


def time_reader(times: Times) -> Callable[[Any], int]:
    """Return a function that converts the file's text to microseconds UTC; it raises ValueError for any other text.

    A time without an offset is local time in the zone: a skipped time moves forward, a repeated time means its first
    occurrence. Raises ImportRefused for an unknown zone.
    """
    try:
        zone = zone_named(times.zone)
    except CalendarError as problem:
        remedy = problem.errors[0]["remedy"]
        raise ImportRefused("The mapping is not valid", [ImportFinding("times.zone", times.zone, remedy)]) from None

    def parsed(text: str) -> datetime:
        if times.format == "iso":
            return datetime.fromisoformat(text)
        return datetime.strptime(text, times.format)  # noqa: DTZ007 - the zone follows

    def instant(text: str) -> int:
        try:
            moment = parsed(text)
            if moment.tzinfo is not None:
                return (moment - _EPOCH) // _MICROSECOND
            midnight = datetime.combine(moment, datetime.min.time())
            return instant_of(zone, moment.date(), (moment - midnight) // _MICROSECOND)
        except OverflowError as problem:
            raise ValueError(f"{text!r} lies outside of the years 1 to 9999") from problem

    def bounded(text: str) -> int:
        if len(text) > _LONGEST_TIME:
            raise ValueError(f"{text[:40]!r} is too long for a time")
        at = _unix(text, _UNIX[times.format]) if times.format in _UNIX else instant(text)
        if not _EARLIEST <= at // 1_000_000 <= _LATEST:
            raise ValueError(f"{text!r} lies outside of the years 1 to 9999")
        return at

    # Cached, because audit logs repeat a ticket's times on each of its rows.
    remembered = lru_cache(maxsize=4096)(bounded)
    return lambda value: remembered(str(value).strip())


_UNIX = {"unix": 1_000_000, "unix_ms": 1_000}
"""Format → microseconds in the unit of its numbers."""


def _unix(text: str, microseconds: int) -> int:
    try:
        number = Decimal(text)
        # Compared before the conversion to int: 1e999999999 has a billion digits.
        in_units = 1_000_000 // microseconds
        if not number.is_finite() or not _EARLIEST * in_units <= number <= _LATEST * in_units:
            raise ValueError(f"{text!r} lies outside of the years 1 to 9999")
        return int(number * microseconds)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number of seconds") from None
