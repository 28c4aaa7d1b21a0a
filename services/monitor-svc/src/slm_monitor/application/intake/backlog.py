"""The backlog of records that wait to be evaluated. Beyond a limit, requests are refused before anything is lost."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from slm_chassis.faults import Overload
from slm_chassis.log.port import EventLog
from slm_chassis.workers import Progress
from slm_events.catalogue import MEASUREMENTS, TICKETS

LOOK_SECONDS = 0.5
SHORTEST_SECONDS, LONGEST_SECONDS = 1, 60
UNKNOWN_SECONDS = 5
"""Seconds of ``Retry-After`` if no record is being evaluated at all, so that the wait cannot be estimated."""
EASED_SHARE = 0.75
"""Share of the limit to which the backlog should have fallen when a refused client tries again."""
TOPICS = (MEASUREMENTS.name, TICKETS.name)
Place = tuple[str, int]
"""(topic, partition)."""
Taken = Callable[[], Awaitable[Mapping[Place, int]]]
"""Function that reads the position up to which each partition has been evaluated, by whichever replica."""


class IntakeBacklogMonitor:
    """A worker that compares the ends of the intake topics with the evaluated positions, twice a second.

    Records that this process appends count at once. ``shown`` is called after each comparison with topic, partition and
    backlog.
    """

    name = "backlog"

    def __init__(self, log: EventLog, taken: Taken, most: int, shown: Callable[[str, int, int], None]) -> None:
        self.progress = Progress()
        self._log = log
        self._taken = taken
        self._most = most
        self._shown = shown
        self._ends: dict[Place, int] = {}
        self._evaluated: dict[Place, int] = {}
        self._per_second: dict[Place, float] = {}
        self._looked_at = 0.0

    async def run(self) -> None:
        while True:
            await self.look()
            self.progress.beat()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Read the evaluated positions, and after them the ends of the topics. In the other order, records that are
        evaluated in between would make the backlog look smaller than it is.
        """
        evaluated = await self._taken()
        ends = await asyncio.gather(*(self._log.end_offsets(topic) for topic in TOPICS))
        now = time.monotonic()
        for topic, found in zip(TOPICS, ends, strict=True):
            for partition, end in found.items():
                place = (topic, partition)
                at = evaluated.get(place, 0)
                if place in self._evaluated:
                    self._per_second[place] = (at - self._evaluated[place]) / max(
                        now - self._looked_at, LOOK_SECONDS / 10
                    )
                self._evaluated[place] = at
                self._ends[place] = max(end, self._ends.get(place, 0))
                self._shown(topic, partition, self.behind(place))
        self._looked_at = now

    def behind(self, place: Place) -> int:
        """Return the number of records appended and not evaluated yet; 0 before the first look."""
        evaluated = self._evaluated.get(place)
        return 0 if evaluated is None else max(0, self._ends[place] - evaluated)

    def appended(self, topic: str, stored: Sequence[tuple[int, int]]) -> None:
        """Count records that this process has appended. ``stored``: (partition, offset) of each."""
        for partition, offset in stored:
            place = (topic, partition)
            self._ends[place] = max(self._ends.get(place, 0), offset + 1)

    def check(self, topic: str, partitions: Collection[int]) -> None:
        """Check the backlog before records are appended to these partitions.

        Raises Overload if too many records wait in one of them.
        """
        late = [place for number in partitions if self.behind(place := (topic, number)) >= self._most]
        if late:
            raise Overload(
                f"{max(map(self.behind, late))} records of {topic} wait to be judged", max(map(self._wait, late))
            )

    def check_any(self, topic: str) -> None:
        """Check the backlog before a request is read. Raises Overload if no partition could take any record."""
        places = [place for place in self._evaluated if place[0] == topic]
        if places and all(self.behind(place) >= self._most for place in places):
            self.check(topic, [partition for _, partition in places])

    def _wait(self, place: Place) -> int:
        """Return the seconds until the backlog has fallen well below the limit, at the rate since the last look."""
        pace = self._per_second.get(place, 0.0)
        if pace <= 0:
            return UNKNOWN_SECONDS
        seconds = math.ceil((self.behind(place) - EASED_SHARE * self._most) / pace)
        return min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
