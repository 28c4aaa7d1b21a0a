"""Failed targets: targets whose evaluation raised an error. Their rows, and queries for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Text, column, select, table

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.queries.read_tables import TARGET, build_party_condition

_TABLE = table("unjudgeable", column("target_id", Text), column("reason", Text), column("since_at", BigInteger))
_KEEP = """
INSERT INTO unjudgeable (target_id, partition, reason, since_at)
SELECT target_id, $2, reason, $3 FROM jsonb_to_recordset($1) AS kept (target_id TEXT, reason TEXT)
ON CONFLICT (target_id) DO UPDATE SET reason = excluded.reason
"""
_FORGET = "DELETE FROM unjudgeable WHERE target_id = ANY($1)"


async def write_failed_targets(
    driver: asyncpg.Connection, partition: int, failures: Mapping[str, str | None], now: int
) -> None:
    """Store which targets failed. ``failures`` is target id → reason, or None if the target can be evaluated again."""
    rows = [{"target_id": name, "reason": _storable(reason)} for name, reason in failures.items() if reason is not None]
    if rows:
        await driver.execute(_KEEP, json.dumps(rows), partition, now)
    gone = sorted(name for name, reason in failures.items() if reason is None)
    if gone:
        await driver.execute(_FORGET, gone)


def _storable(reason: str) -> str:
    return reason.replace("\0", "\ufffd").encode(errors="replace").decode()


class FailedTargetQueries:
    """Queries for failed targets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def failures_of(self, target_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return target id → reason and beginning of the failure, for each of the given targets that has failed."""
        query = select(_TABLE).where(_TABLE.c.target_id.in_(target_ids))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {row.target_id: {"reason": row.reason, "since_at": to_text(row.since_at)} for row in rows}

    async def targets(self, caller: Principal, page: Page) -> list[dict[str, Any]]:
        """Return a page of the failed targets that the caller may see."""
        keys = (TARGET.c.agreement_id, TARGET.c.key, TARGET.c.target_id)
        query = (
            select(TARGET)
            .join(_TABLE, _TABLE.c.target_id == TARGET.c.target_id)
            .where(build_party_condition(TARGET, caller), page.beyond(*keys))
            .order_by(*keys)
            .limit(page.fetch)
        )
        async with self._database.read() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]
