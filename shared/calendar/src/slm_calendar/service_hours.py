"""Service hours: when a service is promised, and how much open time lies between two instants."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from slm_calendar import hours_document, intervals
from slm_calendar.errors import CalendarError, NeverOpen, refusal
from slm_calendar.hours_definition import ALWAYS_OPEN, HoursDefinition
from slm_calendar.intervals import Interval
from slm_calendar.local_time import DAY
from slm_calendar.open_table import BLOCK_BITS, OpenTable, table_of
from slm_events.instants import UtcMicroseconds

__all__ = ["ALWAYS", "CalendarError", "NeverOpen", "ServiceHours", "parse_service_hours", "resolve_service_hours"]

HORIZON_BLOCKS = 9
"""How many tables are searched for an open instant. After ten years without one, the hours count as never open."""

FURTHEST = 100 * 365 * DAY
"""The furthest that a deadline may lie from its start, in microseconds."""


@dataclass(frozen=True)
class ServiceHours:
    """The times at which a service is promised. Instants and durations are integer microseconds, UTC.

    Every method is a pure function of the definition. Intervals are half-open: the opening instant is open, the closing
    instant is not.
    """

    definition: HoursDefinition
    always_open: bool = False

    @property
    def timezone(self) -> str:
        """The name of the IANA zone of these hours."""
        return self.definition.timezone

    @property
    def zone(self) -> ZoneInfo:
        """The IANA zone of these hours."""
        return self.definition.zone

    def intervals(self, start: UtcMicroseconds, end: UtcMicroseconds) -> list[Interval]:
        """Return the open intervals within [start, end), joined and clipped; empty if end is not after start."""
        if end <= start:
            return []
        if self.always_open:
            return [(start, end)]
        found: list[Interval] = []
        for block in range(start >> BLOCK_BITS, ((end - 1) >> BLOCK_BITS) + 1):
            table = table_of(self.definition, block)
            first = bisect_right(table.closes, start)
            last = bisect_left(table.opens, end)
            found.extend(zip(table.opens[first:last], table.closes[first:last], strict=True))
        return intervals.clip(intervals.union(found), start, end)

    def open_on(self, day: date) -> list[Interval]:
        """Return the open intervals of one local day in microseconds UTC. A day without open intervals is not a working
        day.
        """
        return self.definition.open_on(day)

    def open_time(self, start: UtcMicroseconds, end: UtcMicroseconds) -> int:
        """Return the microseconds of open time between two instants; 0 if end is not after start."""
        if end <= start:
            return 0
        if self.always_open:
            return end - start
        first, last = start >> BLOCK_BITS, end >> BLOCK_BITS
        table = table_of(self.definition, first)
        if first == last:
            return table.open_before(end) - table.open_before(start)
        between = sum(table_of(self.definition, block).total for block in range(first + 1, last))
        return table.total - table.open_before(start) + between + table_of(self.definition, last).open_before(end)

    def add(self, start: UtcMicroseconds, microseconds: int) -> UtcMicroseconds:
        """Return the instant at which ``microseconds`` of open time have passed since ``start``.

        If the open time is used up exactly at a closing instant, this closing instant is returned, not the next
        opening. For 0, the instant is ``start`` or, if the hours are closed then, the next opening. A negative number
        walks backward and may end exactly at an opening instant. Raises NeverOpen after ten years without open time,
        and CalendarError beyond a hundred years.
        """
        if microseconds == 0:
            return self.next_open(start)
        if self.always_open:
            return start + microseconds
        return self._forward(start, microseconds) if microseconds > 0 else self._backward(start, -microseconds)

    def next_open(self, at: UtcMicroseconds) -> UtcMicroseconds:
        """Return ``at`` if the hours are open then, else the next opening instant.

        Raises NeverOpen if the hours are closed during the ten years after ``at``.
        """
        if self.always_open:
            return at
        block = at >> BLOCK_BITS
        for n in range(HORIZON_BLOCKS + 1):
            table = table_of(self.definition, block + n)
            index = bisect_right(table.closes, at)
            if index < len(table.opens):
                return max(at, table.opens[index])
        raise self._never_open(at)

    def last_open(self, at: UtcMicroseconds) -> UtcMicroseconds:
        """Return ``at`` if the hours are open just before ``at``, else the last closing instant before ``at``.

        This is the mirror image of ``next_open``: walking backward, an interval includes its closing instant and
        excludes its opening. Raises NeverOpen if the hours are closed during the ten years before ``at``.
        """
        if self.always_open:
            return at
        block = at >> BLOCK_BITS
        for n in range(HORIZON_BLOCKS + 1):
            table = table_of(self.definition, block - n)
            index = bisect_left(table.opens, at) - 1
            if index >= 0:
                return min(at, table.closes[index])
        raise self._never_open(at)

    def is_open(self, at: UtcMicroseconds) -> bool:
        """Whether the instant is inside an open interval."""
        if self.always_open:
            return True
        table = table_of(self.definition, at >> BLOCK_BITS)
        index = bisect_right(table.opens, at) - 1
        return index >= 0 and at < table.closes[index]

    def without_exceptions(self) -> ServiceHours:
        """Return the weekly hours without holidays, overrides and breaks."""
        return service_hours_of(
            replace(self.definition, holidays=(), yearly=frozenset(), overrides=(), breaks=()),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the document from which ``parse_service_hours`` makes equal hours."""
        return hours_document.write_hours_document(self.definition)

    def _forward(self, start: UtcMicroseconds, remaining: int) -> UtcMicroseconds:
        block = start >> BLOCK_BITS
        table = table_of(self.definition, block)
        remaining += table.open_before(start)
        barren = 0
        while remaining > table.total:
            remaining -= table.total
            block += 1
            barren = self._still_within_reach(start, block, barren, table)
            table = table_of(self.definition, block)
        return table.instant_using_up(remaining)

    def _backward(self, start: UtcMicroseconds, remaining: int) -> UtcMicroseconds:
        block = start >> BLOCK_BITS
        table = table_of(self.definition, block)
        available = table.open_before(start)
        barren = 0
        while remaining > available:
            remaining -= available
            block -= 1
            barren = self._still_within_reach(start, block, barren, table)
            table = table_of(self.definition, block)
            available = table.total
        return table.instant_leaving(available - remaining)

    def _still_within_reach(self, start: UtcMicroseconds, block: int, barren: int, table: OpenTable) -> int:
        barren = 0 if table.total else barren + 1
        if barren > HORIZON_BLOCKS:
            raise self._never_open(start)
        if abs((block << BLOCK_BITS) - start) > FURTHEST:
            raise refusal("duration", "over 100 years away", "give a shorter duration or longer service hours")
        return barren

    def _never_open(self, at: UtcMicroseconds) -> NeverOpen:
        error = refusal("weekly", self.timezone, f"never open within ten years of {at} µs: give weekly intervals")
        return NeverOpen(error.errors)


@lru_cache(maxsize=4096)
def service_hours_of(definition: HoursDefinition) -> ServiceHours:
    """Return the service hours of a definition. Equal definitions share one object."""
    return ServiceHours(definition, definition.always_open)


ALWAYS = service_hours_of(ALWAYS_OPEN)
"""Service hours that are always open (24x7)."""


def parse_service_hours(document: str | Mapping[str, Any] | None) -> ServiceHours:
    """Return the service hours of a resolved document; ``"24x7"`` and None are always open.

    The document is ``{"timezone": IANA name, "weekly": {"mon": [["08:00", "18:00"]], ...}, "holidays": [{"date"} |
    {"from", "to"} | {"yearly": "MM-DD"}], "overrides": [{"date", "intervals"}], "breaks": [{"from", "to"}]}``; only the
    time zone is required. Raises CalendarError whose ``errors`` give every wrong field with its value and a remedy.
    """
    if document is None or document == "24x7":
        return ALWAYS
    return service_hours_of(hours_document.read_hours(document))


def resolve_service_hours(document: str | Mapping[str, Any], first_year: int, last_year: int) -> str | dict[str, Any]:
    """Return a document of service hours with day ranges and holidays as dates, so that its meaning never changes
    again.

    ``{"country": "DE", "subdivision": "BE"}`` and ``{"icalendar": "BEGIN:VCALENDAR…"}`` become the dates of the years
    first_year to last_year. ``"24x7"`` is returned unchanged.
    """
    if document == "24x7":
        return "24x7"
    return hours_document.resolve_hours_document(document, first_year, last_year)
