"""The terms of a target's window, and their parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_calendar import durations, window_schedules
from slm_calendar.critical_periods import CriticalPeriod
from slm_calendar.errors import CalendarError
from slm_calendar.window_schedules import WindowSchedule
from slm_events.aggregations import CALENDAR, ROLLING, TICKET


@dataclass(frozen=True, slots=True)
class WindowTerms:
    """The window of a target.

    ``kind``: ``calendar`` for windows at fixed instants, which ``schedule`` lists; ``rolling``, of the length
    ``rolling_microseconds``; or ``ticket``. ``name``: the name of the schedule, the length of a rolling window as it is
    written, or ``ticket``.
    """

    kind: str
    name: str
    rolling_microseconds: int = 0
    schedule: WindowSchedule | None = None


def parse_window_terms(window: Mapping[str, Any], zone: str, periods: Mapping[str, CriticalPeriod]) -> WindowTerms:
    """Parse the signed window of a target in an agreement with this zone and these critical periods, by key.

    Raises ValueError, whose text says what to write.
    """
    try:
        schedule = window_schedules.schedule_of_terms(window, zone, periods)
    except CalendarError as refused:
        raise ValueError(str(refused)) from refused
    if schedule is not None:
        return WindowTerms(CALENDAR, schedule.name, schedule=schedule)
    if "rolling" in window:
        length = durations.from_iso(window["rolling"])
        if length <= 0 or length % 60_000_000:
            raise ValueError(f"rolling window {window['rolling']}; write a number of whole minutes")
        return WindowTerms(ROLLING, window["rolling"], length)
    if window.get("per") == TICKET:
        return WindowTerms(TICKET, TICKET)
    raise ValueError(f"window {dict(window)!r}; judged are calendar, occurrences_of, rolling and per ticket")
