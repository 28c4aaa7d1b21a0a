"""Compaction of the record of facts in the background: the segments of a series and hour are joined when the hour gets
no more rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import asyncpg
import structlog

from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_chassis.workers import Progress
from slm_monitor.adapters.formats import column_codec
from slm_monitor.domain.facts.facts import HOUR

_LOCK = (7_547, 1)
"""The key of the advisory lock by which only one replica compacts at a time. Its numbers are arbitrary, but the same in
all replicas.
"""
_QUIET = 600_000_000
"""How many microseconds without a new row must pass until an hour counts as complete. Later rows
are compacted again.
"""
_HOURS_BEHIND = 2
_MOST_SEGMENTS = 2_000
_NEVER = 2**62
_PAUSE_SECONDS, _IDLE_SECONDS = 0.5, 5.0
_logger = structlog.get_logger(__name__)

_LOOSE = """
SELECT subject, hour
  FROM (SELECT subject, hour, received_at FROM fact_segment
         WHERE received_to IS NULL AND hour < $1 ORDER BY hour LIMIT $3) AS loose
 GROUP BY subject, hour HAVING max(received_at) < $2
"""
_OF_HOURS = """
SELECT subject, hour, seq, received_at, data
  FROM fact_segment JOIN unnest($1::text[], $2::bigint[]) AS wanted (subject, hour) USING (subject, hour)
 ORDER BY subject, hour, seq FOR UPDATE OF fact_segment
"""
_PUT = """
UPDATE fact_segment SET rows = put.rows, received_at = put.first, received_to = put.last, data = put.data
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::int[], $5::bytea[], $6::bigint[], $7::bigint[])
       AS put (subject, hour, seq, rows, data, first, last)
 WHERE (fact_segment.subject, fact_segment.hour, fact_segment.seq) = (put.subject, put.hour, put.seq)
"""
_NOTE = """
UPDATE fact_segment SET received_to = noted.last
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS noted (subject, hour, seq, last)
 WHERE (fact_segment.subject, fact_segment.hour, fact_segment.seq) = (noted.subject, noted.hour, noted.seq)
"""
_DROP = """
DELETE FROM fact_segment USING unnest($1::text[], $2::bigint[], $3::bigint[]) AS gone (subject, hour, seq)
 WHERE (fact_segment.subject, fact_segment.hour, fact_segment.seq) = (gone.subject, gone.hour, gone.seq)
"""


class Compaction:
    """Worker that joins segments of the record. Every replica may run it. Each row keeps its instant of receipt."""

    name = "compaction"

    def __init__(self, database: Database, clock: Clock) -> None:
        self.progress = Progress()
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        while True:
            done = await self.step()
            await asyncio.sleep(_PAUSE_SECONDS if done else _IDLE_SECONDS)

    async def step(self) -> int:
        """Join as many segments as fit into one transaction; return the number of (series, hour) pairs processed."""
        self.progress.beat()
        now = self._clock.now()
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            if not await driver.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", *_LOCK):
                return 0
            hours = await driver.fetch(_LOOSE, now // HOUR - _HOURS_BEHIND, now - _QUIET, _MOST_SEGMENTS)
            if not hours:
                return 0
            held = await driver.fetch(_OF_HOURS, [row[0] for row in hours], [row[1] for row in hours])
            together = await asyncio.to_thread(_together, held)
            for statement, rows in zip((_NOTE, _PUT, _DROP), together, strict=True):
                if rows:
                    await driver.execute(statement, *(list(column) for column in zip(*rows, strict=True)))
        return len(hours)


def _together(held: Sequence[asyncpg.Record]) -> tuple[list[Any], list[Any], list[Any]]:
    """Return three lists of rows: rows to mark as compacted, rows to write with joined segments, and rows to delete."""
    noted: list[Any] = []
    put: list[Any] = []
    dropped: list[Any] = []
    for (subject, hour), group in groupby(held, key=lambda row: (row["subject"], row["hour"])):
        *others, last = segments = list(group)
        try:
            if not others:
                noted.append(
                    (
                        subject,
                        hour,
                        last["seq"],
                        column_codec.read_last_receipt_of_segment(last["data"], last["received_at"]),
                    )
                )
                continue
            rows, data, first, latest = column_codec.join_hour_segments(
                [(each["data"], each["received_at"]) for each in segments]
            )
        except Exception as error:
            # A segment that cannot be read stays as it is for ever, so that it does not stop the compaction of others.
            _logger.error("segments not compacted", subject=subject, hour=hour, exc_info=error)
            noted += [(subject, hour, each["seq"], _NEVER) for each in segments]
            continue
        put.append((subject, hour, last["seq"], rows, data, first, latest))
        dropped += [(subject, hour, each["seq"]) for each in others]
    return noted, put, dropped
