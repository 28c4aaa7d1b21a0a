"""When a partition's figures, rows and sums are put away, and what else is done where nobody waits."""

from __future__ import annotations

import time
from collections.abc import Mapping

from slm_chassis.clock import Clock
from slm_chassis.collecting import set_apart
from slm_monitor.application.engine.partition import Partition
from slm_monitor.application.state.ports import EvaluationStore

WHOLE_SECONDS = 30.0
WHOLE_ROWS = 100_000
QUIET_SECONDS = 2.0
"""Rows go into the record, and sums beside them, less often than figures: until then the steps' blobs have them. What
that costs is by indicator, so the more rows of each come together the better; how many may, is what a restart has to
count again. Where nothing comes any more, it is done at once."""
GROWN_SECONDS = 5.0
"""So long after much was loaded what it is made of is set apart from garbage collection, where there is no quiet."""


class CheckpointSchedule:
    """Keeps the times at which each partition was put away, and at which something came for it."""

    def __init__(self, store: EvaluationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._saved_at: dict[int, float] = {}
        self._whole_at: dict[int, float] = {}
        self._taken_at: dict[int, float] = {}
        self._grown_at: float | None = None
        self._is_set_apart = False

    def taken(self, number: int) -> None:
        """Something came for a partition."""
        self._taken_at[number] = time.monotonic()

    def grown(self) -> None:
        """Much was loaded that is there to stay."""
        self._grown_at, self._is_set_apart = time.monotonic(), False

    @property
    def is_quiet(self) -> bool:
        """Whether nothing came for any partition lately."""
        return time.monotonic() - max(self._taken_at.values(), default=0.0) >= QUIET_SECONDS

    def due(self, owned: Mapping[int, Partition], at_most_every: float) -> list[tuple[int, bool]]:
        """Each partition whose figures have not been put away for so many seconds, and whether rows and sums are to be
        too: those of one at most, so that a partition is never kept waiting by more than one other."""
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
        """Put a partition away; whether others are to hear of it. Raises NotOwner."""
        checkpoint = await partition.checkpoint(self._clock.now(), is_whole)
        self._saved_at[number] = time.monotonic()
        if is_whole:
            self._whole_at[number] = self._saved_at[number]
        if checkpoint is None:
            return False
        await self._store.checkpoint(number, partition.epoch, checkpoint)
        return bool(checkpoint.news)

    def tidy(self) -> None:
        """Set apart what was loaded; what is garbage of it goes where nobody waits."""
        if self._grown_at is None:
            return
        if self.is_quiet:
            set_apart()
            self._grown_at = None
        elif not self._is_set_apart and time.monotonic() - self._grown_at >= GROWN_SECONDS:
            set_apart(is_hurried=True)
            self._is_set_apart = True
