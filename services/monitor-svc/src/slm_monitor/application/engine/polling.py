"""Polling of records, slowed down while too many tickets wait to be evaluated."""

from __future__ import annotations

import time
from collections.abc import Sequence

from slm_chassis.log.port import Batch, Consumer

MOST_RECORDS = 500
MOST_WAITING = 200_000
"""Most tickets that may wait to be evaluated. Beyond that, one record at a time is polled until there are fewer."""
CROWDED_SECONDS = 2.0


class ConsumerGroupPoller:
    """Polls records for one member of the consumer group."""

    def __init__(self) -> None:
        self._polled_at = 0.0

    async def poll(self, consumer: Consumer, waiting: int, wait_seconds: float) -> Sequence[Batch]:
        """Poll records; return them in batches.

        While too many tickets wait, poll only one record every ``CROWDED_SECONDS``. The group would drop a member that
        never polls.
        """
        is_crowded = waiting > MOST_WAITING
        if is_crowded and time.monotonic() - self._polled_at < CROWDED_SECONDS:
            return []
        self._polled_at = time.monotonic()
        return await consumer.poll(1 if is_crowded else MOST_RECORDS, wait_seconds)
