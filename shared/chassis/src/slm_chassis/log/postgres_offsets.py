"""The first and the next offset of each partition in the PostgreSQL log. Callers that ask at the same time share one
query.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from slm_chassis.log.postgres_pool import Pool

Offsets = list[tuple[int, int, int]]
"""(partition number, first offset, next offset) of each partition of a topic, in order."""

_OFFSETS = """
SELECT name, number, first_offset, next_offset FROM partition JOIN topic ON topic.id = partition.topic
WHERE name = ANY($1::text[]) ORDER BY number
"""


class OffsetsReader:
    """Reads the offsets of topics. One query answers all calls of ``read`` in the same turn of the event loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._asked: set[str] = set()
        self._next: asyncio.Task[Mapping[str, Offsets]] | None = None

    async def read(self, topic: str) -> Offsets:
        """Return the offsets of a topic as they are after this call; raises LogUnavailable."""
        self._asked.add(topic)
        if self._next is None:
            self._next = asyncio.create_task(self._read_asked(), name="log offsets")
            # If nobody waits any more, nobody misses the answer.
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
        return (await asyncio.shield(self._next)).get(topic, [])

    async def _read_asked(self) -> Mapping[str, Offsets]:
        # From here on questions belong to the next query: this one may show the ends from before they were asked.
        asked, self._asked, self._next = self._asked, set(), None
        found: dict[str, Offsets] = {}
        for name, number, first, end in await self._pool.rows(_OFFSETS, sorted(asked)):
            found.setdefault(name, []).append((number, first, end))
        return found
