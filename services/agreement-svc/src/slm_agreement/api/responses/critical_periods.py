"""Response models of critical periods in an agreement's document."""

from __future__ import annotations

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer, absent_field


class OccurrenceDatesResponse(Answer):
    """One occurrence of a critical period, in local time of the agreement."""

    starts_at: str = Field(alias="from")
    """Local date and time at which it begins, such as `2026-11-03T18:00`"""
    to: str
    """Local date and time at which it ends"""


class OccurrencesResponse(Answer):
    """When a critical period occurs: either `dates`, or `rule`, `from` and `duration`."""

    dates: list[OccurrenceDatesResponse] = ABSENT
    """The occurrences one by one"""
    rule: str = ABSENT
    """Recurrence rule (RRULE of RFC 5545) by which occurrences begin"""
    starts_at: str = absent_field("from")
    """Local date and time from which the rule holds; each occurrence begins at this time of day"""
    duration: str = ABSENT
    """Length of each occurrence in elapsed time (ISO 8601 duration)"""


class CriticalPeriodResponse(Answer):
    """A time in which more is promised than usual, such as election night or the end of each month."""

    key: str
    """Key of the period, with which targets name it as `window: {occurrences_of: …}`"""
    title: str
    """Title for people"""
    occurrences: OccurrencesResponse
    """When it occurs, in the agreement's time zone"""
    freeze: bool
    """Whether planned maintenance that touches an occurrence is refused when somebody asks for it"""
