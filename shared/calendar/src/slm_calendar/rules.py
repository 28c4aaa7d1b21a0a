"""Recurrence rules (RRULE of RFC 5545) on a wall clock, evaluated in bounded time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, datetime

from dateutil.rrule import rrulestr

PARTS = frozenset(
    {
        "FREQ",
        "INTERVAL",
        "COUNT",
        "UNTIL",
        "BYDAY",
        "BYMONTHDAY",
        "BYMONTH",
        "BYSETPOS",
        "BYWEEKNO",
        "BYYEARDAY",
        "WKST",
    }
)
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_CYCLE = 400
"""The number of years after which dates, weekdays and ISO weeks repeat: 146,097 days, or 20,871 weeks."""


def parse_rule(rule: str) -> dict[str, str]:
    """Return name → value for each part of a rule such as ``FREQ=YEARLY;COUNT=3``; raises ValueError that says what to
    write instead.
    """
    parts: dict[str, str] = {}
    for part in rule.removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in PARTS or name in parts or not value:
            raise ValueError(f"parts are {', '.join(sorted(PARTS))}, each once, as NAME=value")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise ValueError(f"FREQ is one of {', '.join(FREQUENCIES)}")
    if not re.fullmatch(r"[1-9]\d{0,3}", parts.get("INTERVAL", "1")):
        raise ValueError("INTERVAL is a whole number from 1 to 9999")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("COUNT or UNTIL, not both")
    return parts


def matching_times(parts: Mapping[str, str], first: datetime, latest: datetime) -> Iterator[datetime]:
    """Yield the rule's wall-clock times from ``first`` to ``latest``, both included.

    ``parts`` must not hold COUNT and UNTIL: the caller applies them. Raises ValueError, TypeError, LookupError or
    OverflowError for invalid parts, possibly only while iterating.
    """
    # For a day that never comes (30 February) dateutil searches until the year 9999: 3 s for a daily rule from 2026
    # on. Moved forward by whole cycles of the calendar, the same rule reaches that year in a twentieth of the steps.
    years = max(MAXYEAR - latest.year, 0) // _CYCLE * _CYCLE
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    until = latest.replace(year=latest.year + years)
    moved = rrulestr(f"{text};UNTIL={until:%Y%m%dT%H%M%S}", dtstart=first.replace(year=first.year + years))
    return (each.replace(year=each.year - years) for each in moved)
