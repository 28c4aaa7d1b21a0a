"""Cases about durations and instants as other tools write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_calendar.local_time import SECOND
from slm_events.instants import from_text, to_text
from tests.cases import hours, previews
from tests.cases.clock_cases import LONG_ENOUGH
from tests.cases.reading import Case


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    asked = case.asked
    if "value" in asked:
        return _read(
            lambda: Fraction(durations.from_shorthand(str(asked["value"])), SECOND) if asked["value"] else Fraction(0)
        )
    worked = next((asked[name] for name in _WORKED if name in asked), None)
    if worked is not None:
        # Jira's time tracking: eight hours a day and five days a week, where nobody has set it otherwise.
        day, week = int(asked.get("hours_per_day", 8)) * hours.HOUR, int(asked.get("days_per_week", 5))
        return _read(lambda: Fraction(hours.written_length(str(worked), day, week), SECOND))
    if "duration" in asked:
        return _read(lambda: _of_duration(str(asked["duration"])))
    if "created" in asked:
        resolved = _offset(asked["resolutiondate"])
        lag = asked.get("timestamp_ms", 0) - Fraction(from_text(resolved), 1000)
        return {"resolution_seconds": _elapsed(_offset(asked["created"]), resolved), "webhook_lag_ms": lag}
    return {}


_WORKED = ("time_spent", "timespent", "time_estimate", "original_estimate", "worklog", "text")


def _read(length: Callable[[], Fraction]) -> dict[str, Any]:
    """A length in every unit that a case may ask for; an error if it cannot be read as a length."""
    try:
        seconds = length()
    except (CalendarError, ValueError):
        return {"error": True, "valid": False}
    told = {"seconds": seconds, "minutes": seconds / 60, "hours": seconds / 3600, "days": seconds / 86_400}
    return {"error": False, "valid": True, **told}


def _of_duration(text: str) -> Fraction:
    """A length as text, or as ServiceNow writes it: the date-time so long after 1970."""
    if not text[:5].removesuffix("-").isdigit():
        return Fraction(hours.written_length(text), SECOND)
    return _elapsed("1970-01-01T00:00:00Z", datetime.fromisoformat(text).replace(tzinfo=UTC).isoformat())


def _offset(text: str) -> str:
    """Jira's ``-0800``."""
    fraction = ".%f" if "." in text else ""
    return to_text(from_text(datetime.strptime(text, f"%Y-%m-%dT%H:%M:%S{fraction}%z").isoformat()))


def _elapsed(start: str, end: str) -> Fraction:
    events = [{"event": "opened", "at": start}, {"event": "resolved", "at": end}]
    answer = previews.ask("clock", targets=[{"objective": {"within": LONG_ENOUGH}}], events=events)
    return hours.seconds(answer["clocks"][0]["elapsed"]["calendar"])
