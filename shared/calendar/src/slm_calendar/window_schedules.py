"""Windows of targets that begin and end at fixed instants: calendar windows, or occurrences of critical periods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slm_calendar import windows
from slm_calendar.critical_periods import CriticalPeriod
from slm_calendar.errors import CalendarError, refusal
from slm_calendar.windows import Window, cycle_of_terms
from slm_events.instants import UtcMicroseconds

OCCURRENCES_OF = "occurrences_of"
"""The field of a target's window that names a critical period."""


@dataclass(frozen=True, slots=True)
class WindowSchedule:
    """A sequence of windows in order of time: consecutive windows of a calendar cycle, or occurrences with gaps."""

    name: str
    """The name of the calendar cycle, such as ``month``, or the key of the critical period."""
    zone: str
    period: CriticalPeriod | None = None
    """The critical period whose occurrences are the windows; None for calendar windows."""

    def at(self, instant: UtcMicroseconds) -> Window | None:
        """Return the window that contains the instant; None between two occurrences of a critical period."""
        if self.period is not None:
            return self.period.at(instant)
        return windows.window_at(self.name, self.zone, instant)

    def starting_after(self, instant: UtcMicroseconds) -> Window | None:
        """Return the first window that starts after the instant; None after a period's last occurrence."""
        if self.period is not None:
            return self.period.starting_after(instant)
        return windows.next_window(self.name, self.zone, instant)

    def named(self, window_id: str) -> Window | None:
        """Return the window with this id; None if this schedule has none. Raises CalendarError for a date that the
        zone skipped.
        """
        if self.period is not None:
            return self.period.named(window_id)
        try:
            is_mine = windows.cycle_of_id(window_id) == self.name
        except CalendarError:
            return None
        return windows.window_of_id(window_id, self.zone) if is_mine else None

    def touching(self, start: UtcMicroseconds, end: UtcMicroseconds) -> Iterator[Window]:
        """Yield in order the windows that overlap [start, end), each in full."""
        if self.period is not None:
            yield from self.period.touching(start, end)
        else:
            yield from windows.windows_between(self.name, self.zone, start, end)


def schedule_of_terms(
    window: Mapping[str, Any], zone: str, periods: Mapping[str, CriticalPeriod]
) -> WindowSchedule | None:
    """Return the schedule of a target's signed ``window``; None for rolling windows and windows of tickets.

    ``periods``: key → critical period of the agreement. Raises CalendarError.
    """
    if OCCURRENCES_OF in window:
        key = window[OCCURRENCES_OF]
        if key not in periods:
            known = f"one of {', '.join(periods)}" if periods else "a period that critical_periods defines"
            raise refusal(f"window.{OCCURRENCES_OF}", key, f"write the key of {known}")
        return WindowSchedule(key, zone, periods[key])
    return WindowSchedule(cycle_of_terms(window).name, zone) if "calendar" in window else None
