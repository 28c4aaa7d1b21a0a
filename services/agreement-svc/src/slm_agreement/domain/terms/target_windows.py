"""The windows over which a target is evaluated: calendar periods, rolling windows, or the life of a ticket."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms.reading import FieldReader
from slm_calendar import durations, windows
from slm_calendar.errors import CalendarError

CALENDAR_WINDOWS = windows.KINDS
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
_LONGEST_ROLLING = 90 * DAY


def parse_duration(text: Any) -> int | None:
    """Return the length of an ISO 8601 duration in microseconds; None for any other text, and for months and years."""
    if not isinstance(text, str):
        return None
    try:
        return durations.from_iso(text)
    except CalendarError:
        return None


def read_window(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """Read a calendar or rolling window: ``{"calendar": "month"}`` or ``{"rolling": "PT1H"}``."""
    reader = FieldReader(raw, path, findings)
    if reader.has("rolling"):
        resolved = {"rolling": _rolling(reader)}
    else:
        resolved = {"calendar": reader.choice("calendar", CALENDAR_WINDOWS)}
    reader.done()
    return resolved


def _rolling(reader: FieldReader) -> str:
    text = reader.raw("rolling")
    microseconds = parse_duration(text)
    if microseconds is None or not MINUTE <= microseconds <= _LONGEST_ROLLING or microseconds % MINUTE:
        reader.fault(
            "rolling", text, "write an ISO 8601 duration of whole minutes from PT1M to P90D, like PT1H or P28D"
        )
    return str(text)


def read_ticket_window(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """Read ``{"per": "ticket"}``, the window of a clock target: each ticket is evaluated by itself."""
    reader = FieldReader({"per": "ticket"} if raw is None else raw, path, findings)
    resolved = {"per": reader.choice("per", ("ticket",))}
    reader.done()
    return resolved
