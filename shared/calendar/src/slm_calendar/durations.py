"""Durations measured in calendar time, service time or business days, and the deadlines they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

from slm_calendar.errors import NeverOpen, refusal
from slm_calendar.iso_durations import from_iso, from_shorthand, to_iso
from slm_calendar.local_time import SECOND, instant_of, local_date, local_time_of_day
from slm_calendar.service_hours import ServiceHours
from slm_events.instants import UtcMicroseconds

__all__ = [
    "Duration",
    "compute_deadline",
    "extend_deadline",
    "from_iso",
    "from_shorthand",
    "measure_elapsed_time",
    "parse_duration",
    "to_iso",
]

Kind = Literal["calendar", "service_time", "business_days", "business_days_end", "due_at"]
KINDS: tuple[Kind, ...] = get_args(Kind)

DAYS_SEARCHED = 3660
"""The number of days in which a working day is searched for. After ten years without one, the hours count as never
open.
"""

MOST_BUSINESS_DAYS = 10_000


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration in one kind of time.

    ``amount`` is microseconds for ``calendar`` and ``service_time``, a number of working days for ``business_days`` and
    ``business_days_end``, or the name of a ticket's date field for ``due_at``. ``business_days`` ends at the time of
    day at which it began, ``business_days_end`` at the last day's close of business.
    """

    kind: Kind
    amount: int | str
    backward: bool = False
    """Whether the duration runs backward in time. This is a flag rather than a sign of ``amount``, because a duration
    of zero has a direction too."""

    def to_document(self) -> dict[str, int | str]:
        """Return the document that ``parse_duration`` reads, such as ``{"service_time": "PT4H"}``."""
        if isinstance(self.amount, str):
            return {self.kind: self.amount}
        if self.kind in ("calendar", "service_time"):
            return {self.kind: "-PT0S" if self.backward and not self.amount else to_iso(self.amount)}
        return {self.kind: self.amount}

    def __str__(self) -> str:
        """Return the duration in words, such as ``PT4H of service time`` or ``2 business days``."""
        if self.kind == "due_at":
            return f"due at {self.amount}"
        if self.kind == "calendar" or self.kind == "service_time":
            written = to_iso(int(self.amount))
            return f"{written} of service time" if self.kind == "service_time" else f"{written} of calendar time"
        days = f"{self.amount} business day{'' if abs(int(self.amount)) == 1 else 's'}"
        return days if self.kind == "business_days" else f"close of business after {days}"


def parse_duration(document: object, field: str = "within", *, offset: bool = False) -> Duration:
    """Parse a duration's document.

    The document has one key: ``{"calendar": "PT4H"}``, ``{"service_time": "PT4H"}``, ``{"business_days": 2}``,
    ``{"business_days_end": 1}`` or ``{"due_at": "field"}``. Negative durations are accepted only if ``offset`` is set:
    an offset may lie before a deadline, a target's duration may not be negative. Raises CalendarError for anything
    else.
    """
    if not isinstance(document, Mapping) or len(document) != 1 or next(iter(document)) not in KINDS:
        remedy = f'write an object with one of {", ".join(KINDS)}, such as {{"service_time": "PT4H"}}'
        raise refusal(field, document, remedy)
    ((kind, written),) = document.items()
    duration = _parsed(kind, written, f"{field}.{kind}")
    if duration.backward and not offset:
        raise refusal(f"{field}.{kind}", written, "a target's duration cannot be negative")
    return duration


def _parsed(kind: Kind, written: Any, field: str) -> Duration:
    if kind == "due_at":
        if not isinstance(written, str) or not written:
            raise refusal(field, written, "name the ticket's field that holds the date")
        return Duration(kind, written)
    if kind in ("calendar", "service_time"):
        return Duration(kind, from_iso(written, field), str(written).startswith("-"))
    if not isinstance(written, int) or isinstance(written, bool) or abs(written) > MOST_BUSINESS_DAYS:
        raise refusal(field, written, f"write a whole number of working days, at most {MOST_BUSINESS_DAYS}")
    return Duration(kind, written, written < 0)


def compute_deadline(
    duration: Duration, start: UtcMicroseconds, hours: ServiceHours, fields: Mapping[str, int] | None = None
) -> UtcMicroseconds:
    """Return the instant at which the duration that begins at ``start`` is over.

    ``fields`` maps names of the ticket's date fields to instants. Only a duration of kind ``due_at`` reads them: it
    ends at the date in its field. If that date is missing or lies before ``start``, the deadline is one second after
    ``start``. Raises NeverOpen if the hours have no open instant within ten years.
    """
    if duration.kind == "due_at":
        due = (fields or {}).get(str(duration.amount))
        return start + SECOND if due is None or due < start else hours.next_open(due)
    amount = int(duration.amount)
    if duration.kind == "calendar":
        return start + amount
    if duration.kind == "service_time":
        return hours.last_open(start) if duration.backward and not amount else hours.add(start, amount)
    if duration.kind == "business_days":
        return _same_time_on_business_day(amount, start, hours)
    return _close_of_business_day(amount, start, hours)


def extend_deadline(duration: Duration, due: UtcMicroseconds, paused: int, hours: ServiceHours) -> UtcMicroseconds:
    """Return the deadline ``due`` moved later by ``paused`` microseconds.

    ``paused`` is calendar time for a calendar duration, and service time for every other kind.
    """
    if not paused:
        return due
    return due + paused if duration.kind == "calendar" else hours.add(due, paused)


def measure_elapsed_time(duration: Duration, start: UtcMicroseconds, end: UtcMicroseconds, hours: ServiceHours) -> int:
    """Return the microseconds from start to end: calendar time for a calendar duration, service time for every other
    kind.
    """
    return max(0, end - start) if duration.kind == "calendar" else hours.open_time(start, end)


def _same_time_on_business_day(count: int, start: UtcMicroseconds, hours: ServiceHours) -> UtcMicroseconds:
    if not count:
        return hours.next_open(start)
    day = _business_day(count, local_date(hours.zone, start), hours)
    at = instant_of(hours.zone, day, local_time_of_day(hours.zone, start))
    if hours.is_open(at) or any(at == closes for _, closes in hours.open_on(day)):
        return at
    return hours.next_open(at) if count > 0 else hours.last_open(at)


def _close_of_business_day(count: int, start: UtcMicroseconds, hours: ServiceHours) -> UtcMicroseconds:
    first = local_date(hours.zone, start)
    if count:
        return hours.open_on(_business_day(count, first, hours))[-1][1]
    for day in _days(first, 1):
        open_intervals = hours.open_on(day)
        if open_intervals and open_intervals[-1][1] >= start:
            return open_intervals[-1][1]
    raise _no_working_day(first, hours)


def _business_day(count: int, first: date, hours: ServiceHours) -> date:
    """Return the count-th working day after ``first``, or before it if ``count`` is negative."""
    step, remaining, since = (1 if count > 0 else -1), abs(count), 0
    day = first
    while remaining:
        day += timedelta(days=step)
        since += 1
        if hours.open_on(day):
            remaining, since = remaining - 1, 0
        elif since > DAYS_SEARCHED:
            raise _no_working_day(first, hours)
    return day


def _days(first: date, step: int) -> Iterator[date]:
    return (first + timedelta(days=step * n) for n in range(DAYS_SEARCHED))


def _no_working_day(first: date, hours: ServiceHours) -> NeverOpen:
    remedy = f"no working day within ten years of {first}: give weekly intervals"
    return NeverOpen(refusal("weekly", hours.timezone, remedy).errors)
