"""Response models of service hours: calendars with their holidays, overrides and breaks."""

from __future__ import annotations

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer, absent_field


class HolidayResponse(Answer):
    """A closed day, a range of closed days, or a day that is closed every year."""

    date: str = ABSENT
    """The closed day (`YYYY-MM-DD`)"""
    first_day: str = absent_field("from")
    """First closed day of a range (`YYYY-MM-DD`)"""
    last_day: str = absent_field("to")
    """Last closed day of a range, included (`YYYY-MM-DD`)"""
    yearly: str = ABSENT
    """Month and day that are closed every year (`MM-DD`)"""
    name: str | None = ABSENT
    """What the holiday is called"""


class HoursOverrideResponse(Answer):
    """The service hours of a single day, which replace the hours of the week and of holidays."""

    date: str
    """The day (`YYYY-MM-DD`)"""
    intervals: list[list[str]]
    """Open intervals as pairs of local times (`HH:MM`), the second excluded; empty: closed all day"""
    name: str | None = ABSENT
    """Why this day is different"""


class ServiceHoursBreakResponse(Answer):
    """A break in the service hours, from one instant to another."""

    begins_at: str = Field(alias="from")
    """First closed instant (RFC 3339)"""
    ends_at: str = Field(alias="to")
    """The end of the break: the first open instant after it (RFC 3339)"""
    name: str | None = ABSENT
    """Why it is closed"""


class SkippedCalendarEventResponse(Answer):
    """An event of an iCalendar file from which no holiday was made."""

    event: str
    """Title of the event, or its line in the file"""
    begins: str
    """Its beginning as the file has it"""
    why: str
    """Why no holiday was made from it"""


class CalendarFileResponse(Answer):
    """A report on an iCalendar file whose events were read as holidays."""

    entry: str
    """Place of the file among the holidays that the author wrote"""
    events: int
    """Number of events in the file"""
    taken: int
    """Number of events that became holidays"""
    left_out: list[SkippedCalendarEventResponse]
    """The events that did not become holidays; only the first of them if there are many"""
    more_left_out: int = ABSENT
    """Number of further events that did not become holidays and are not listed"""


class ServiceHoursResponse(Answer):
    """Service hours, with the holidays of countries and of iCalendar files written out as dates."""

    timezone: str
    """IANA time zone of the local times and days"""
    weekly: dict[str, list[list[str]]]
    """Weekday (`mon` to `sun`) → open intervals as pairs of local times (`HH:MM`); a day that is missing is closed"""
    holidays: list[HolidayResponse] | None = ABSENT
    """Closed days"""
    overrides: list[HoursOverrideResponse] | None = ABSENT
    """Days with other hours, which take precedence over holidays and the week"""
    breaks: list[ServiceHoursBreakResponse] | None = ABSENT
    """Intervals that are closed whatever the other fields say"""
    calendars: list[CalendarFileResponse] | None = ABSENT
    """A report on each iCalendar file from which holidays were read"""
