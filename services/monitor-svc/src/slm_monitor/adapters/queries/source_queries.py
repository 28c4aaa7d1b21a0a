"""Queries for sources: when each sent its last fact, how much it sends, and which of its items were refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, func, select, table, true
from sqlalchemy.types import BigInteger, Text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.application.intake.source_counts import IGNORED

HOUR = 3_600_000_000
DAY = 24 * HOUR
_SOURCE = table(
    "source",
    column("source_id", Text),
    column("owner_party_id", Text),
    column("topic", Text),
    column("source", Text),
    column("principal_id", Text),
    column("principal_name", Text),
    column("first_seen_at", BigInteger),
    column("last_fact_at", BigInteger),
    column("last_refused_at", BigInteger),
    column("ignored", Text),
)
_SLOT = table(
    "source_slot",
    column("source_id", Text),
    column("slot", BigInteger),
    column("code", Text),
    column("items", BigInteger),
)
_REFUSAL = table(
    "source_refusal",
    column("seq", BigInteger),
    column("source_id", Text),
    column("at", BigInteger),
    column("document", Text),
)


class SourceQueries:
    """Queries for the sources of the caller's party; an operator sees the sources of all parties."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, caller: Principal, page: Page, now: int) -> dict[str, Any]:
        """Return a page of sources: first those that never sent a fact, then the others, the longest silent first."""
        last: ColumnElement[int] = func.coalesce(_SOURCE.c.last_fact_at, -1, type_=BigInteger)
        query = select(_SOURCE).where(_seen_by(caller), page.beyond(last, _SOURCE.c.source_id))
        found = await self._documents(query.order_by(last, _SOURCE.c.source_id).limit(page.fetch), now)
        return page.shape(found, lambda each: each[0], lambda each: each[1])

    async def one(self, caller: Principal, source_id: str, now: int) -> dict[str, Any] | None:
        """Return a source with its last refused items, the latest first; None if the caller sees no source with this
        id.
        """
        found = await self._documents(select(_SOURCE).where(_SOURCE.c.source_id == source_id, _seen_by(caller)), now)
        if not found:
            return None
        query = select(_REFUSAL).where(_REFUSAL.c.source_id == source_id).order_by(_REFUSAL.c.seq.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return {**found[0][1], "refused": [{"at": to_text(row["at"]), **json.loads(row["document"])} for row in rows]}

    async def _documents(self, query: Select[Any], now: int) -> list[tuple[list[Any], dict[str, Any]]]:
        """Return (sort values, JSON object) of each source that the query finds."""
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            slots = (
                select(
                    _SLOT.c.source_id,
                    _SLOT.c.code,
                    func.sum(_SLOT.c["items"]).label("day"),
                    func.coalesce(func.sum(_SLOT.c["items"]).filter(_SLOT.c.slot > now - HOUR), 0).label("hour"),
                )
                .where(and_(_SLOT.c.source_id.in_([row["source_id"] for row in rows]), _SLOT.c.slot > now - DAY))
                .group_by(_SLOT.c.source_id, _SLOT.c.code)
                .order_by(_SLOT.c.code)
            )
            counts = (await connection.execute(slots)).mappings().all()
        return [
            (
                [-1 if row["last_fact_at"] is None else row["last_fact_at"], row["source_id"]],
                _source_figures(
                    dict(row), [dict(each) for each in counts if each["source_id"] == row["source_id"]], now
                ),
            )
            for row in rows
        ]


def _seen_by(caller: Principal) -> ColumnElement[bool]:
    return true() if caller.is_operator else _SOURCE.c.owner_party_id == caller.party_id


def _source_figures(row: Mapping[str, Any], counts: Sequence[Mapping[str, Any]], now: int) -> dict[str, Any]:
    none = {"hour": 0, "day": 0}
    accepted = next((each for each in counts if each["code"] == ""), none)
    ignored = next((each for each in counts if each["code"] == IGNORED), none)
    return {
        **row,
        "state": _state(row["last_fact_at"], now),
        "first_seen_at": to_text(row["first_seen_at"]),
        "last_fact_at": _text(row["last_fact_at"]),
        "last_refused_at": _text(row["last_refused_at"]),
        "facts_last_hour": int(accepted["hour"]),
        "facts_last_day": int(accepted["day"]),
        "refused_last_day": [
            {"code": each["code"], "items": int(each["day"])} for each in counts if each["code"] not in ("", IGNORED)
        ],
        "ignored_last_day": int(ignored["day"]),
        "ignored": json.loads(row["ignored"]) if row["ignored"] and ignored["day"] else [],
    }


def _state(last_fact_at: int | None, now: int) -> str:
    if last_fact_at is None or now - last_fact_at >= DAY:
        return "silent"
    return "quiet" if now - last_fact_at >= HOUR else "sending"


def _text(at: int | None) -> str | None:
    return None if at is None else to_text(at)
