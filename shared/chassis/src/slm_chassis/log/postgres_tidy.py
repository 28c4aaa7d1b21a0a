"""Retention and compaction of the PostgreSQL log."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg

from slm_chassis.log.port import LogUnavailable
from slm_chassis.log.postgres_pool import Pool
from slm_chassis.log.postgres_schema import TIDY_LOCK

TIDY_SECONDS = 60.0
DELETE_AT_ONCE = 5_000

DEAD_MEMBERS = "DELETE FROM member WHERE alive_until < clock_timestamp() - interval '1 hour'"
EXPIRING = """
SELECT partition.id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - retention_days * 86400000000::bigint
FROM topic JOIN partition ON partition.topic = topic.id
WHERE retention_days IS NOT NULL AND NOT compacted AND first_offset < next_offset
"""
COMPACTED = "SELECT partition.id FROM topic JOIN partition ON partition.topic = topic.id WHERE compacted"
# A partition's records are in the order of appended_at, so the scan ends at the first one that is kept.
TRIM = """
WITH old AS (
    SELECT max("offset") AS last FROM (
        SELECT "offset", appended_at FROM record WHERE partition = $1 ORDER BY "offset" LIMIT $3
    ) AS oldest WHERE appended_at < $2
), gone AS (
    DELETE FROM record USING old WHERE partition = $1 AND "offset" <= old.last
)
UPDATE partition SET first_offset = old.last + 1 FROM old WHERE id = $1 AND old.last IS NOT NULL
RETURNING first_offset
"""
COMPACT = """
DELETE FROM record USING (
    SELECT key, max("offset") AS newest FROM record WHERE partition = $1 GROUP BY key HAVING count(*) > 1
) AS kept
WHERE record.partition = $1 AND record.key = kept.key AND record."offset" < kept.newest
"""


class LogCleaner:
    """Deletes records by retention and compaction. Of several processes only one works at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        """Apply retention and compaction every minute until cancelled."""
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            with suppress(LogUnavailable, asyncpg.PostgresError):
                await self.step()

    async def step(self) -> None:
        """Apply retention and compaction once; do nothing if another process is doing it."""
        async with self._pool.connection() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", TIDY_LOCK):
                return
            try:
                await _trim(connection)
                for row in await connection.fetch(COMPACTED):
                    await connection.execute(COMPACT, row[0])
                await connection.execute(DEAD_MEMBERS)
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", TIDY_LOCK)


async def _trim(connection: asyncpg.Connection) -> None:
    for partition, before in await connection.fetch(EXPIRING):
        trimmed = True
        while trimmed:
            trimmed = await connection.fetchval(TRIM, partition, before, DELETE_AT_ONCE) is not None
