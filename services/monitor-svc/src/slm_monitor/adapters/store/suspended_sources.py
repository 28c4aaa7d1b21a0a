"""Suspended sources: sources of which too many facts could not be evaluated. Their rows, and queries for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Text, column, select, table, text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.commands.sql_terms import send_to_all_partitions
from slm_monitor.adapters.rows.partition_rows import replace_unstorable_characters
from slm_monitor.application.state.partition_step import SuspendedSource

SUSPENDED_SOURCES = "SELECT owner_party_id, topic, source, reason FROM source_aside"
_TABLE = table(
    "source_aside",
    column("owner_party_id", Text),
    column("topic", Text),
    column("source", Text),
    column("reason", Text),
    column("since_at", BigInteger),
)
_KEEP = "INSERT INTO source_aside VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
_TELL = "INSERT INTO judge_inbox (partition, kind, ref) SELECT partition, 'sources', '{}' FROM judge_partition"
_FORGET = "DELETE FROM source_aside WHERE owner_party_id = :owner AND topic = :topic AND source = :source"


async def suspend_sources(driver: asyncpg.Connection, sources: Sequence[SuspendedSource], now: int) -> None:
    """Suspend sources, and send a message to all partitions so that they read the suspended sources again."""
    if not sources:
        return
    rows = [
        (
            each.owner_party_id,
            each.topic,
            replace_unstorable_characters(each.source),
            replace_unstorable_characters(each.reason),
            now,
        )
        for each in sources
    ]
    await driver.executemany(_KEEP, rows)
    await driver.execute(_TELL)


class SuspendedSources:
    """Queries for suspended sources, and the command that resumes one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, caller: Principal, page: Page) -> dict[str, Any]:
        """Return a page of the suspended sources of the caller's party; of all parties for an operator."""
        keys = (_TABLE.c.owner_party_id, _TABLE.c.topic, _TABLE.c.source)
        query = select(_TABLE).where(page.beyond(*keys)).order_by(*keys).limit(page.fetch)
        if not caller.is_operator:
            query = query.where(_TABLE.c.owner_party_id == caller.party_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return page.shape(
            rows,
            lambda row: [row["owner_party_id"], row["topic"], row["source"]],
            lambda row: _source_document(dict(row)),
        )

    async def resume(self, owner_party_id: str, topic: str, source: str) -> bool:
        """Resume a source: new facts from this source are evaluated again. Return False if the source was not
        suspended.
        """
        async with self._database.begin() as transaction:
            given = {"owner": owner_party_id, "topic": topic, "source": source}
            gone = await transaction.execute(text(_FORGET), given)
            if gone.rowcount:
                await send_to_all_partitions(transaction, "sources", {})
        return bool(gone.rowcount)


def _source_document(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "since_at": to_text(row["since_at"])}
