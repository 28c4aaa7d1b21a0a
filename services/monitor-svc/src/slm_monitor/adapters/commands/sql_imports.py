"""Imports of history in PostgreSQL. Each change is committed together with a message to every partition."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.commands.sql_terms import send_to_all_partitions
from slm_monitor.application.intake.imports import HistoryImport

_OPEN = """
INSERT INTO import (import_id, owner_party_id, indicators, sources, opened_at, opened_by, through, expires_at, state)
VALUES (:import_id, :owner, CAST(:indicators AS jsonb), CAST(:sources AS jsonb), :opened_at, :opened_by, :through,
        :expires_at, 'open')
ON CONFLICT (import_id) DO NOTHING
"""
_RELEASE = """
UPDATE import SET release = CAST(:release AS jsonb), state = 'completing', ended_as = :ended_as, ended_at = :now
 WHERE import_id = :import_id AND release IS NULL
"""
_OTHER_SIDE = """
       EXISTS (SELECT 1 FROM target
                WHERE (target.provider_party_id = :party OR target.customer_party_id = :party)
                  AND (target.indicator = ANY(ARRAY(SELECT import.owner_party_id || '/' || key
                                                      FROM jsonb_array_elements_text(import.indicators) key))
                       OR (target.terms ->> 'aggregation' = 'clock' AND target.provider_party_id = import.owner_party_id
                           AND jsonb_array_length(import.sources) > 0)))
"""
"""SQL condition for imports of other parties that concern the caller's party: a target in an agreement of the caller's
party uses an indicator of the import or, if the import has ticket sources, evaluates tickets of the import's owner.
"""
_LISTED = f"""
SELECT * FROM import
 WHERE (:operator OR owner_party_id = :party OR {_OTHER_SIDE})
   AND (CAST(:state AS text) IS NULL OR state = :state OR (:state = 'open' AND state = 'completing'))
   AND (CAST(:opened_before AS bigint) IS NULL OR (opened_at, import_id) < (:opened_before, :id_before))
 ORDER BY opened_at DESC, import_id DESC LIMIT :most
"""
_ONE = f"SELECT * FROM import WHERE import_id = :import_id AND (:operator OR owner_party_id = :party OR {_OTHER_SIDE})"
_TOUCHED = """
SELECT agreement_id, windows_closed, windows_restated, clocks_ended FROM import_touched
 WHERE import_id = :import_id AND (:operator OR :party IN (provider_party_id, customer_party_id)) ORDER BY agreement_id
"""
_HELD = """
WITH RECURSIVE waiting AS (
    SELECT owner_party_id, indicators, sources FROM import WHERE state <> 'judged'
), member AS (
    SELECT target_id AS asked, target_id, agreement_id, provider_party_id, indicator, terms
      FROM target WHERE target_id = ANY(:target_ids) AND EXISTS (SELECT 1 FROM waiting)
    UNION
    SELECT member.asked, target.target_id, target.agreement_id, target.provider_party_id, target.indicator, target.terms
      FROM member JOIN target USING (agreement_id)
     WHERE target.key = coalesce(member.terms #>> '{aggregation,compliance,target}',
                                 member.terms #>> '{aggregation,compliance}')
        OR jsonb_path_exists(member.terms, '$.aggregation.composite.members[*] ? (@.target == $key)',
                             jsonb_build_object('key', target.key))
)
SELECT DISTINCT member.asked FROM member JOIN waiting ON
       (member.indicator IS NOT NULL AND split_part(member.indicator, '/', 1) = waiting.owner_party_id
        AND waiting.indicators ? split_part(member.indicator, '/', 2))
    OR (member.terms ->> 'aggregation' = 'clock' AND member.provider_party_id = waiting.owner_party_id
        AND jsonb_array_length(waiting.sources) > 0)
    OR jsonb_path_exists(member.terms,
           '$.aggregation.composite.members[*].indicator ? (@.owner_party_id == $owner && $keys[*] == @.key)',
           jsonb_build_object('owner', waiting.owner_party_id, 'keys', waiting.indicators))
"""
"""SQL query for those of the given targets that must wait for an import: the import loads history for the target
itself, or for a member (direct or indirect) from which the target is derived.
"""
_SHARED = """
SELECT DISTINCT indicator FROM target
 WHERE indicator = ANY(:named) AND (provider_party_id = :party OR customer_party_id = :party)
"""
_INSTANTS = ("opened_at", "through", "expires_at", "ended_at", "judged_at")


class SqlImports:
    """Imports of history in PostgreSQL: commands and queries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, opened: HistoryImport) -> None:
        async with self._database.begin() as transaction:
            inserted = await transaction.execute(
                text(_OPEN),
                {
                    "import_id": opened.import_id,
                    "owner": opened.owner_party_id,
                    "indicators": json.dumps(list(opened.indicators)),
                    "sources": json.dumps(list(opened.sources)),
                    "opened_at": opened.opened_at,
                    "opened_by": opened.opened_by,
                    "through": opened.through,
                    "expires_at": opened.expires_at,
                },
            )
            if inserted.rowcount:
                await send_to_all_partitions(transaction, "hold", {"import_id": opened.import_id})

    async def is_delivered(self, import_id: str) -> bool:
        """Whether every partition has processed all messages about an import."""
        query = "SELECT count(*) FROM judge_inbox WHERE ref ->> 'import_id' = :import_id"
        async with self._database.read() as connection:
            waiting: int = (await connection.execute(text(query), {"import_id": import_id})).scalar_one()
        return waiting == 0

    async def find(self, import_id: str) -> HistoryImport | None:
        async with self._database.read() as connection:
            query = text("SELECT * FROM import WHERE import_id = :import_id")
            row = (await connection.execute(query, {"import_id": import_id})).mappings().one_or_none()
        if row is None:
            return None
        return HistoryImport(**{name: row[name] for name in HistoryImport.__dataclass_fields__})

    async def release(self, import_id: str, positions: Mapping[str, int], ended_as: str, now: int) -> None:
        async with self._database.begin() as transaction:
            done = await transaction.execute(
                text(_RELEASE),
                {"import_id": import_id, "release": json.dumps(positions), "ended_as": ended_as, "now": now},
            )
            if done.rowcount:
                await send_to_all_partitions(transaction, "release", {"import_id": import_id})

    async def page(self, caller: Principal, page: Page, state: str | None) -> dict[str, Any]:
        """Return a page of the imports that concern the caller, the latest first.

        ``state``: ``open`` for imports that are not judged yet, ``judged`` for judged imports; None: all imports.
        """
        at, name = page.values(int, str) or (None, None)
        asked = {**_who(caller), "state": state, "opened_before": at, "id_before": name, "most": page.fetch}
        async with self._database.read() as connection:
            rows = [dict(row) for row in (await connection.execute(text(_LISTED), asked)).mappings()]
            shown = await _shared(connection, caller, rows)
        return page.shape(
            rows,
            lambda row: [row["opened_at"], row["import_id"]],
            lambda row: build_import_document(row, caller, shown),
        )

    async def one(self, import_id: str, caller: Principal) -> dict[str, Any] | None:
        """Return an import; None if the caller may not see the import.

        It has the number of results that the import changed, in total and for each agreement that the caller may see.
        """
        asked = {**_who(caller), "import_id": import_id}
        async with self._database.read() as connection:
            found = (await connection.execute(text(_ONE), asked)).mappings().one_or_none()
            if found is None:
                return None
            row = dict(found)
            shown = await _shared(connection, caller, [row])
            touched = [dict(each) for each in (await connection.execute(text(_TOUCHED), asked)).mappings()]
        counts = {
            name: sum(each[name] for each in touched) for name in ("windows_closed", "windows_restated", "clocks_ended")
        }
        return {**build_import_document(row, caller, shown), **counts, "agreements": touched}

    async def held(self, target_ids: Sequence[str]) -> set[str]:
        """Return the ids of those targets that must wait, because the history of an import has not been evaluated in
        full.
        """
        async with self._database.read() as connection:
            return {row[0] for row in await connection.execute(text(_HELD), {"target_ids": list(target_ids)})}


def _who(caller: Principal) -> dict[str, Any]:
    return {"operator": caller.is_operator, "party": caller.party_id or ""}


async def _shared(connection: AsyncConnection, caller: Principal, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the subjects (``owner/key``) of other parties' indicators that are used in the caller's agreements.

    Only indicators in the imports ``rows`` are looked at.
    """
    named = [
        f"{row['owner_party_id']}/{key}"
        for row in rows
        if not caller.may_see(row["owner_party_id"])
        for key in row["indicators"]
    ]
    if not named:
        return set()
    asked = {"named": named, "party": caller.party_id}
    return {row[0] for row in await connection.execute(text(_SHARED), asked)}


def build_import_document(row: Mapping[str, Any], caller: Principal, shown: Collection[str]) -> dict[str, Any]:
    """Return an import as the JSON object of the API.

    A caller who does not belong to the import's owner sees only the indicators in ``shown``, which the caller's own
    agreements use. Such a caller does not see who opened the import.
    """
    document = _document(row)
    if caller.may_see(row["owner_party_id"]):
        return document
    owner = row["owner_party_id"]
    return {
        **document,
        "opened_by": None,
        "indicators": [key for key in row["indicators"] if f"{owner}/{key}" in shown],
    }


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("import_id", "state", "owner_party_id", "opened_by", "indicators", "sources", "ended_as")
    instants = {
        ("through_at" if name == "through" else name): None if row[name] is None else to_text(row[name])
        for name in _INSTANTS
    }
    return {**{name: row[name] for name in names}, **instants}
