"""Assignments and snoozes of breaches, risks and causes. Only the members of a party see its assignments. Only the
person who snoozed an item sees the snooze.

No event is published about assignments and snoozes, and no answer to the other party contains them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, bindparam, text

from slm_chassis.access import Principal
from slm_chassis.database import Database, Transaction
from slm_chassis.http.paging import Page
from slm_chassis.sql_ledger import SqlLedgerOfTransaction
from slm_events.instants import to_text
from slm_monitor.adapters.queries.customer_views import RISK_SHOWN

Kind = Literal["breach", "risk", "cause"]
_BOTH = "(provider_party_id = :me OR customer_party_id = :me)"
_MARKS = {
    "breach": """breach.revision || '.' || breach.standing || '.' || coalesce((
        SELECT life.number FROM breach_life AS life
         WHERE life.breach_id = breach.breach_id AND life.revision = breach.revision), 0)""",
    "risk": "risk.revision || '.' || risk.standing",
    "cause": "cause_view.revision || '.' || cause_view.state",
}
"""SQL for a text that differs whenever an item changes. It ends the snooze of a person who snoozed the item until it
changes.
"""
_ITEMS = {
    "breach": f"SELECT {_MARKS['breach']} FROM breach WHERE breach_id = :id AND {_BOTH}",
    "risk": f"SELECT {_MARKS['risk']} FROM risk WHERE risk_id = :id AND {_BOTH} AND {RISK_SHOWN.format('risk')}",
    "cause": f"SELECT {_MARKS['cause']} FROM cause_view WHERE cause_id = :id AND party_id = :me",
}
_ASSIGN = """
INSERT INTO assignment VALUES (:kind, :id, :me, :assigned_to, :note, :principal_id, :name, :now)
ON CONFLICT (kind, item_id, party_id) DO UPDATE
   SET assigned_to = excluded.assigned_to, note = excluded.note, by_principal_id = excluded.by_principal_id,
       by_name = excluded.by_name, at = excluded.at
"""
_SNOOZE = """
INSERT INTO snooze VALUES (:kind, :id, :principal_id, :until, :mark, :now)
ON CONFLICT (kind, item_id, principal_id) DO UPDATE
   SET until = excluded.until, mark = excluded.mark, at = excluded.at
"""
_MARK_NOW = f"""
CASE kind
     WHEN 'breach' THEN (SELECT {_MARKS["breach"]} FROM breach WHERE breach_id = item_id)
     WHEN 'risk' THEN (SELECT {_MARKS["risk"]} FROM risk WHERE risk_id = item_id)
     ELSE (SELECT {_MARKS["cause"]} FROM cause_view WHERE cause_id = item_id AND party_id = :me) END
"""
_OWN = f"""
SELECT kind, item_id, assigned_to, note, by_principal_id, by_name, assignment.at AS assigned_at, snooze.until,
       snooze.mark, coalesce(snooze.until > :now OR snooze.mark = {_MARK_NOW}, FALSE) AS is_snoozed
  FROM (SELECT * FROM assignment WHERE party_id = :me) AS assignment
  FULL JOIN (SELECT * FROM snooze WHERE principal_id = :principal_id) AS snooze USING (kind, item_id)
"""
_ONE = f"SELECT * FROM ({_OWN}) AS own WHERE kind = :kind AND item_id = :id"
_OF_ITEMS = f"SELECT * FROM ({_OWN}) AS own WHERE kind || '/' || item_id = ANY(:items) ORDER BY kind, item_id"
_PAGE = f"""
SELECT * FROM ({_OWN}) AS own
 WHERE (CAST(:kind AS text) IS NULL OR kind = :kind)
   AND (CAST(:assigned_to AS text) IS NULL OR assigned_to = :assigned_to)
   AND (CAST(:snoozed AS boolean) IS NULL OR is_snoozed = :snoozed)
   AND (CAST(:after_kind AS text) IS NULL OR (kind, item_id) > (:after_kind, :after_id))
 ORDER BY kind, item_id LIMIT :limit
"""


class AssignableItemNotFound(Exception):
    """The caller's party may see no item of this kind with this id."""


class SqlAssignments:
    """Commands for assignments and snoozes, inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def assign(self, kind: Kind, item_id: str, assigned_to: str | None, note: str, caller: Principal) -> None:
        """Assign an item to a person of the caller's party, or to nobody (None). Raises AssignableItemNotFound."""
        given = await self._about(kind, item_id, caller)
        values = {**given, "assigned_to": assigned_to, "note": note, "name": caller.name}
        await self._transaction.execute(text(_ASSIGN), values)
        await SqlLedgerOfTransaction(self._transaction).note(caller, f"{kind}.assigned", item_id)

    async def snooze(self, kind: Kind, item_id: str, until: int | None, until_change: bool, caller: Principal) -> None:
        """Hide an item from the caller until an instant, or until the item changes. If neither is given, show the item
        again.

        Raises AssignableItemNotFound.
        """
        given = await self._about(kind, item_id, caller)
        mark = given["mark"] if until_change else None
        await self._transaction.execute(text(_SNOOZE), {**given, "until": until, "mark": mark})
        await SqlLedgerOfTransaction(self._transaction).note(caller, f"{kind}.snoozed", item_id)

    async def _about(self, kind: Kind, item_id: str, caller: Principal) -> dict[str, Any]:
        given = {"id": item_id, "me": caller.party_id or "", "now": self._transaction.now, "sees_all": False}
        mark = (await self._transaction.execute(text(_ITEMS[kind]), given)).scalar_one_or_none()
        if mark is None:
            raise AssignableItemNotFound(item_id)
        return {**given, "kind": kind, "mark": mark, "principal_id": caller.principal_id}


class AssignmentQueries:
    """Queries for the assignments of the caller's party and the snoozes of the caller."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def one(self, kind: Kind, item_id: str, caller: Principal) -> dict[str, Any]:
        """Return one JSON object with the assignment of an item within the caller's party, and the caller's own snooze
        of the item.
        """
        given = {**self._own(caller), "kind": kind, "id": item_id}
        async with self.database.read() as connection:
            row = (await connection.execute(text(_ONE), given)).mappings().one()
        return build_assignment_document(row)

    async def of_items(self, caller: Principal, items: Sequence[tuple[Kind, str]]) -> list[dict[str, Any]]:
        """Return the assignments and snoozes of the given items as JSON objects, sorted by kind and id.

        An item is (kind, id). It is left out if the caller's party has not assigned it and the caller has not snoozed
        it.
        """
        given = {**self._own(caller), "items": [f"{kind}/{item_id}" for kind, item_id in items]}
        async with self.database.read() as connection:
            rows = (await connection.execute(text(_OF_ITEMS), given)).mappings().all()
        return [build_assignment_document(row) for row in rows]

    async def page(
        self, caller: Principal, page: Page, kind: str | None, assigned_to: str | None, snoozed: bool | None
    ) -> dict[str, Any]:
        """Return a page of the items that the caller's party assigned or the caller snoozed, sorted by kind and id.

        ``kind``: only items of this kind. ``assigned_to``: only items assigned to this person. ``snoozed``: True for
        only items that the caller snoozed, False for only items that the caller did not snooze. None does not filter.
        """
        after = page.values(str, str) or (None, None)
        given = {
            **self._own(caller),
            "kind": kind,
            "assigned_to": assigned_to,
            "snoozed": snoozed,
            "after_kind": after[0],
            "after_id": after[1],
            "limit": page.fetch,
        }
        async with self.database.read() as connection:
            rows = [dict(row) for row in (await connection.execute(text(_PAGE), given)).mappings()]
        return page.shape(rows, lambda row: [row["kind"], row["item_id"]], build_assignment_document)

    def _own(self, caller: Principal) -> dict[str, Any]:
        me, now = caller.party_id or "", self.database.clock.now()
        return {"me": me, "now": now, "principal_id": caller.principal_id}


def build_assignment_conditions(
    kind: Kind, identity: str, caller: Principal, assigned_to: str | None, snoozed: bool | None, now: int
) -> list[ColumnElement[bool]]:
    """Return SQL conditions that filter a list of items by assignee and by the caller's snoozes.

    ``identity`` is the column with the items' ids. If ``assigned_to`` or ``snoozed`` is None, it adds no condition.
    """
    own = f"SELECT 1 FROM ({_OWN}) AS own WHERE own.kind = '{kind}' AND own.item_id = {identity}"
    wanted = [] if assigned_to is None else [f"EXISTS ({own} AND own.assigned_to = :assigned_to)"]
    if snoozed is not None:
        wanted.append(f"{'' if snoozed else 'NOT '}EXISTS ({own} AND own.is_snoozed)")
    given = [
        bindparam("me", caller.party_id or ""),
        bindparam("now", now, BigInteger),
        bindparam("principal_id", caller.principal_id),
        bindparam("assigned_to", assigned_to),
    ]
    found: list[Any] = []
    for condition in wanted:
        names = text(condition).compile().params
        found.append(text(condition).bindparams(*(each for each in given if each.key in names)))
    return found


def build_assignment_document(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an assignment, with the caller's snooze, as the JSON object of the API."""
    return {
        "kind": row["kind"],
        "item_id": row["item_id"],
        "assigned_to": row["assigned_to"],
        "note": row["note"] or "",
        "assigned_by_principal_id": row["by_principal_id"],
        "assigned_by_name": row["by_name"],
        "assigned_at": None if row["assigned_at"] is None else to_text(row["assigned_at"]),
        "is_snoozed": row["is_snoozed"],
        "snoozed_until_at": None if row["until"] is None else to_text(row["until"]),
        "snoozed_until_change": row["mark"] is not None,
    }
