"""Retention: facts older than the configured period are deleted, after every partition has been told from which instant
facts remain.

Figures, breaches and sums stay. A fact stays as long as an open window or the look-back of a rolling window needs it.
The last state before the first remaining fact stays, because the remaining time begins in this state. The last counter
readings before that fact stay, because the next readings are compared with them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_chassis.log.partitioner import partition_of
from slm_chassis.workers import Progress
from slm_monitor.adapters.rows.staleness_rows import OUTAGE_END
from slm_monitor.domain.facts.facts import HOUR, MINUTE
from slm_monitor.domain.facts.ticket_events import DELETED_EVENTS_KEY
from slm_monitor.domain.rolling import rolling_minutes
from slm_monitor.domain.terms.terms_history import build_terms_histories, list_figure_histories

DAY = 86_400_000_000
_LOCK = (7_547, 2)
_INDICATORS, _TICKETS_AT_ONCE, _ROWS = 100, 200, 1_000
_PAUSE_SECONDS = 1.0

_NEXT = "SELECT subject FROM indicator WHERE subject > $1 AND kind <> 'recovery' ORDER BY subject LIMIT $2"
_OLDEST = """
SELECT EXISTS (SELECT FROM fact_segment WHERE subject IN (SELECT $1 UNION SELECT subject FROM series_state
                                                            WHERE indicator = $1)
                 AND hour < $2 / 3600000000 AND received_to < $3)
    OR EXISTS (SELECT FROM fact WHERE subject = $1 AND at < $2 AND received_at < $3)
"""
_OPEN = """
SELECT min(target_window.start) FROM target_window JOIN target USING (target_id)
 WHERE closed_at IS NULL AND terms -> 'window' ?| ARRAY['calendar', 'occurrences_of']
   AND (indicator = $1 OR (indicator IS NULL AND terms -> 'aggregation' ? 'composite'))
"""
_AGREEMENTS = """
SELECT agreement_id, document FROM agreement_terms
 WHERE agreement_id IN (SELECT agreement_id FROM target WHERE indicator = $1 OR terms -> 'aggregation' ? 'composite')
 ORDER BY agreement_id, version
"""
_BEGINS = "SELECT kept_from FROM record_start WHERE subject = $1"
_ANNOUNCE = """
INSERT INTO record_start (subject, partition, begins_at, kept_from) VALUES ($1, $2, $3, $4)
ON CONFLICT (subject) DO UPDATE SET begins_at = excluded.begins_at, kept_from = excluded.kept_from
"""
_TELL = "INSERT INTO judge_inbox (partition, kind, ref) SELECT partition, 'record', $1 FROM judge_partition"
_HEARD = """
SELECT subject, kept_from FROM record_start
 WHERE NOT EXISTS (SELECT FROM judge_inbox WHERE kind = 'record' AND ref ->> 'subject' = record_start.subject)
   AND deleted_to < kept_from ORDER BY subject LIMIT 50
"""
_SEGMENTS = """
DELETE FROM fact_segment WHERE (subject, hour, seq) IN (
    SELECT subject, hour, seq FROM fact_segment
     WHERE subject IN (SELECT $1 UNION SELECT subject FROM series_state WHERE indicator = $1)
       AND hour < $2 / 3600000000 AND received_to < $3 LIMIT $4)
"""
_FACTS = f"""
DELETE FROM fact WHERE (subject, key) IN (
    SELECT subject, key FROM fact AS old
     WHERE subject = $1 AND at < $2 AND received_at < $3
       AND NOT (body ? 'from'
                AND coalesce({OUTAGE_END}, $2) >= $2)
       AND (NOT (body ? 'state' OR body ? 'cumulative')
            OR EXISTS (SELECT FROM fact AS later
                        WHERE later.subject = old.subject AND later.at > old.at AND later.at < $2
                          AND (later.body ? 'state') = (old.body ? 'state')
                          AND later.body -> 'labels' IS NOT DISTINCT FROM old.body -> 'labels'))
     LIMIT $4)
"""
_DONE = "UPDATE record_start SET deleted_to = $2 WHERE subject = $1 AND kept_from = $2"
_TICKETS = """
SELECT subject, waiting OR held OR due_at IS NOT NULL OR ended_at IS NULL OR ended_at >= $2
       OR EXISTS (SELECT FROM clock WHERE clock.ticket = page.subject AND state IN ('running', 'paused'))
       OR EXISTS (SELECT FROM fact WHERE fact.subject = page.subject AND (received_at >= $2 OR key = $3))
  FROM (SELECT * FROM ticket WHERE subject > $1 ORDER BY subject LIMIT $4) AS page
"""
_FORGET = "DELETE FROM fact WHERE subject = ANY($1) AND received_at < $2"
_FORGET_SUPERSEDED = "DELETE FROM fact_superseded WHERE subject = ANY($1)"
_STAND_IN = """
INSERT INTO fact (subject, key, at, revision, recorded_at, received_at, body)
SELECT subject, $2, 0, 0, 0, $3, '{"forgotten": true}' FROM unnest($1::text[]) AS gone (subject) ON CONFLICT DO NOTHING
"""
_SUPERSEDED = """
DELETE FROM fact_superseded WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM fact_superseded WHERE subject = $1 AND at < $2 AND superseded_at < $3 LIMIT $4))
"""


class Retention:
    """Worker that deletes facts older than the retention period. Every replica may run it. It is not started if no
    retention period is configured.
    """

    name = "retention"

    def __init__(self, database: Database, clock: Clock, kept_for: int, partitions: int) -> None:
        self.progress = Progress()
        self._database = database
        self._clock = clock
        self._kept_for = kept_for
        self._partitions = partitions
        self._after = self._after_ticket = ""

    async def run(self) -> None:
        while True:
            await self.step()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def step(self) -> int:
        """Announce to all partitions which facts will be deleted. Delete some of the facts that an earlier step
        announced, if all partitions have processed the earlier announcement.

        Return the number of rows deleted.
        """
        self.progress.beat()
        cutoff = self._clock.now() - self._kept_for
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            if not await driver.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", *_LOCK):
                return 0
            deleted = await self._delete(driver, cutoff) + await self._forget(driver, cutoff)
            await self._announce(driver, cutoff)
        return deleted

    async def _announce(self, driver: asyncpg.Connection, cutoff: int) -> None:
        subjects = [row[0] for row in await driver.fetch(_NEXT, self._after, _INDICATORS)]
        self._after = subjects[-1] if len(subjects) == _INDICATORS else ""
        for subject in subjects:
            begins_at, kept_from = await self._bounds(driver, subject, cutoff)
            before = await driver.fetchval(_BEGINS, subject)
            if before is not None and kept_from < before + DAY:
                continue
            if not await driver.fetchval(_OLDEST, subject, kept_from, cutoff):
                continue
            await driver.execute(_ANNOUNCE, subject, partition_of(subject, self._partitions), begins_at, kept_from)
            await driver.execute(_TELL, json.dumps({"subject": subject, "begins_at": begins_at}))

    async def _bounds(self, driver: asyncpg.Connection, subject: str, cutoff: int) -> tuple[int, int]:
        """Return (instant from which windows of an indicator may be evaluated, instant from which its facts are kept).

        Facts are kept for longer, because rolling windows look back.
        """
        began = await driver.fetchval(_OPEN, subject)
        begins_at = min(each for each in (cutoff, began) if each is not None) // HOUR * HOUR
        return begins_at, (begins_at - _look_back(await driver.fetch(_AGREEMENTS, subject))) // HOUR * HOUR

    async def _delete(self, driver: asyncpg.Connection, cutoff: int) -> int:
        deleted = 0
        for subject, kept_from in await driver.fetch(_HEARD):
            rows = 0
            for statement in (_SEGMENTS, _FACTS, _SUPERSEDED):
                rows += _count(await driver.execute(statement, subject, kept_from, cutoff, _ROWS))
            deleted += rows
            if not rows:
                await driver.execute(_DONE, subject, kept_from)
            if deleted >= _ROWS:
                break
        return deleted

    async def _forget(self, driver: asyncpg.Connection, cutoff: int) -> int:
        """Delete the facts of tickets that ended long ago. Their clocks stay as they are, even after later facts."""
        page = await driver.fetch(_TICKETS, self._after_ticket, cutoff, DELETED_EVENTS_KEY, _TICKETS_AT_ONCE)
        self._after_ticket = page[-1][0] if len(page) == _TICKETS_AT_ONCE else ""
        gone = [subject for subject, stays in page if not stays]
        if not gone:
            return 0
        await driver.execute(_STAND_IN, gone, DELETED_EVENTS_KEY, self._clock.now())
        deleted = _count(await driver.execute(_FORGET, gone, cutoff))
        return deleted + _count(await driver.execute(_FORGET_SUPERSEDED, gone))


def _look_back(rows: Sequence[Mapping[str, Any]]) -> int:
    versions: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        versions.setdefault(row["agreement_id"], []).append(row["document"])
    lines = [
        line
        for documents in versions.values()
        for line in list_figure_histories(build_terms_histories(documents, None))
    ]
    return max((rolling_minutes.compute_lookback_minutes(line) for line in lines), default=0) * MINUTE


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
