"""The windows a target may be judged over."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.reading import Reader
from slm_calendar import durations
from slm_calendar.errors import CalendarError

CALENDAR_WINDOWS = ("day", "week", "month", "quarter", "year")
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
_LONGEST_ROLLING = 90 * DAY


def length(text: Any) -> int | None:
    """An ISO 8601 duration → microseconds; None where it is none (months and years are none: they have no length)."""
    if not isinstance(text, str):
        return None
    try:
        return durations.from_iso(text)
    except CalendarError:
        return None


def window(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """``{"calendar": "month"}`` or ``{"rolling": "PT1H"}``, checked."""
    reader = Reader(raw, path, findings)
    if reader.has("rolling"):
        resolved = {"rolling": _rolling(reader)}
    else:
        resolved = {"calendar": reader.choice("calendar", CALENDAR_WINDOWS)}
    reader.done()
    return resolved


def _rolling(reader: Reader) -> str:
    text = reader.raw("rolling")
    microseconds = length(text)
    if microseconds is None or not MINUTE <= microseconds <= _LONGEST_ROLLING or microseconds % MINUTE:
        reader.fault(
            "rolling", text, "write an ISO 8601 duration of whole minutes from PT1M to P90D, like PT1H or P28D"
        )
    return str(text)


def ticket_window(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """``{"per": "ticket"}``, the window of a clock."""
    reader = Reader({"per": "ticket"} if raw is None else raw, path, findings)
    resolved = {"per": reader.choice("per", ("ticket",))}
    reader.done()
    return resolved
