"""Recurring intervals: an RRULE of RFC 5545 on a zone's wall clock, resolved to instants."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from slm_calendar import rules
from slm_calendar.errors import refusal
from slm_calendar.intervals import Interval
from slm_calendar.local_time import DAY, instant_of, since_midnight, wall_clock, zone_named
from slm_events.instants import UtcMicroseconds

MOST = 1_000
"""The most occurrences of one rule: about nineteen years of weekly ones."""
LONGEST = 10 * 366 * DAY
"""How long after its first occurrence a rule may go on, in microseconds: some ten years."""

_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


def occurrences(
    rule: str,
    zone: str,
    first: UtcMicroseconds,
    length: int,
    end: UtcMicroseconds | None = None,
    field: str = "recurrence.rule",
) -> list[Interval]:
    """Return ``[start, start + length)`` for each occurrence of the rule that begins at or after ``first`` and before
    ``end``.

    Occurrences keep the wall-clock time of ``first``; ``length`` is elapsed time in microseconds. Raises CalendarError
    as ``starts_of_rule`` does.
    """
    try:
        local = wall_clock(zone_named(zone), first)
    except OverflowError as problem:
        raise refusal(field, rule, f"write an RRULE that begins before the year 10000 ({problem})") from problem
    return [(start, start + length) for start in starts_of_rule(rule, zone, local, end, field)]


def starts_of_rule(
    rule: str, zone: str, first: datetime, end: UtcMicroseconds | None, field: str, most: int = MOST
) -> list[UtcMicroseconds]:
    """Return the instants at which the rule's occurrences begin: at or after the local time ``first``, before ``end``.

    Occurrences keep the wall-clock time of ``first``. A local time that a clock change skips is moved later by the gap;
    of one that comes twice, the first counts. Raises CalendarError for a rule that is invalid, has neither COUNT nor
    UNTIL while ``end`` is None, never occurs, occurs more than ``most`` times, or goes on for longer than LONGEST.
    """
    parts = _parts(rule, field)
    where = zone_named(zone)
    count, until = _count(parts, field), _until(parts, where, field)
    if count is None and until is None and end is None:
        raise refusal(field, rule, "say where it ends: add COUNT or UNTIL")
    ends = [each for each in (end, None if until is None else until + 1) if each is not None]
    try:
        furthest = instant_of(where, first.date(), since_midnight(first)) + LONGEST
        bound = min([furthest, *ends])
        latest = wall_clock(where, bound) + timedelta(days=1)
        wall_times = rules.matching_times(parts, first, latest)
        starts = [
            instant_of(where, each.date(), since_midnight(each))
            for each in islice(wall_times, most + 1 if count is None else count)
        ]
    except (ValueError, TypeError, LookupError, OverflowError) as problem:
        raise refusal(field, rule, f"write an RRULE such as FREQ=WEEKLY;BYDAY=SU;COUNT=10 ({problem})") from problem
    found = [start for start in starts if start < bound]
    is_cut = min(ends, default=furthest + 1) > furthest and (count is None or len(starts) < count)
    if found and is_cut:
        raise refusal(field, rule, "it goes on for more than ten years: end it sooner, and renew it then")
    if len(found) > most:
        raise refusal(field, rule, f"it has more than {most} occurrences: end it sooner, or write several")
    if not found:
        raise refusal(field, rule, "it never occurs before its end")
    return found


def _parts(rule: str, field: str) -> dict[str, str]:
    try:
        return rules.parse_rule(rule)
    except ValueError as problem:
        raise refusal(field, rule, str(problem)) from problem


def _count(parts: dict[str, str], field: str) -> int | None:
    written = parts.pop("COUNT", None)
    if written is None:
        return None
    if not written.isascii() or not written.isdigit() or not 0 < int(written) <= MOST:
        raise refusal(field, f"COUNT={written}", f"COUNT is a whole number from 1 to {MOST}")
    return int(written)


def _until(parts: dict[str, str], zone: ZoneInfo, field: str) -> UtcMicroseconds | None:
    """Return the last instant at which an occurrence may begin. A date without a time includes that whole local day."""
    written = parts.pop("UNTIL", None)
    if written is None:
        return None
    match = _UNTIL.fullmatch(written)
    try:
        if match is None:
            raise ValueError(written)
        day, time, is_utc = match.groups()
        if time is None:
            date = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007
            return instant_of(zone, date, DAY) - 1
        moment = datetime.strptime(day + time, "%Y%m%d%H%M%S")  # noqa: DTZ007
    except (ValueError, OverflowError) as problem:
        raise refusal(field, f"UNTIL={written}", "write UNTIL=20261231 or UNTIL=20261231T220000Z") from problem
    return instant_of(zone_named("UTC") if is_utc else zone, moment.date(), since_midnight(moment))
