"""How far judging is behind what came in: beyond a limit the door takes nothing more, before anything is lost."""

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
"""Asked for while nothing is judged at all."""
EASED = 0.75
"""Who comes again shall find the lag at this share of the limit."""
TOPICS = (MEASUREMENTS.name, TICKETS.name)
Place = tuple[str, int]
"""(topic, partition)."""
Taken = Callable[[], Awaitable[Mapping[Place, int]]]
"""Up to where each partition has been judged, whichever replica does it."""


class Backlog:
    """A worker: compares the ends of the intake topics with what has been judged, twice a second.

    What this process appends itself counts at once. ``shown`` is told the records behind of each place at each look.
    """

    name = "backlog"

    def __init__(self, log: EventLog, taken: Taken, most: int, shown: Callable[[str, int, int], None]) -> None:
        self.progress = Progress()
        self._log = log
        self._taken = taken
        self._most = most
        self._shown = shown
        self._ends: dict[Place, int] = {}
        self._judged: dict[Place, int] = {}
        self._per_second: dict[Place, float] = {}
        self._looked_at = 0.0

    async def run(self) -> None:
        while True:
            await self.look()
            self.progress.beat()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Positions first, then the ends: the lag is never taken for less than it is."""
        judged = await self._taken()
        ends = await asyncio.gather(*(self._log.end_offsets(topic) for topic in TOPICS))
        now = time.monotonic()
        for topic, found in zip(TOPICS, ends, strict=True):
            for partition, end in found.items():
                place = (topic, partition)
                at = judged.get(place, 0)
                if place in self._judged:
                    self._per_second[place] = (at - self._judged[place]) / max(now - self._looked_at, LOOK_SECONDS / 10)
                self._judged[place] = at
                self._ends[place] = max(end, self._ends.get(place, 0))
                self._shown(topic, partition, self.behind(place))
        self._looked_at = now

    def behind(self, place: Place) -> int:
        """Records appended and not judged yet; 0 where nobody has looked so far."""
        judged = self._judged.get(place)
        return 0 if judged is None else max(0, self._ends[place] - judged)

    def appended(self, topic: str, stored: Sequence[tuple[int, int]]) -> None:
        """This process has appended records: (partition, offset) of each."""
        for partition, offset in stored:
            place = (topic, partition)
            self._ends[place] = max(self._ends.get(place, 0), offset + 1)

    def check(self, topic: str, partitions: Collection[int]) -> None:
        """Before anything is appended to these partitions. Raises Overload where one of them is too far behind."""
        late = [place for number in partitions if self.behind(place := (topic, number)) >= self._most]
        if late:
            raise Overload(
                f"{max(map(self.behind, late))} records of {topic} wait to be judged", max(map(self._wait, late))
            )

    def check_any(self, topic: str) -> None:
        """Before a request is even read. Raises Overload where no partition could take any of it."""
        places = [place for place in self._judged if place[0] == topic]
        if places and all(self.behind(place) >= self._most for place in places):
            self.check(topic, [partition for _, partition in places])

    def _wait(self, place: Place) -> int:
        """Seconds until the place will have caught up well below the limit, at the pace of late."""
        pace = self._per_second.get(place, 0.0)
        if pace <= 0:
            return UNKNOWN_SECONDS
        seconds = math.ceil((self.behind(place) - EASED * self._most) / pace)
        return min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
