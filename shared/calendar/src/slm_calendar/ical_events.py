"""The whole-day events of an iCalendar text (RFC 5545), and the reasons why other events are left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from icalendar.parser import Contentlines

from slm_calendar import rules
from slm_calendar.local_time import instant_of, since_midnight, wall_clock, zone_named

TIME_OF_DAY = "it has a time of day; only events of whole days are holidays"
CANCELLED = "it is cancelled"
_DEEPEST = 4
"""The deepest nesting of components that is read. A calendar, its events and their alarms make three levels."""
_MOST_LINES = 50_000
_ALL_DAY = ("X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT", "X-FUNAMBOL-ALLDAY")
"""Properties by which Exchange and other programs mark an all-day event whose times run from midnight to midnight."""
_MIDNIGHT = time(0)
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(Z?)")
_LENGTH = re.compile(r"\+?P(?:(\d{1,4})W|(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?)")

Line = tuple[Mapping[str, str], str]
"""A property's parameters and its value."""


@dataclass(frozen=True)
class SkippedEvent:
    """An event of a calendar file that gives no holiday, and the reason."""

    event: str
    begins: str
    why: str
    line: int


@dataclass(frozen=True)
class Event:
    """One VEVENT of whole days, or an override of one day of a recurring event."""

    uid: str
    name: str
    line: int
    first: date
    days: int
    rule: Mapping[str, str] = field(default_factory=dict)
    """The parts of its RRULE, including COUNT and UNTIL."""
    more: frozenset[date] = frozenset()
    without: frozenset[date] = frozenset()
    replaces: date | None = None
    and_following: bool = False
    sequence: int = 0
    why_not: str = ""
    """The reason why the event gives no holiday; empty if it gives one. If an override has a reason here, the day that
    it replaces is no holiday either.
    """


class Unreadable(ValueError):
    """The text is no iCalendar document; the message names the line and the reason."""


@dataclass
class _Component:
    """The properties of one component of a calendar while it is read."""

    kind: str
    line: int
    properties: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    broken: str = ""

    def text(self, name: str) -> str:
        lines = self.properties.get(name)
        return lines[0][1].strip() if lines else ""


def read_events(text: str, zone: ZoneInfo) -> tuple[list[Event], list[SkippedEvent]]:
    """Return the events of all calendars in the text, and the components that cannot be read as events of whole days.

    A returned event whose ``why_not`` is set gives no holiday either. A time in UTC belongs to the day that a clock in
    ``zone`` then shows, but midnight in UTC belongs to the day that begins then in UTC. Raises Unreadable if the text
    is no calendar.
    """
    events: list[Event] = []
    left_out: list[SkippedEvent] = []
    for component, is_cancelled in _components(text):
        try:
            if component.kind != "VEVENT":
                raise ValueError(f"it is a {component.kind}, not an event")
            event = _event(component, zone)
            events.append(replace(event, why_not=CANCELLED) if is_cancelled else event)
        except (ValueError, OverflowError) as problem:
            if (day := _replaced_by(component, zone)) is not None:
                events.append(_override(component, day, str(problem)))
                continue
            name, begins = component.text("SUMMARY") or component.text("UID"), component.text("DTSTART")
            left_out.append(SkippedEvent(name[:80], begins[:40], str(problem)[:200], component.line))
    return events, left_out


def _components(text: str) -> Iterator[tuple[_Component, bool]]:
    """Yield each component of each VCALENDAR except time zones, and whether the METHOD of its calendar is CANCEL."""
    if not text.lstrip("\ufeff\r\n ").upper().startswith("BEGIN:VCALENDAR"):
        raise Unreadable("line 1: it does not begin with BEGIN:VCALENDAR")
    open_ones: list[str] = []
    found: list[_Component] = []
    is_cancelled = False
    lines = Contentlines.from_ical(text.lstrip("\ufeff\r\n "))  # type: ignore[no-untyped-call]
    if len(lines) > _MOST_LINES:
        raise Unreadable(f"it has more than {_MOST_LINES} lines")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            name, parameters, value = line.parts()
        except ValueError as problem:
            if len(open_ones) < 2:
                raise Unreadable(f"line {number}: {line[:40]!r} is not a property of iCalendar") from problem
            found[-1].broken = found[-1].broken or f"line {number} cannot be read"
            continue
        name, value = name.upper(), str(value)
        if name == "BEGIN":
            open_ones.append(value.upper())
            if len(open_ones) > _DEEPEST or (len(open_ones) == 1 and value.upper() != "VCALENDAR"):
                raise Unreadable(f"line {number}: {value[:40]} is not allowed here")
            if len(open_ones) == 2:
                found.append(_Component(value.upper()[:40], number))
        elif name == "END":
            if not open_ones or open_ones.pop() != value.upper():
                raise Unreadable(f"line {number}: END:{value[:40]} has no matching BEGIN")
            if not open_ones:
                yield from ((each, is_cancelled) for each in found if each.kind != "VTIMEZONE")
                found, is_cancelled = [], False
        elif len(open_ones) == 2:
            found[-1].properties[name].append((parameters, value))
        elif len(open_ones) == 1 and name == "METHOD":
            is_cancelled = value.upper() == "CANCEL"
        elif not open_ones:
            raise Unreadable(f"line {number}: it is outside any calendar")
    if open_ones:
        raise Unreadable(f"it ends within {open_ones[-1][:40]}")


def _event(component: _Component, zone: ZoneInfo) -> Event:
    if component.broken:
        raise ValueError(component.broken)
    for name in ("DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID"):
        if len(component.properties.get(name, ())) > 1:
            raise ValueError(f"it has several {name}")
    starts, ends = component.properties.get("DTSTART"), component.properties.get("DTEND")
    if not starts:
        raise ValueError("it has no DTSTART")
    whole_days = any(component.text(flag).upper() in ("TRUE", "1") for flag in _ALL_DAY)
    first = _day(*starts[0], "DTSTART", zone, whole_days)
    replaced = component.properties.get("RECURRENCE-ID")
    return Event(
        uid=component.text("UID") or f"line {component.line}",
        name=component.text("SUMMARY"),
        line=component.line,
        first=first,
        days=_days(first, ends[0] if ends else None, component.text("DURATION"), zone, whole_days),
        rule=_rule(component.text("RRULE"), zone, whole_days),
        more=frozenset(_all_days(component.properties.get("RDATE", ()), "RDATE", zone, whole_days)),
        without=frozenset(_all_days(component.properties.get("EXDATE", ()), "EXDATE", zone, True)),
        replaces=_day(*replaced[0], "RECURRENCE-ID", zone, True) if replaced else None,
        and_following=replaced is not None and replaced[0][0].get("RANGE", "").upper() == "THISANDFUTURE",
        sequence=_whole(component.text("SEQUENCE")),
        why_not=CANCELLED if component.text("STATUS").upper() == "CANCELLED" else "",
    )


def _replaced_by(component: _Component, zone: ZoneInfo) -> date | None:
    """Return the day of the recurring event that an override replaces; None if the component is no override.

    It reads only the property RECURRENCE-ID. So it also works for an override whose other properties cannot be read.
    """
    replaced = component.properties.get("RECURRENCE-ID")
    try:
        return _day(*replaced[0], "RECURRENCE-ID", zone, True) if replaced else None
    except (ValueError, OverflowError):
        return None


def _override(component: _Component, day: date, why_not: str) -> Event:
    uid, name = component.text("UID"), component.text("SUMMARY")
    sequence = _whole(component.text("SEQUENCE"))
    return Event(uid, name, component.line, day, 1, replaces=day, sequence=sequence, why_not=why_not[:200])


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0


def _day(parameters: Mapping[str, str], value: str, name: str, zone: ZoneInfo, whole_days: bool) -> date:
    """Return the day that a value of the property ``name`` gives: the date itself, or the day to which a time belongs.

    A TZID is ignored. A time is accepted only if the event is marked as an event of whole days (``whole_days``) or the
    property has VALUE=DATE. If the property is DTSTART, the time must be midnight. Raises ValueError for every other
    value.
    """
    if written := _DATE.fullmatch(value.strip()):
        return date(*(int(part) for part in written.groups()))
    shown = _moment(value, name, zone)
    of_dates = str(parameters.get("VALUE", "")).upper() == "DATE"
    if not (whole_days or of_dates):
        raise ValueError(TIME_OF_DAY)
    if name == "DTSTART" and shown.time() != _MIDNIGHT:
        raise ValueError(f"it is marked as an all-day event, but begins at {shown:%H:%M}")
    return shown.date()


def _moment(value: str, name: str, zone: ZoneInfo) -> datetime:
    written = _TIME.fullmatch(value.strip())
    if written is None:
        raise ValueError(f"its {name} {value[:40]!r} is not a date such as 20261225")
    *numbers, utc = written.groups()
    shown = datetime(*(int(number) for number in numbers))  # type: ignore[arg-type]  # noqa: DTZ001 - a wall clock
    if not utc:
        return shown
    # Programs write midnight of the calendar's zone in UTC; a midnight of UTC itself is one as well.
    local = wall_clock(zone, instant_of(zone_named("UTC"), shown.date(), since_midnight(shown)))
    return shown if shown.time() == _MIDNIGHT != local.time() else local


def _days(first: date, end: Line | None, length: str, zone: ZoneInfo, whole_days: bool) -> int:
    """Return how many days the event lasts. DTEND (``end``) names the day after the last one. Without DTEND and
    DURATION (``length``) the event lasts one day.
    """
    if end is not None:
        last = _day(*end, "DTEND", zone, whole_days)
        if last < first:
            raise ValueError("it ends before it begins")
        ends_within = not _DATE.fullmatch(end[1].strip()) and _moment(end[1], "DTEND", zone).time() != _MIDNIGHT
        return max((last - first).days + ends_within, 1)
    if not length:
        return 1
    written = _LENGTH.fullmatch(length)
    if written is None or not any(written.groups()):
        raise ValueError(f"its DURATION {length[:40]!r} is not a duration such as P1D")
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in written.groups())
    whole = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return max(-(-whole // timedelta(days=1)), 1) if whole % timedelta(days=1) == timedelta() else whole.days + 1


def _all_days(lines: Sequence[Line], name: str, zone: ZoneInfo, whole_days: bool) -> Iterator[date]:
    values = chain.from_iterable(((parameters, each) for each in value.split(",")) for parameters, value in lines)
    for parameters, value in values:
        yield _day(parameters, value.partition("/")[0], name, zone, whole_days)


def _rule(text: str, zone: ZoneInfo, whole_days: bool) -> Mapping[str, str]:
    if not text:
        return {}
    try:
        parts = rules.parse_rule(text.upper())
    except ValueError as problem:
        raise ValueError(f"its RRULE cannot be followed: {problem}") from problem
    if "UNTIL" in parts:
        parts["UNTIL"] = _day({}, parts["UNTIL"], "UNTIL", zone, True).strftime("%Y%m%d")
    if not re.fullmatch(r"[1-9]\d{0,5}", parts.get("COUNT", "1")):
        raise ValueError(f"its RRULE's COUNT {parts['COUNT'][:40]!r} is not a positive whole number")
    return parts
