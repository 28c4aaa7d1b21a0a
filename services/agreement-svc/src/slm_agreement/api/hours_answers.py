"""Response models of service hours: calendars with their holidays, overrides and breaks."""

from __future__ import annotations

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer, absent


class HolidayAnswer(Answer):
    """A closed day, a range of closed days, or a day that is closed every year."""

    date: str = ABSENT
    """The closed day (`YYYY-MM-DD`)"""
    first_day: str = absent("from")
    """First closed day of a range (`YYYY-MM-DD`)"""
    last_day: str = absent("to")
    """Last closed day of a range, included (`YYYY-MM-DD`)"""
    yearly: str = ABSENT
    """Month and day that are closed every year (`MM-DD`)"""
    name: str | None = ABSENT
    """What the holiday is called"""


class HoursOverrideAnswer(Answer):
    """Hours of a single day, which replace those of the week and of holidays."""

    date: str
    """The day (`YYYY-MM-DD`)"""
    intervals: list[list[str]]
    """Open intervals as pairs of local times (`HH:MM`), the second excluded; empty: closed all day"""
    name: str | None = ABSENT
    """Why this day is different"""


class BreakAnswer(Answer):
    """A closed interval between two instants."""

    begins_at: str = Field(alias="from")
    """First closed instant (RFC 3339)"""
    ends_at: str = Field(alias="to")
    """First open instant after it (RFC 3339)"""
    name: str | None = ABSENT
    """Why it is closed"""


class SkippedEventAnswer(Answer):
    """An event of an iCalendar file that did not give a holiday."""

    event: str
    """Title of the event, or its line in the file"""
    begins: str
    """Its beginning as the file writes it"""
    why: str
    """Why it gave no holiday"""


class CalendarFileAnswer(Answer):
    """A report on an iCalendar file whose holidays were written out as dates."""

    entry: str
    """Place of the file among the holidays that the author wrote"""
    events: int
    """Number of events in the file"""
    taken: int
    """Number of events that gave a holiday"""
    left_out: list[SkippedEventAnswer]
    """The events that gave none, shortened where there are many"""
    more_left_out: int = ABSENT
    """Number of further events that gave none and are not listed"""


class ServiceHoursAnswer(Answer):
    """A calendar of service hours, with holidays of countries and of files written out as dates."""

    timezone: str
    """IANA time zone of the local times and days"""
    weekly: dict[str, list[list[str]]]
    """Weekday (`mon` to `sun`) → open intervals as pairs of local times (`HH:MM`); a day that is missing is closed"""
    holidays: list[HolidayAnswer] | None = ABSENT
    """Closed days"""
    overrides: list[HoursOverrideAnswer] | None = ABSENT
    """Days with other hours, which win over holidays and the week"""
    breaks: list[BreakAnswer] | None = ABSENT
    """Closed intervals, taken out at the end"""
    calendars: list[CalendarFileAnswer] | None = ABSENT
    """A report on each iCalendar file that gave holidays"""
