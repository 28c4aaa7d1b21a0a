"""The worker that stores in PostgreSQL how many items each source has sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from slm_chassis.database import Database, Transaction
from slm_chassis.workers import Progress
from slm_monitor.application.intake.source_counts import MOST_KEPT, SourceCounts, SourceName, SourceTally, Tallies

TURN_SECONDS = 1.0
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
SILENT_SOURCES_KEPT_FOR = 400 * DAY
"""The counts of a source that has sent nothing for this long are deleted."""

_SOURCE = """
INSERT INTO source (source_id, owner_party_id, topic, source, principal_id, principal_name, first_seen_at,
                    last_fact_at, last_refused_at, ignored)
VALUES (:source_id, :owner_party_id, :topic, :source, :principal_id, :principal_name, :now, :fact, :refused, :ignored)
ON CONFLICT (source_id) DO UPDATE
SET principal_name = excluded.principal_name,
    last_fact_at = greatest(source.last_fact_at, excluded.last_fact_at),
    last_refused_at = greatest(source.last_refused_at, excluded.last_refused_at),
    ignored = coalesce(excluded.ignored, source.ignored)
"""
_SLOT = """
INSERT INTO source_slot (source_id, slot, code, items) VALUES (:source_id, :slot, :code, :items)
ON CONFLICT (source_id, slot, code) DO UPDATE SET items = source_slot.items + excluded.items
"""
_OLD_SLOTS = "DELETE FROM source_slot WHERE source_id = :source_id AND slot < :before"
_REFUSAL = "INSERT INTO source_refusal (source_id, at, document) VALUES (:source_id, :at, :document)"
_OLD_REFUSALS = """
DELETE FROM source_refusal
 WHERE source_id = :source_id
   AND seq <= (SELECT seq FROM source_refusal WHERE source_id = :source_id ORDER BY seq DESC OFFSET :kept LIMIT 1)
"""
_FORGET = """
WITH gone AS (
    DELETE FROM source WHERE greatest(first_seen_at, last_fact_at, last_refused_at) < :before RETURNING source_id
), slots AS (DELETE FROM source_slot WHERE source_id IN (SELECT source_id FROM gone))
DELETE FROM source_refusal WHERE source_id IN (SELECT source_id FROM gone)
"""


class SourceCountWriter:
    """Worker that stores how many items each source sent: within a second for a quiet source, once a minute for a busy
    one.

    A process that ends without warning loses the counts of at most the last minute; no fact is lost.
    """

    name = "sources"

    def __init__(self, database: Database, counts: SourceCounts) -> None:
        self.progress = Progress()
        self._database = database
        self._counts = counts
        self._stored_at: dict[SourceName, int] = {}
        self._forgot_at: int | None = None

    async def run(self) -> None:
        """Store due counts once a second until the task is cancelled."""
        while True:
            await self.look()
            self.progress.beat()
            await asyncio.sleep(TURN_SECONDS)

    async def look(self) -> None:
        """Store the new counts of all sources, except sources whose counts were stored within the last minute. Once a
        day, delete each source that has sent nothing for ``SILENT_SOURCES_KEPT_FOR`` (µs).
        """
        now = self._database.clock.now()
        self._stored_at = {name: at for name, at in self._stored_at.items() if now - at < MINUTE}
        due = self._counts.take(lambda name: name not in self._stored_at)
        if due:
            try:
                await self._store(due, now)
            except BaseException:
                self._counts.put_back(due)
                raise
            self._stored_at |= dict.fromkeys(due, now)
        if self._forgot_at is None or now - self._forgot_at >= DAY:
            async with self._database.begin() as transaction:
                await transaction.execute(text(_FORGET), {"before": now - SILENT_SOURCES_KEPT_FOR})
            self._forgot_at = now

    async def _store(self, due: Tallies, now: int) -> None:
        async with self._database.begin() as transaction:
            # Sorted, so that two replicas lock the same rows in the same order.
            for name, tally in sorted(due.items(), key=lambda each: each[0].source_id):
                await _store_one(transaction, name, tally, now)


async def _store_one(transaction: Transaction, name: SourceName, tally: SourceTally, now: int) -> None:
    source_id = name.source_id
    row = {
        "source_id": source_id,
        "owner_party_id": name.owner_party_id,
        "topic": name.topic,
        "source": name.source,
        "principal_id": name.principal_id,
        "principal_name": name.principal_name,
        "now": now,
        "fact": tally.last_fact_at,
        "refused": tally.last_refused_at,
        "ignored": json.dumps(tally.ignored_names) if tally.ignored_names else None,
    }
    await transaction.execute(text(_SOURCE), row)
    slots = [
        {"source_id": source_id, "slot": slot, "code": code, "items": items}
        for (slot, code), items in sorted(tally.items.items())
    ]
    if slots:
        # None in a request without samples, such as those in which Prometheus sends metadata alone.
        await transaction.execute(text(_SLOT), slots)
    await transaction.execute(text(_OLD_SLOTS), {"source_id": source_id, "before": now - 2 * DAY})
    if tally.refused:
        rows: list[Mapping[str, Any]] = [
            {"source_id": source_id, "at": each.at, "document": json.dumps(each.document())} for each in tally.refused
        ]
        await transaction.execute(text(_REFUSAL), rows)
        await transaction.execute(text(_OLD_REFUSALS), {"source_id": source_id, "kept": MOST_KEPT})
