"""Reporting periods of an agreement's local calendar, named like windows (``2026-11``, ``2026-Q4``)."""

from __future__ import annotations

from dataclasses import dataclass

from slm_calendar.errors import CalendarError
from slm_calendar.windows import KINDS, Kind, Window, cycle_of_id, window_at, window_of_id
from slm_events.instants import UtcMicroseconds
from slm_report.domain.errors import NoSuchPeriod


@dataclass(frozen=True, slots=True)
class Period:
    """A reporting period ``[start, end)``, microseconds UTC."""

    id: str
    cycle: str
    """Name of the cycle of calendar windows to which the period belongs, such as ``month``."""
    zone: str
    start: UtcMicroseconds
    end: UtcMicroseconds


def parse_cadence(text: object) -> Kind | None:
    """Return the reporting cadence that a text names, such as ``month``; None for any other text."""
    return next((kind for kind in KINDS if kind == text), None)


def period_containing(instant: UtcMicroseconds, cycle: str, zone: str) -> Period:
    """Return the period of the cycle that contains the instant, by the zone's calendar."""
    return _of(window_at(cycle, zone, instant), cycle, zone)


def parse_period(text: str, kind: Kind, zone: str) -> Period:
    """Return the period with this name, such as ``2026-11``; raises NoSuchPeriod if no period of that kind has it."""
    try:
        if cycle_of_id(text) == kind:
            return _of(window_of_id(text, zone), kind, zone)
    except CalendarError:
        pass
    example = window_at(kind, zone, 1_795_000_000_000_000).id
    raise NoSuchPeriod(text, f"{text!r} is not a {kind}; write it like {example}")


def _of(window: Window, cycle: str, zone: str) -> Period:
    return Period(window.id, cycle, zone, window.start, window.end)
