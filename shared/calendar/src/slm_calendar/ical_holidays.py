"""The holidays of an iCalendar file as dates of a service hours document, and a report on the events that give none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from slm_calendar import ical_events, rules
from slm_calendar.errors import CalendarError, Finding, finding, refusal
from slm_calendar.ical_events import CANCELLED, Event, SkippedEvent
from slm_calendar.local_time import zone_named

FIELD = "icalendar"
LONGEST = 200_000
"""The most characters of a file. Several years of a country's holidays need a tenth of it."""
MOST_FILES = 10
"""The most calendar files in one document of service hours."""
LISTED = 50
"""The most events without a holiday that are listed one by one; the rest are only counted."""
_MOST_RULES, _MOST_DENSE_RULES, _MOST_EMPTY_RULES = 200, 10, 3
"""Limits for recurring events of a file: all of them, the daily and weekly ones, and those that never occur. Together
they bound the work to 2 s.
"""
_MOST_DAYS = 5_000
_EARLIEST = 1900


@dataclass
class HolidayFileResult:
    """The result of reading a calendar file: its holidays, the number of its events, the number of events that gave a
    holiday, and the events that gave none, each with the reason.
    """

    holidays: list[dict[str, str]]
    events: int
    taken: int
    left_out: list[SkippedEvent]

    def account(self, entry: str) -> dict[str, Any]:
        """Return the report on the file that a signed document keeps.

        It says how many events gave a holiday, and lists at most LISTED of the events that gave none.
        """
        listed = [
            {"event": each.event or f"line {each.line}", "begins": each.begins, "why": each.why}
            for each in self.left_out[:LISTED]
        ]
        more = {"more_left_out": len(self.left_out) - LISTED} if len(self.left_out) > LISTED else {}
        return {"entry": entry, "events": self.events, "taken": self.taken, "left_out": listed, **more}


@dataclass
class ResolvedHolidays:
    """The holiday entries of a service hours document with every calendar file replaced by dates, and the report on
    each file.
    """

    entries: list[Any] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)


def resolve_icalendar_holidays(
    entries: list[Any], first_year: int, last_year: int, timezone: object = "UTC"
) -> ResolvedHolidays:
    """Return holiday entries of a service hours document with calendar files resolved to dates.

    Each ``{"icalendar": text}`` is replaced by the dates of its all-day events in the years first_year to last_year.
    Raises CalendarError for a text that is no calendar, and for a calendar without a holiday in those years.
    """
    errors: list[Finding] = []
    done = ResolvedHolidays()
    for index, entry in enumerate(entries):
        if not (isinstance(entry, Mapping) and FIELD in entry):
            done.entries.append(entry)
            continue
        place, text = f"holidays[{index}]", entry[FIELD]
        errors += [finding(f"{place}.{key}", entry[key], "leave it out") for key in set(entry) - {FIELD, "name"}]
        if len(done.accounts) == MOST_FILES:
            errors.append(finding(f"{place}.{FIELD}", "", f"give at most {MOST_FILES} files; join some of them"))
            break
        try:
            found = read_holidays(text if isinstance(text, str) else "", first_year, last_year, _zone(timezone))
        except CalendarError as error:
            errors += [{**each, "field": f"{place}.{FIELD}"} for each in error.errors]
            continue
        done.entries += found.holidays
        done.accounts.append(found.account(place))
    if errors:
        raise CalendarError(errors)
    return done


def _zone(timezone: object) -> ZoneInfo:
    try:
        return zone_named(str(timezone))
    except CalendarError:
        return zone_named("UTC")  # the document is refused for it, by its own field


def read_holidays(text: str, first_year: int, last_year: int, zone: ZoneInfo | None = None) -> HolidayFileResult:
    """Read the all-day events of the years first_year to last_year as holidays. Recurring events are expanded.

    A holiday is ``{"date"}`` or ``{"from", "to"}`` with a name. ``zone`` (None: UTC) decides the day of times in UTC.
    Raises CalendarError for a text that is no calendar, needs too much work or gives no holiday.
    """
    if last_year < first_year:
        raise refusal("last_year", last_year, f"give a year that is not before {first_year}")
    if len(text) > LONGEST:
        raise refusal("holidays", text[:100], f"give an iCalendar document of at most {LONGEST} characters")
    try:
        events, left_out = ical_events.read_events(text, zone or zone_named("UTC"))
    except ical_events.Unreadable as problem:
        raise refusal("holidays", text, f"give an iCalendar document (RFC 5545): {problem}") from problem
    found = _Expansion(first_year, last_year).of(events)
    left_out = sorted([*left_out, *found.left_out], key=lambda each: (each.why == CANCELLED, each.line))
    holidays = sorted(found.holidays, key=lambda each: each.get("date") or each["from"])
    if not holidays:
        remedy = (
            f"no event is a holiday from {first_year} to {last_year}: {_summary(left_out) or 'the file has no event'}"
        )
        raise refusal("holidays", text, f"{remedy}; give a calendar whose events are whole days of these years")
    return HolidayFileResult(holidays, len(events) + len(left_out) - found.among_events, found.taken, left_out)


def _summary(left_out: Sequence[SkippedEvent]) -> str:
    reasons = Counter(each.why for each in left_out)
    return "; ".join(f"{count} because {why}" for why, count in reasons.most_common(5))


class _Expansion:
    """The days of a file's events from ``first_year`` to ``last_year``. The work for one file is limited."""

    def __init__(self, first_year: int, last_year: int) -> None:
        self.begin, self.end = date(first_year, 1, 1), date(min(last_year, MAXYEAR), 12, 31)
        self.left_out: list[SkippedEvent] = []
        self.taken = 0
        self.among_events = 0
        self._unique: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        self._empty_rules = 0

    @property
    def holidays(self) -> list[dict[str, str]]:
        return list(self._unique.values())

    def of(self, events: Sequence[Event]) -> _Expansion:
        recurring = [event for event in events if event.rule]
        dense = sum(event.rule["FREQ"] in ("DAILY", "WEEKLY") for event in recurring)
        if len(recurring) > _MOST_RULES or dense > _MOST_DENSE_RULES:
            remedy = f"give at most {_MOST_RULES} recurring events, at most {_MOST_DENSE_RULES} of them daily or weekly"
            raise refusal("holidays", f"{len(recurring)} recurring events", remedy)
        newest: dict[tuple[str, date | None], int] = {}
        for event in events:
            place = (event.uid, event.replaces)
            newest[place] = max(event.sequence, newest.get(place, 0))
        overrides: dict[str, dict[date, Event]] = defaultdict(dict)
        for event in events:
            if event.replaces is not None and event.sequence == newest[event.uid, event.replaces]:
                overrides[event.uid][event.replaces] = event
        for event in events:
            if event.sequence < newest[event.uid, event.replaces]:
                self._leave_out(event, "a later revision of it is in the file")
            elif event.replaces is None:
                self._take(event, self._days_of(event, overrides[event.uid]))
            else:
                self._take(event, iter([event.first]))
        return self

    def _take(self, event: Event, days: Iterator[date]) -> None:
        why, inside = event.why_not, list[date]()
        if not why:
            try:
                inside = [day for day in days if self._holds(event, day)]
                why = "" if inside else f"it lies outside of {self.begin.year} to {self.end.year}"
            except CalendarError:
                raise
            except (ValueError, TypeError, LookupError, OverflowError) as problem:
                why = f"its RRULE cannot be followed: {problem}"
        if why:
            self._leave_out(event, why)
            return
        self.taken += 1
        for day in inside:
            holiday = _holiday(event, day)
            # Outlook and others repeat a holiday in each of the calendars they merge.
            self._unique[tuple(sorted(holiday.items()))] = holiday
        if len(self._unique) > _MOST_DAYS:
            raise refusal("holidays", event.name, f"give a calendar of at most {_MOST_DAYS} holidays")

    def _leave_out(self, event: Event, why: str) -> None:
        self.among_events += 1
        self.left_out.append(SkippedEvent(event.name[:80], str(event.first), why[:200], event.line))

    def _holds(self, event: Event, day: date) -> bool:
        return day <= self.end and day + timedelta(days=event.days - 1) >= self.begin

    def _days_of(self, event: Event, overrides: Mapping[date, Event]) -> Iterator[date]:
        """Yield the days on which the event begins, without the days that overrides replace."""
        moves = sorted((day, each) for day, each in overrides.items() if each.and_following)
        for day in sorted({*self._recurring(event), *event.more} - event.without - set(overrides)):
            # RANGE=THISANDFUTURE moves all later days by as much as its own day; if cancelled, it removes them.
            last = next((each for since, each in reversed(moves) if since <= day), None)
            if last is None:
                yield day
            elif not last.why_not:
                assert last.replaces is not None
                yield day + (last.first - last.replaces)

    def _recurring(self, event: Event) -> Iterator[date]:
        if not event.rule:
            yield event.first
            return
        if event.first.year < _EARLIEST:
            raise ValueError(f"it begins before {_EARLIEST}")
        parts = dict(event.rule)
        count, until = int(parts.pop("COUNT", 0)), parts.pop("UNTIL", None)
        latest = min(self.end, datetime.strptime(until, "%Y%m%d").date()) if until else self.end  # noqa: DTZ007
        if latest < event.first:
            return
        found = rules.matching_times(parts, _midnight(event.first), _midnight(latest))
        is_empty = True
        for each in islice(found, count or None):
            is_empty = False
            yield each.date()
        self._empty_rules += is_empty
        if self._empty_rules > _MOST_EMPTY_RULES:
            raise refusal("holidays", event.name, "several of its recurring events never occur; mend their RRULE")
        if is_empty:
            raise ValueError(f"it does not occur by {latest}")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock


def _holiday(event: Event, first: date) -> dict[str, str]:
    last = first + timedelta(days=event.days - 1)
    when = {"date": str(first)} if event.days == 1 else {"from": str(first), "to": str(last)}
    return when | ({"name": event.name} if event.name else {})
