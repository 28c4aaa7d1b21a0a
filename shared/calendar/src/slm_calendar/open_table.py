"""Tables of open intervals with running sums, each for about 13 months, computed on first use."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from datetime import timedelta
from functools import lru_cache
from itertools import accumulate

from slm_calendar import intervals
from slm_calendar.hours_definition import HoursDefinition
from slm_calendar.intervals import Interval
from slm_calendar.local_time import utc_date
from slm_events.instants import UtcMicroseconds

BLOCK_BITS = 45
"""A table covers 2^45 µs, which are 407 days. The number of an instant's table is the instant shifted right by these
bits, which costs far less than finding the year.
"""

TABLES_KEPT = 4096
"""The number of tables kept for all service hours of the process. A table of office hours takes about 10 KB."""


class OpenTable:
    """The open intervals within the 407 days of one table. For each interval it also has the open time, in
    microseconds, from the table's start to the end of the interval.
    """

    __slots__ = ("closes", "opens", "sums", "total")

    def __init__(self, pairs: list[Interval]) -> None:
        self.opens = array("q", (start for start, _ in pairs))
        self.closes = array("q", (end for _, end in pairs))
        self.sums = array("q", accumulate(end - start for start, end in pairs))
        self.total: int = self.sums[-1] if pairs else 0

    def open_before(self, instant: UtcMicroseconds) -> int:
        """Return the microseconds of open time from the table's start to the instant."""
        index = bisect_right(self.opens, instant) - 1
        if index < 0:
            return 0
        closes = self.closes[index]
        return self.sums[index] if instant >= closes else self.sums[index] - closes + instant

    def instant_using_up(self, open_time: int) -> UtcMicroseconds:
        """Return the earliest instant at which the open time since the table's start reaches ``open_time``
        microseconds.

        0 < open_time ≤ total. If the open time reaches it exactly at closing, the closing instant is returned.
        """
        index = bisect_left(self.sums, open_time)
        return self.closes[index] - (self.sums[index] - open_time)

    def instant_leaving(self, open_time: int) -> UtcMicroseconds:
        """Return the latest instant at which the open time since the table's start is still at most ``open_time``
        microseconds.

        0 ≤ open_time < total.
        """
        index = bisect_right(self.sums, open_time)
        return self.closes[index] - (self.sums[index] - open_time)


@lru_cache(maxsize=TABLES_KEPT)
def table_of(definition: HoursDefinition, block: int) -> OpenTable:
    """Return the table for [block·2^45, (block+1)·2^45) µs."""
    start, end = block << BLOCK_BITS, (block + 1) << BLOCK_BITS
    # A local date reaches at most 14 hours east and 12 west of its UTC namesake, and Apia once moved by a whole day.
    margin = timedelta(days=2)
    pairs = definition.open_between(utc_date(start) - margin, utc_date(end) + margin)
    return OpenTable(intervals.clip(pairs, start, end))
