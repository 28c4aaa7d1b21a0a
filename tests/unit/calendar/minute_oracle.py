"""An independent answer: every UTC minute of a stretch marked open or closed, and prefix sums over them.

It shares no code with the product and goes the other way: from UTC minutes to the wall clock, never back.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Instants = npt.NDArray[np.int64]
MINUTE = 60_000_000
DAY = 1440
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time on purpose


@lru_cache(maxsize=1)
def wall_clock(zone: str, first: int, minutes: int) -> tuple[list[int], dict[int, int]]:
    """What the zone's clock shows at each UTC minute since ``first``, and the first index at which it shows it.

    Both in minutes since 1970. The zone is asked each hour, and each minute where it changed within the hour.
    """
    where = ZoneInfo(zone)

    def local(minute: int) -> int:
        shown = (EPOCH + timedelta(minutes=first + minute)).astimezone(where).replace(tzinfo=None)
        return (shown - NAIVE_EPOCH) // timedelta(minutes=1)

    clock: list[int] = []
    for hour in range(0, minutes, 60):
        start = local(hour)
        steady = local(hour + 60) - start == 60
        clock += range(start, start + 60) if steady else [local(hour + n) for n in range(60)]
    return clock, dict(zip(reversed(clock), range(len(clock) - 1, -1, -1), strict=True))


class MinuteOracle:
    """Open minutes of a document in a UTC year and two days around it."""

    def __init__(self, document: dict[str, Any], year: int) -> None:
        first = (datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(minutes=1) - 2 * DAY
        after = (datetime(year + 1, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(minutes=1) + 2 * DAY
        self.origin = first * MINUTE
        self.clock, self.first_seen = wall_clock(document["timezone"], first, after - first)
        self.is_open = bytearray(len(self.clock))
        for day in sorted({shown // DAY for shown in self.clock[::60]}):
            for opens, closes in self.hours_on(document, date(1970, 1, 1) + timedelta(days=day)):
                begin, end = self.minute_of(day, opens), self.minute_of(day, closes)
                if begin is not None and end is not None and begin < end:
                    self.is_open[begin:end] = b"\1" * (end - begin)
        for pause in document.get("breaks", []):
            begin, end = (self.utc_minute(pause[edge]) for edge in ("from", "to"))
            self.is_open[begin:end] = bytes(end - begin)
        self.sums = [0, *accumulate(self.is_open)]

    @staticmethod
    def hours_on(document: dict[str, Any], day: Any) -> Any:
        for override in document.get("overrides", []):
            if override["date"] == str(day):
                return override["intervals"]
        for holiday in document.get("holidays", []):
            if holiday.get("yearly") == f"{day:%m-%d}" or str(day) == holiday.get("date"):
                return []
            if "from" in holiday and holiday["from"] <= str(day) <= holiday["to"]:
                return []
        return document["weekly"].get(WEEKDAYS[day.weekday()], [])

    def minute_of(self, day: int, text: str) -> int | None:
        """The first minute that shows this local time. A local time that was skipped is looked for after the gap."""
        hours, minutes = (int(part) for part in text.split(":"))
        wanted = day * DAY + hours * 60 + minutes
        if wanted in self.first_seen or not self.clock[0] < wanted < self.clock[-1]:
            return self.first_seen.get(wanted)
        # The clock jumped over it: between two neighbouring minutes of which one shows less and the next more.
        jump = bisect_left(self.clock, wanted)
        return self.first_seen[wanted + self.clock[jump] - self.clock[jump - 1] - 1]

    def utc_minute(self, text: str) -> int:
        return (datetime.fromisoformat(text) - EPOCH) // timedelta(minutes=1) - self.origin // MINUTE

    def open_before(self, instant: int) -> int:
        """Open microseconds from the oracle's origin to the instant."""
        minute, rest = divmod(instant - self.origin, MINUTE)
        inside = self.sums[minute + 1] - self.sums[minute]
        return self.sums[minute] * MINUTE + inside * rest

    def intervals(self, start: int, end: int) -> list[tuple[int, int]]:
        """Runs of open minutes between two instants that are whole minutes."""
        found = []
        minute, last = (start - self.origin) // MINUTE, (end - self.origin) // MINUTE
        while (begin := self.is_open.find(1, minute, last)) >= 0:
            closes = self.is_open.find(0, begin, last)
            minute = last if closes < 0 else closes
            found.append((self.origin + begin * MINUTE, self.origin + minute * MINUTE))
        return found

    def open_time(self, start: int, end: int) -> int:
        return max(0, self.open_before(end) - self.open_before(start)) if end > start else 0

    def add(self, start: int, amount: int) -> int:
        """The first instant (backward: the last) by which the open time is used up; amount is not zero."""
        wanted = self.open_before(start) + amount
        whole, rest = divmod(wanted, MINUTE)
        if amount > 0 and not rest:
            return self.origin + bisect_left(self.sums, whole) * MINUTE
        return self.origin + (bisect_right(self.sums, whole) - 1) * MINUTE + rest


class PrefixSums:
    """The oracle's answers for many instants at once; same minutes, counted by numpy."""

    def __init__(self, oracle: MinuteOracle) -> None:
        self.origin = oracle.origin
        self.is_open = np.frombuffer(bytes(oracle.is_open) + b"\0", dtype=np.uint8).astype(np.int64)
        self.sums = np.concatenate(([0], np.cumsum(self.is_open)))

    def open_before(self, instants: Instants) -> Instants:
        minutes, rest = np.divmod(instants - self.origin, MINUTE)
        return self.sums[minutes] * MINUTE + self.is_open[minutes] * rest

    def open_time(self, starts: Instants, ends: Instants) -> Instants:
        return np.maximum(0, self.open_before(ends) - self.open_before(starts))

    def first_with(self, used: Instants) -> Instants:
        """The first instant before which ``used`` microseconds are open in all, counted from the oracle's origin.
        ``used`` must be above zero.
        """
        whole, rest = np.divmod(used, MINUTE)
        closing = self.origin + np.searchsorted(self.sums, whole, side="left") * MINUTE
        within = self.origin + (np.searchsorted(self.sums, whole, side="right") - 1) * MINUTE + rest
        return np.where(rest == 0, closing, within)

    def last_with(self, used: Instants) -> Instants:
        """The last instant before which ``used`` microseconds are open in all, counted from the oracle's origin."""
        whole, rest = np.divmod(used, MINUTE)
        return self.origin + (np.searchsorted(self.sums, whole, side="right") - 1) * MINUTE + rest

    def total(self) -> int:
        return int(self.sums[-1]) * MINUTE
