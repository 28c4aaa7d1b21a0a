"""Schedule of checkpoints. After a large load it also schedules a garbage collection, for a time without records."""

from __future__ import annotations

import time
from collections.abc import Mapping

from slm_chassis.clock import Clock
from slm_chassis.collecting import exclude_from_collection
from slm_monitor.application.engine.partition import Partition
from slm_monitor.application.state.ports import EvaluationStore

WHOLE_SECONDS = 30.0
WHOLE_ROWS = 100_000
QUIET_SECONDS = 2.0
"""Seconds without records after which the next checkpoint of a partition also writes its rows to the record.

While records arrive, rows and accumulators are written less often than figures. Until then, the rows are kept in the
blobs of the steps. A write costs about the same for an indicator whether it brings one row or many, so more rows per
write are cheaper. The number of rows that a restart must count again limits how long rows may wait.
"""
GROWN_SECONDS = 5.0
"""Seconds after a large load at which the loaded objects are excluded from garbage collection, even if records keep
arriving."""


class CheckpointSchedule:
    """Decides when partitions are saved, by the times of their last checkpoints and of their last records."""

    def __init__(self, store: EvaluationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._saved_at: dict[int, float] = {}
        self._whole_at: dict[int, float] = {}
        self._taken_at: dict[int, float] = {}
        self._grown_at: float | None = None
        self._is_set_apart = False

    def note_records(self, number: int) -> None:
        """Record that the partition with this number received records just now."""
        self._taken_at[number] = time.monotonic()

    def grown(self) -> None:
        """Record that many objects have just been loaded, which will remain in memory."""
        self._grown_at, self._is_set_apart = time.monotonic(), False

    @property
    def is_quiet(self) -> bool:
        """Return whether no partition has received a record within the last ``QUIET_SECONDS``."""
        return time.monotonic() - max(self._taken_at.values(), default=0.0) >= QUIET_SECONDS

    def due(self, owned: Mapping[int, Partition], at_most_every: float) -> list[tuple[int, bool]]:
        """Return the partitions whose last checkpoint is at least ``at_most_every`` seconds old.

        Each is a pair: the partition's number, and whether its checkpoint must be whole. A whole checkpoint contains
        rows and accumulators too. These partitions get a whole checkpoint:

        - each partition with at least ``WHOLE_ROWS`` unsaved rows
        - the partition whose last whole checkpoint is the oldest, if that checkpoint is old enough or no records arrive

        All other partitions wait for a later call, so that no call writes many whole checkpoints in a row.
        """
        now = time.monotonic()
        waiting = [number for number, partition in owned.items() if partition.has_rows]
        whole = min(waiting, key=lambda number: self._whole_at.get(number, 0.0), default=None)
        return [
            (number, (number == whole and self._is_whole_due(number, now)) or partition.unsaved_rows >= WHOLE_ROWS)
            for number, partition in owned.items()
            if now - self._saved_at.get(number, 0.0) >= at_most_every
        ]

    def _is_whole_due(self, number: int, now: float) -> bool:
        is_quiet = now - self._taken_at.get(number, 0.0) >= QUIET_SECONDS
        return is_quiet or now - self._whole_at.get(number, 0.0) >= WHOLE_SECONDS

    async def save(self, number: int, partition: Partition, is_whole: bool) -> bool:
        """Write the checkpoint of a partition; return whether it contains messages for other partitions.

        Raises PartitionNotOwned.
        """
        checkpoint = await partition.checkpoint(self._clock.now(), is_whole)
        self._saved_at[number] = time.monotonic()
        if is_whole:
            self._whole_at[number] = self._saved_at[number]
        if checkpoint is None:
            return False
        await self._store.checkpoint(number, partition.epoch, checkpoint)
        return bool(checkpoint.news)

    def tidy(self) -> None:
        """After a large load, exclude the loaded objects from garbage collection. The worker calls this in every turn.

        While no partition receives records, this collects garbage and then excludes the objects. While records keep
        arriving, this excludes the objects ``GROWN_SECONDS`` after the load, and collects garbage in the next pause.
        """
        if self._grown_at is None:
            return
        if self.is_quiet:
            exclude_from_collection()
            self._grown_at = None
        elif not self._is_set_apart and time.monotonic() - self._grown_at >= GROWN_SECONDS:
            exclude_from_collection(is_hurried=True)
            self._is_set_apart = True
