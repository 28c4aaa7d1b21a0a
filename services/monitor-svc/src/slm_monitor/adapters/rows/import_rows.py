"""Rows of imports: which partitions have evaluated each import, and how many results were published for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import asyncpg

from slm_chassis.database import Transaction
from slm_monitor.application.intake.imports import EXPIRED, LONGEST_MICROSECONDS
from slm_monitor.application.state.loaded_partition import ImportHold
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.domain.lifecycle import history_events, target_events

_SEEN = """
SELECT import.*, jsonb_array_length(released) >= (SELECT count(*) FROM judge_partition) AS is_evaluated_everywhere
  FROM import
"""
IMPORT_BY_ID = f"{_SEEN} WHERE import_id = $1"
WAITING_IMPORTS = f"{_SEEN} WHERE NOT derived @> to_jsonb($1::int)"
SEND_TO_ALL_INBOXES = """
INSERT INTO judge_inbox (partition, kind, ref)
SELECT partition, $1, jsonb_build_object('import_id', $2::text) FROM judge_partition ORDER BY partition
"""
_EXTEND = "UPDATE import SET expires_at = greatest(expires_at, $2) WHERE import_id = $1 AND release IS NULL"
_EXPIRE = """
UPDATE import SET release = '{}', state = 'completing', ended_as = $3, ended_at = $2
 WHERE import_id = $1 AND release IS NULL AND expires_at <= $2
"""
_TOUCH = """
INSERT INTO import_touched (import_id, agreement_id, provider_party_id, customer_party_id, windows_closed,
                            windows_restated, clocks_ended, breach_events)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (import_id, agreement_id) DO UPDATE
   SET windows_closed = import_touched.windows_closed + excluded.windows_closed,
       windows_restated = import_touched.windows_restated + excluded.windows_restated,
       clocks_ended = import_touched.clocks_ended + excluded.clocks_ended,
       breach_events = import_touched.breach_events + excluded.breach_events
"""
_ADVANCE = """
UPDATE import SET {place} = {place} || to_jsonb($2::int)
 WHERE import_id = $1 AND NOT {place} @> to_jsonb($2::int)
RETURNING jsonb_array_length({place}) >= (SELECT count(*) FROM judge_partition)
"""
_JUDGED = "UPDATE import SET state = 'judged', judged_at = $2 WHERE import_id = $1 RETURNING *"
_TOUCHED = "SELECT * FROM import_touched WHERE import_id = $1 ORDER BY agreement_id"


def read_import_hold_from_row(row: Mapping[str, Any], partition: int) -> ImportHold:
    """Return the hold of an import as one partition applies it."""
    indicators, sources = (frozenset(row[name]) for name in ("indicators", "sources"))
    return ImportHold(
        row["import_id"],
        row["owner_party_id"],
        indicators,
        sources,
        row["through"],
        row["expires_at"],
        row["opened_at"] + LONGEST_MICROSECONDS,
        row["release"],
        partition in row["released"],
        row["is_evaluated_everywhere"],
    )


async def advance_imports(transaction: Transaction, partition: int, step: PartitionStepChanges) -> None:
    """Store how far a step has come with each import. If this partition was the last to finish an import, publish the
    event about the end of the import.

    Rows are updated in the order of their ids, because two partitions may update the same rows at once and must not
    block each other.
    """
    driver = await transaction.driver()
    for import_id, expires_at in sorted(step.extended.items()):
        await driver.execute(_EXTEND, import_id, expires_at)
    for import_id in sorted(step.expired):
        if await driver.execute(_EXPIRE, import_id, step.received_at, EXPIRED) == "UPDATE 1":
            await driver.execute(SEND_TO_ALL_INBOXES, "release", import_id)
    for (import_id, agreement_id), touched in sorted(step.touched.items()):
        await driver.execute(_TOUCH, import_id, agreement_id, *asdict(touched).values())
    for import_id in sorted(step.released):
        if await driver.fetchval(_ADVANCE.format(place="released"), import_id, partition):
            await driver.execute(SEND_TO_ALL_INBOXES, "derive", import_id)
    for import_id in sorted(step.derived):
        if await driver.fetchval(_ADVANCE.format(place="derived"), import_id, partition):
            await _tell_judged(driver, transaction, import_id, step.received_at)


async def _tell_judged(driver: asyncpg.Connection, transaction: Transaction, import_id: str, now: int) -> None:
    """Set an import to ``judged``, and publish one event for each agreement whose results the import changed."""
    row = await driver.fetchrow(_JUDGED, import_id, now)
    for touched in await driver.fetch(_TOUCHED, import_id):
        event = history_events.build_import_judged(
            import_id, row["owner_party_id"], row["through"], row["ended_as"], dict(touched), now=now
        )
        transaction.publish(
            event, at=now, event_id=target_events.derive_event_id(import_id, touched["agreement_id"], 0)
        )
