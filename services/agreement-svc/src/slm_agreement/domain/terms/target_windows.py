"""The windows over which a target is evaluated: calendar periods, occurrences of critical periods, rolling windows, or
the life of a ticket.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms.reading import FieldReader
from slm_calendar import durations, windows
from slm_calendar.errors import CalendarError
from slm_calendar.window_schedules import OCCURRENCES_OF
from slm_calendar.windows import cycle_of_terms

CALENDAR_WINDOWS = windows.KINDS
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
_LONGEST_ROLLING = 400 * DAY


def parse_duration(text: Any) -> int | None:
    """Return the length of an ISO 8601 duration in microseconds; None for any other text, and for months and years."""
    if not isinstance(text, str):
        return None
    try:
        return durations.from_iso(text)
    except CalendarError:
        return None


def is_closing(window: Mapping[str, Any]) -> bool:
    """Whether a resolved window begins and ends at fixed instants, so that it is closed: a calendar window, or an
    occurrence of a critical period.
    """
    return "calendar" in window or OCCURRENCES_OF in window


def read_window(raw: Any, path: str, findings: Findings, periods: Collection[str] = ()) -> dict[str, Any]:
    """Read the window of a target: ``{"calendar": "month"}``, ``{"rolling": "PT1H"}``, or the occurrences of a critical
    period, ``{"occurrences_of": "election-night"}``. ``periods`` are the keys of the agreement's critical periods.

    A calendar window may begin at another day or time than usual, as in
    ``{"calendar": "month", "begin": 15, "at": "12:00"}``.
    """
    reader = FieldReader(raw, path, findings)
    resolved: dict[str, Any]
    if reader.has("rolling"):
        resolved = {"rolling": _rolling(reader)}
    elif reader.has(OCCURRENCES_OF):
        resolved = {OCCURRENCES_OF: _key_of_period(reader, periods)}
    else:
        resolved = {"calendar": reader.choice("calendar", CALENDAR_WINDOWS), **_anchor(reader)}
    reader.done()
    return resolved


def _anchor(reader: FieldReader) -> dict[str, Any]:
    """Read ``begin`` and ``at``, the day and time at which calendar windows begin.

    Return only the fields that differ from the usual beginning of a calendar window.
    """
    kind, begin, at = reader.raw("calendar"), reader.raw("begin"), reader.raw("at")
    if kind not in CALENDAR_WINDOWS:
        return {}
    anchor = {}
    for name, value in (("begin", begin), ("at", at)):
        try:
            if value is not None and cycle_of_terms({"calendar": kind, name: value}).is_anchored:
                anchor[name] = value
        except CalendarError as refused:
            reader.fault(name, value, refused.errors[0]["remedy"])
    return anchor


def _key_of_period(reader: FieldReader, periods: Collection[str]) -> str:
    key = reader.raw(OCCURRENCES_OF)
    if key not in periods:
        known = ", ".join(sorted(periods))
        remedy = f"write the key of a critical period: {known}" if known else "define the period in critical_periods"
        reader.fault(OCCURRENCES_OF, key, remedy)
    return str(key)


def _rolling(reader: FieldReader) -> str:
    text = reader.raw("rolling")
    microseconds = parse_duration(text)
    if microseconds is None or not MINUTE <= microseconds <= _LONGEST_ROLLING or microseconds % MINUTE:
        reader.fault(
            "rolling", text, "write an ISO 8601 duration of whole minutes from PT1M to P400D, like PT1H or P28D"
        )
    return str(text)


def read_ticket_window(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """Read ``{"per": "ticket"}``, the window of a clock target: each ticket is evaluated by itself."""
    reader = FieldReader({"per": "ticket"} if raw is None else raw, path, findings)
    resolved = {"per": reader.choice("per", ("ticket",))}
    reader.done()
    return resolved
