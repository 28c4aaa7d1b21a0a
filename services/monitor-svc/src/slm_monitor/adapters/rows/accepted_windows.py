"""Windows that both parties accepted, adjustments of these windows by later facts, and breaches that were annulled when
a dispute was decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import text

from slm_chassis.database import Database
from slm_events.instants import from_text, to_text
from slm_events.monitor import WindowAdjusted
from slm_monitor.domain.lifecycle.target_state import TargetWindow, WindowAdjustment

_FROZEN = """
SELECT target_id, window_id, accepted_at FROM window_acceptance
  JOIN target_window USING (target_id, window_id, revision) WHERE partition = $1 AND closed_at IS NOT NULL
"""
_LAST = """
SELECT DISTINCT ON (target_id, window_id) target_id, window_id, number, window_adjustment.verdict,
       window_adjustment.figure
  FROM window_adjustment JOIN target_window USING (target_id, window_id)
 WHERE partition = $1 ORDER BY target_id, window_id, number DESC
"""
_KEEP = """
INSERT INTO window_adjustment SELECT * FROM jsonb_populate_recordset(NULL::window_adjustment, $1)
ON CONFLICT DO NOTHING
"""
_ACCEPTED = """
SELECT * FROM window_acceptance JOIN target_window USING (target_id, window_id, revision)
 WHERE target_id = :target_id AND window_id = ANY(:window_ids) AND closed_at IS NOT NULL
"""
_ADJUSTMENTS = """
SELECT * FROM window_adjustment
 WHERE target_id = :target_id AND (window_id = ANY(:window_ids) OR booked_in = ANY(:window_ids))
 ORDER BY published_at, window_id, number
"""
OVERTURNED_BREACH_IDS = "SELECT DISTINCT breach_id FROM dispute WHERE state = 'upheld'"


async def load_window_acceptances(
    driver: asyncpg.Connection, partition: int, windows: Iterable[TargetWindow]
) -> list[TargetWindow]:
    """Set the acceptance and the latest adjustment on windows of a partition; return the same windows."""
    loaded = list(windows)
    by_name = {(window.target_id, window.window_id): window for window in loaded}
    for target_id, window_id, accepted_at in await driver.fetch(_FROZEN, partition):
        by_name[target_id, window_id].frozen_at = accepted_at
    for target_id, window_id, number, verdict, figure in await driver.fetch(_LAST, partition):
        by_name[target_id, window_id].adjusted = WindowAdjustment(number, verdict, figure)
    return loaded


async def write_window_adjustments(driver: asyncpg.Connection, events: Iterable[Any]) -> None:
    """Store the given events that adjust a window, in the transaction that publishes all given events."""
    rows = [_adjustment_row(event) for event in events if isinstance(event, WindowAdjusted)]
    if rows:
        await driver.execute(_KEEP, json.dumps(rows))


def _adjustment_row(event: WindowAdjusted) -> dict[str, Any]:
    return {
        "target_id": event.target_id,
        "window_id": event.window_id,
        "number": event.number,
        "booked_in": event.booked_in_window_id,
        "published_at": from_text(event.published_at),
        "verdict": event.verdict,
        "figure": event.figure,
        "display": event.figure_display,
        "good": int(event.good),
        "total": int(event.total),
        "difference": event.difference,
        "cause": event.cause,
        "before": event.before,
    }


class AcceptedWindowQueries:
    """Queries for accepted windows and their adjustments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accepted(self, target_id: str, window_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return window id → its acceptance, for each of the given windows that both parties accepted."""
        rows = await self._rows(_ACCEPTED, target_id, window_ids)
        return {
            row["window_id"]: {
                "acceptance_id": row["acceptance_id"],
                "period": row["period"],
                "revision": row["revision"],
                "accepted_at": to_text(row["accepted_at"]),
            }
            for row in rows
        }

    async def adjustments(self, target_id: str, window_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return adjustments in the order of publication. An adjustment is returned in either of these cases:

        - it changes one of the windows ``window_ids``,
        - it changes another window, but is reported in one of the windows ``window_ids``.
        """
        return [_adjustment_document(row) for row in await self._rows(_ADJUSTMENTS, target_id, window_ids)]

    async def _rows(self, query: str, target_id: str, window_ids: Sequence[str]) -> Sequence[Mapping[Any, Any]]:
        asked = {"target_id": target_id, "window_ids": list(window_ids)}
        async with self._database.read() as connection:
            return (await connection.execute(text(query), asked)).mappings().all()


def _adjustment_document(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "window_id": row["window_id"],
        "number": row["number"],
        "booked_in_window_id": row["booked_in"],
        "published_at": to_text(row["published_at"]),
        "verdict": row["verdict"],
        "figure": row["figure"],
        "figure_display": row["display"],
        "good": str(row["good"]),
        "total": str(row["total"]),
        "difference": row["difference"],
        "cause": row["cause"],
        "before": row["before"],
    }
