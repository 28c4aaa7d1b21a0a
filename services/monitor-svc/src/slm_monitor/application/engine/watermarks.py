"""Watermarks: the instants up to which timers may fire, because every record appended before them has been taken in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from slm_chassis.clock import Clock
from slm_chassis.log.port import EventLog
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.engine.partition import Partition
from slm_monitor.application.state.ports import EvaluationStore

_TOPICS = (MEASUREMENTS.name, TICKETS.name)
SOON, FAR = 0.002, 0.02


class PartitionWatermarks:
    """Computes the watermarks of the owned partitions.

    A partition's timers up to an instant may fire once it has taken in every record appended before that instant.
    """

    def __init__(self, store: EvaluationStore, log: EventLog, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._waits: dict[int, tuple[int, dict[str, int]]] = {}
        self._far: dict[int, tuple[int, dict[tuple[str, int], int]]] = {}
        """Partition → (instant, positions that every partition must reach before derived targets are evaluated up to
        that instant).
        """
        self._ahead = 0
        """µs by which the clock of this process is ahead of the database's clock, which decides. Looking for due timers
        is useless before the database's clock has reached their instant.
        """

    def forget(self, number: int) -> None:
        self._waits.pop(number, None)
        self._far.pop(number, None)

    def clear(self) -> None:
        self._waits.clear()
        self._far.clear()

    def pause(self, owned: Mapping[int, Partition], longest: float) -> float:
        """Return for how many seconds, at most ``longest``, no timer can fire unless a record arrives.

        The seconds are of the real clock, not of an accelerated one.
        """
        found = [due for each in owned.values() for due in (each.next_due(), each.derived_due())]
        dues = [due for due in found if due is not None]
        wait = self._clock.real_seconds(min(dues) + self._ahead - self._clock.now()) if dues else longest
        if any(not ends for _, ends in self._waits.values()):
            return 0.0
        # A due timer that waits for records must not spin in a busy loop.
        return min(longest, max(wait, SOON if self._waits else FAR if self._far else 0.0))

    def is_settled(self, number: int, partition: Partition) -> bool:
        """Return whether a partition has evaluated everything that it has taken in: no timer is
        due, and nothing waits.
        """
        due = partition.next_due()
        is_due = due is not None and due <= self._clock.now() - self._ahead
        return number not in self._waits and not partition.has_waiting and not is_due

    async def look(self, owned: Mapping[int, Partition]) -> list[tuple[int, int]]:
        """Return the partitions whose timers may fire now, each with its watermark."""
        await self._look_at_due(owned)
        found = []
        for number, (watermark, ends) in list(self._waits.items()):
            partition = owned.get(number)
            if partition is None:
                del self._waits[number]
            elif all(partition.positions[topic] >= end for topic, end in ends.items()):
                del self._waits[number]
                found.append((number, watermark))
        return found

    def postpone(self, number: int, watermark: UtcMicroseconds) -> None:
        """Have the next call of ``look`` return this partition again, because timers up to this watermark remain."""
        self._waits[number] = (watermark, {})

    async def look_everywhere(self, owned: Mapping[int, Partition]) -> list[tuple[int, int]]:
        """Return (partition, global watermark) for each partition that may evaluate derived targets now."""
        now = self._clock.now()
        due = [
            number
            for number, partition in owned.items()
            if number not in self._far and (at := partition.derived_due()) is not None and at <= now - self._ahead
        ]
        if due:
            present = await self._store.present()
            self._ahead = max(0, now - present)
            ends = await self._ends()
            wanted = {(topic, number): end for topic, each in ends.items() for number, end in each.items()}
            self._far |= dict.fromkeys(due, (min(now, present), wanted))
        if not self._far:
            return []
        positions = await self._store.processed_positions()
        reached = [
            (number, watermark)
            for number, (watermark, wanted) in self._far.items()
            if all(positions.get(place, 0) >= end for place, end in wanted.items())
        ]
        for number, _ in reached:
            del self._far[number]
        return [(number, watermark) for number, watermark in reached if number in owned]

    async def _ends(self) -> dict[str, Mapping[int, int]]:
        found = await asyncio.gather(*(self._log.end_offsets(topic) for topic in _TOPICS))
        return dict(zip(_TOPICS, found, strict=True))

    async def _look_at_due(self, owned: Mapping[int, Partition]) -> None:
        now = self._clock.now()
        due = [
            number
            for number, partition in owned.items()
            if number not in self._waits and not self.is_settled(number, partition)
        ]
        if not due:
            return
        # The order matters: first the instant, then the end offsets. Every record appended before the instant lies
        # below them.
        present = await self._store.present()
        self._ahead = max(0, now - present)
        ends = await self._ends()
        for number in due:
            self._waits[number] = (min(now, present), {topic: ends[topic][number] for topic in _TOPICS})
