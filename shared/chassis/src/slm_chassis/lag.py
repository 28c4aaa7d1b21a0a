"""The lag of a consumer: how many records it has not read, and up to which instant it has read everything."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from prometheus_client import Gauge
from sqlalchemy import text

from slm_chassis.database import Database
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.port import EventLog, LogError
from slm_chassis.metrics import Metrics
from slm_chassis.workers import Progress, Rest
from slm_events.instants import UtcMicroseconds

LOOK_SECONDS, IDLE_SECONDS = 0.5, 2.0
"""Seconds between two checks of the lag: while the consumer handles records, and while it has none."""
_MOST_MARKS = 1_000
"""How many marks are kept while a consumer is behind: at one every half second they reach eight minutes back."""

_POSITIONS = text(
    "SELECT at.on_server, topic, partition, position FROM (SELECT clock_timestamp() AS on_server) AS at"
    " LEFT JOIN consumer_position ON consumer = :group"
)
Place = tuple[str, int]
"""A partition as (topic, partition number)."""


@dataclass(frozen=True, slots=True)
class ConsumerPosition:
    """How far a consumer had read when the lag was measured."""

    until_at: UtcMicroseconds | None = None
    """Everything in the log at this instant has been read (installation time, microseconds UTC). None if not
    known yet.
    """
    until_on_server: datetime | None = None
    """The same instant on the clock of the consumer's database server."""
    behind: int = 0
    """How many records in the log the consumer has not read."""


class _Mark(NamedTuple):
    """The end offsets of all partitions at one instant."""

    at: UtcMicroseconds
    on_server: datetime
    monotonic: float
    ends: Mapping[Place, int]


class LagMeter:
    """A worker that measures the lag of a consumer group: it compares the ends of the topics with the stored positions.

    It measures the whole group, whichever replica reads a partition.
    """

    def __init__(
        self, group: str, database: Database, log: EventLog, topics: Sequence[str], metrics: Metrics | None = None
    ) -> None:
        self.name = f"lag of {group}"
        self.progress = Progress()
        self.heard = ConsumerPosition()
        self._group = group
        self._database = database
        self._log = log
        self._topics = topics
        self._marks: deque[_Mark] = deque()
        self._reached = time.monotonic()
        self._rest = Rest(LOOK_SECONDS, IDLE_SECONDS)
        self._records: Gauge | None = None
        self._seconds: Gauge | None = None
        if metrics is not None:
            self._records = metrics.gauge("behind_records", "Records in the log that have not been read.", "topic")
            self._seconds = metrics.gauge(
                "behind_seconds",
                "Age in seconds of the latest instant up to which everything in the log has been read.",
            )

    def wake(self) -> None:
        """Measure soon, because records have been handled."""
        self._rest.wake()

    async def run(self) -> None:
        """Measure until cancelled, with pauses of ``LOOK_SECONDS`` to ``IDLE_SECONDS``."""
        while True:
            try:
                await self.look()
            except Exception as error:
                # While log or database cannot be reached, the instant stays the same and its age grows.
                if not is_infrastructure_fault(error) and not isinstance(error, LogError):
                    raise
            self.progress.beat()
            if self.heard.behind:
                self._rest.wake()
            await self._rest.take()

    async def look(self) -> ConsumerPosition:
        """Measure once and return the result; raises infrastructure faults and LogError.

        Positions are read before the ends, so that the lag is never shown smaller than it is.
        """
        now = self._database.clock.now()
        positions, on_server = await self._positions()
        found = await asyncio.gather(*(self._log.end_offsets(topic) for topic in self._topics))
        ends = {
            (topic, partition): end
            for topic, offsets in zip(self._topics, found, strict=True)
            for partition, end in offsets.items()
        }
        self._mark(_Mark(now, on_server, time.monotonic(), ends))
        self._show(positions, ends)
        return self.heard

    def _mark(self, mark: _Mark) -> None:
        if len(self._marks) >= _MOST_MARKS:
            # Half of them are enough to measure a long backlog.
            self._marks = deque(list(self._marks)[::2])
        self._marks.append(mark)

    def _show(self, positions: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        behind = {place: max(0, end - positions.get(place, 0)) for place, end in ends.items()}
        until = self.heard
        while self._marks and all(positions.get(place, 0) >= end for place, end in self._marks[0].ends.items()):
            mark = self._marks.popleft()
            until = ConsumerPosition(mark.at, mark.on_server)
            self._reached = mark.monotonic
        self.heard = ConsumerPosition(until.until_at, until.until_on_server, sum(behind.values()))
        if self._records is not None and self._seconds is not None:
            for topic in self._topics:
                self._records.labels(topic).set(sum(count for place, count in behind.items() if place[0] == topic))
            self._seconds.set(time.monotonic() - self._reached)

    async def _positions(self) -> tuple[dict[Place, int], datetime]:
        async with self._database.read() as connection:
            rows = (await connection.execute(_POSITIONS, {"group": self._group})).all()
        # Without a position there is one row of the instant alone.
        return {(row.topic, row.partition): row.position for row in rows if row.topic is not None}, rows[0].on_server
