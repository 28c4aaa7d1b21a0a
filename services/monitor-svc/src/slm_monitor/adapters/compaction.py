"""Segments of the record put together in the background: one for each series and hour, once nothing comes any more."""

from __future__ import annotations

import asyncio

import asyncpg

from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_chassis.workers import Progress
from slm_monitor.adapters import columns
from slm_monitor.domain.facts import HOUR

_LOCK = (7_547, 1)
"""Any numbers, the same for all replicas: one of them puts together at a time."""
_QUIET = 600_000_000
"""Microseconds without another row after which an hour is taken for complete; what comes later is put to it."""
_HOURS_BEHIND = 2
_MOST_HOURS, _MOST_SEGMENTS = 200, 5_000
_IDLE_SECONDS = 5.0

_LOOSE = """
SELECT subject, hour, count(*) FROM fact_segment
 WHERE received_to IS NULL AND hour < $1 GROUP BY hour, subject HAVING max(received_at) < $2
 ORDER BY hour, subject LIMIT $3
"""
_OF_HOUR = "SELECT seq, received_at, data FROM fact_segment WHERE subject = $1 AND hour = $2 ORDER BY seq FOR UPDATE"
_PUT = """
UPDATE fact_segment SET rows = $4, received_at = $5, received_to = $6, data = $7
 WHERE subject = $1 AND hour = $2 AND seq = $3
"""
_DROP = "DELETE FROM fact_segment WHERE subject = $1 AND hour = $2 AND seq = ANY($3)"


class Compaction:
    """A worker; any number may run. What a segment says of the receipt of its rows is kept."""

    name = "compaction"

    def __init__(self, database: Database, clock: Clock) -> None:
        self.progress = Progress()
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        while True:
            if not await self.step():
                await asyncio.sleep(_IDLE_SECONDS)

    async def step(self) -> int:
        """Put together what one transaction may hold; how many hours of series that were."""
        self.progress.beat()
        now = self._clock.now()
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            if not await driver.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", *_LOCK):
                return 0
            done = segments = 0
            for subject, hour, loose in await driver.fetch(
                _LOOSE, now // HOUR - _HOURS_BEHIND, now - _QUIET, _MOST_HOURS
            ):
                if done and segments + loose > _MOST_SEGMENTS:
                    break
                await _put_together(driver, subject, hour)
                done, segments = done + 1, segments + loose
        return done


async def _put_together(driver: asyncpg.Connection, subject: str, hour: int) -> None:
    held = await driver.fetch(_OF_HOUR, subject, hour)
    rows, data, first, last = await asyncio.to_thread(
        columns.joined_segments, [(segment["data"], segment["received_at"]) for segment in held]
    )
    *others, kept = (segment["seq"] for segment in held)
    await driver.execute(_PUT, subject, hour, kept, rows, first, last, data)
    if others:
        await driver.execute(_DROP, subject, hour, others)
