"""The published revisions of closed windows, stored by the steps of partitions, and queries for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import text

from slm_chassis.database import Database
from slm_events.instants import from_text, to_text
from slm_events.monitor import WindowClosed, WindowRestated
from slm_monitor.adapters.rows import accepted_windows
from slm_monitor.domain.lifecycle.target_state import OutgoingEvent

_KEEP = """
INSERT INTO window_revision SELECT * FROM jsonb_populate_recordset(NULL::window_revision, $1) ON CONFLICT DO NOTHING
"""
_REVISIONS = """
SELECT * FROM window_revision WHERE target_id = :target_id AND window_id = ANY(:window_ids)
 ORDER BY window_id, published_at, revision
"""


async def write_window_revisions(driver: asyncpg.Connection, events: Sequence[OutgoingEvent]) -> None:
    """Store the events that close, restate or adjust a window, in the transaction that publishes all given events."""
    rows = [_revision_row(each.event) for each in events if isinstance(each.event, WindowClosed)]
    if rows:
        await driver.execute(_KEEP, json.dumps(rows))
    await accepted_windows.write_window_adjustments(driver, (each.event for each in events))


def _revision_row(event: WindowClosed) -> dict[str, Any]:
    restated = event if isinstance(event, WindowRestated) else None
    return {
        "target_id": event.target_id,
        "window_id": event.window_id,
        "revision": event.revision,
        "published_at": from_text(event.closed_at),
        "version": event.agreement_version,
        "verdict": event.verdict,
        "figure": event.figure,
        "display": event.figure_display,
        "cause": restated.cause if restated else None,
        "before": restated.before if restated else None,
    }


class WindowRevisionQueries:
    """Queries for the published revisions of closed windows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revisions(self, target_id: str, window_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Return window id → its published revisions, the earliest first."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in await self._rows(_REVISIONS, {"target_id": target_id, "window_ids": list(window_ids)}):
            found.setdefault(row["window_id"], []).append(_revision_document(row))
        return found

    async def _rows(self, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        async with self._database.read() as connection:
            return [dict(row) for row in (await connection.execute(text(query), dict(parameters))).mappings()]


def _revision_document(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "revision": row["revision"],
        "published_at": to_text(row["published_at"]),
        "version": row["version"],
        "verdict": row["verdict"],
        "figure": row["figure"],
        "figure_display": row["display"],
        "cause": row["cause"],
        "before": row["before"],
    }
