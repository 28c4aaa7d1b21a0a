"""Breach workflows in PostgreSQL: the steps that the parties have taken, and lists of breaches by the state of their
workflow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, case, column, select, table, text
from sqlalchemy.types import Integer

from slm_chassis.access import Principal
from slm_chassis.database import Database, Transaction
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.queries.finding_order import FindingOrder, FindingSort, drop_sort_values
from slm_monitor.adapters.queries.read_tables import BREACH, build_party_condition, select_cause_id
from slm_monitor.adapters.queries.row_documents import build_breach_document
from slm_monitor.application.commands.breach_handling import HandledBreach
from slm_monitor.domain.lifecycle.breach_workflow import BreachWorkflow, BreachWorkflowStep

_LIFE = table(
    "breach_life",
    column("breach_id", Text),
    column("revision", Integer),
    column("number", Integer),
    column("reached", Text),
    column("contest", Text),
    column("state", Text),
)
_JOINED = BREACH.outerjoin(_LIFE, and_(_LIFE.c.breach_id == BREACH.c.breach_id, _LIFE.c.revision == BREACH.c.revision))
_state = case(
    (BREACH.c.standing.is_(False), "withdrawn"), (_LIFE.c.state.is_(None), "open"), else_=_LIFE.c.state
).label("state")
_LOCK = "SELECT breach_id FROM breach WHERE breach_id = :breach_id FOR UPDATE"
_KEEP = """
INSERT INTO breach_life (breach_id, revision, number, reached, contest, state)
VALUES (:breach_id, :revision, :number, :reached, :contest, :state)
ON CONFLICT (breach_id) DO UPDATE
   SET revision = excluded.revision, number = excluded.number, reached = excluded.reached, contest = excluded.contest,
       state = excluded.state
"""
_STEP = """
INSERT INTO breach_step VALUES (:breach_id, :revision, :number, :step, :at, :principal_id, :name, :party_id,
                                CAST(:document AS jsonb))
"""
_DISPUTES = """
SELECT dispute_id, state, disputed, decided FROM dispute WHERE breach_id = :breach_id ORDER BY dispute_id
"""
_STEPS = "SELECT * FROM breach_step WHERE breach_id = :breach_id ORDER BY revision, number"
_SELECTED = (*BREACH.c, _LIFE.c.number, _LIFE.c.reached, _LIFE.c.contest)


class SqlBreachWorkflows:
    """Breach workflows, read and written inside the transaction in which a party takes a step."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def locked(self, breach_id: str) -> HandledBreach | None:
        found = await self._transaction.execute(text(_LOCK), {"breach_id": breach_id})
        if found.first() is None:
            return None
        return (await read_handled_breaches(self._transaction, [breach_id]))[breach_id]

    async def keep(self, breach_id: str, life: BreachWorkflow, step: BreachWorkflowStep) -> None:
        await write_breach_workflow_steps(self._transaction, [(breach_id, life, step)])

    def publish(self, event: Any, at: int, event_id: str) -> None:
        self._transaction.publish(event, at=at, event_id=event_id)


async def read_handled_breaches(transaction: Transaction, breach_ids: Sequence[str]) -> dict[str, HandledBreach]:
    """Return breach id → breach with the state of its workflow. The caller must have locked the breaches."""
    query = select(*_SELECTED).select_from(_JOINED).where(BREACH.c.breach_id.in_(breach_ids))
    rows = (await transaction.execute(query)).mappings()
    return {row["breach_id"]: HandledBreach(row["document"], _life_of(row)) for row in rows}


async def write_breach_workflow_steps(
    transaction: Transaction, taken: Sequence[tuple[str, BreachWorkflow, BreachWorkflowStep]]
) -> None:
    """Write steps of breach workflows: each is (breach id, workflow after the step, step)."""
    if not taken:
        return
    shared = [{"breach_id": each, "revision": life.revision, "number": life.number} for each, life, _ in taken]
    kept = [
        {**names, "reached": life.reached, "contest": life.contest, "state": life.state}
        for names, (_, life, _) in zip(shared, taken, strict=True)
    ]
    await transaction.execute(text(_KEEP), kept)
    steps = [
        {
            **names,
            "step": step.step,
            "at": step.at,
            "principal_id": step.principal_id,
            "name": step.name,
            "party_id": step.party_id,
            "document": json.dumps(dict(step.document)),
        }
        for names, (_, _, step) in zip(shared, taken, strict=True)
    ]
    await transaction.execute(text(_STEP), steps)


class BreachQueries:
    """Queries for breaches and their workflows."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def page(
        self,
        caller: Principal,
        page: Page,
        filters: Mapping[str, Any],
        span: tuple[int | None, int | None],
        sort: FindingSort = "latest",
        own: Sequence[ColumnElement[bool]] = (),
    ) -> dict[str, Any]:
        """Return a page of breaches, withdrawn ones included.

        ``span``: only breaches that became certain between its two instants (µs; None: no bound). ``own``: conditions
        on the assignments of the caller's party and the snoozes of the caller.
        """
        cause_id = select_cause_id(BREACH.c.breach_id)
        beside = {"cause_id": cause_id, "state": _state.element}
        wanted: list[ColumnElement[bool]] = [*own]
        wanted += [
            (beside[name] if name in beside else BREACH.c[name]) == value
            for name, value in filters.items()
            if value is not None
        ]
        if span[0] is not None:
            wanted.append(BREACH.c.certain_at >= span[0])
        if span[1] is not None:
            wanted.append(BREACH.c.certain_at < span[1])
        order = FindingOrder("breach", sort, caller, self.database.clock.now())
        query = (
            select(*BREACH.c, _state, cause_id)
            .select_from(_JOINED)
            .where(build_party_condition(BREACH, caller), *wanted)
        )
        query = order.apply(query, BREACH.c.breach_id, BREACH.c.certain_at, page).limit(page.fetch)
        async with self.database.read() as connection:
            rows = [dict(row) for row in (await connection.execute(query)).mappings()]
        return page.shape(
            rows, lambda row: order.values(row, "certain_at"), lambda row: build_breach_document(drop_sort_values(row))
        )

    async def one(self, caller: Principal, breach_id: str) -> tuple[dict[str, Any], BreachWorkflow] | None:
        """Return (breach as JSON with the steps of its workflow, workflow); None if the caller may see no breach with
        this id.
        """
        query = select(*_SELECTED, _state, select_cause_id(BREACH.c.breach_id)).select_from(_JOINED)
        query = query.where(BREACH.c.breach_id == breach_id, build_party_condition(BREACH, caller))
        async with self.database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            steps = (await connection.execute(text(_STEPS), {"breach_id": breach_id})).mappings().all()
            disputes = (await connection.execute(text(_DISPUTES), {"breach_id": breach_id})).mappings().all()
        if row is None:
            return None
        life = _life_of(row)
        own = {name: row[name] for name in (*(each.name for each in BREACH.c), "state", "cause_id")}
        workflow = {
            "allowed": list(life.allowed),
            "steps": [_step_shaped(step) for step in steps],
            "disputes": [_dispute_shaped(dispute) for dispute in disputes],
        }
        return {**build_breach_document(own), "life": {"state": life.state, **workflow}}, life


def _life_of(row: Mapping[Any, Any]) -> BreachWorkflow:
    life = BreachWorkflow(row["revision"])
    if row["number"] is not None:
        life = BreachWorkflow(row["revision"], row["reached"], row["contest"], row["number"])
    return life.after_evaluation(row["revision"], row["standing"])


def _dispute_shaped(row: Mapping[Any, Any]) -> dict[str, Any]:
    disputed, decided = row["disputed"] or {}, row["decided"] or {}
    return {
        "dispute_id": row["dispute_id"],
        "state": row["state"],
        "reason": disputed.get("reason"),
        "by_party_id": disputed.get("by_party_id"),
        "disputed_at": disputed.get("disputed_at"),
        "decided_by": decided.get("decided_by"),
        "decided_at": decided.get("decided_at"),
        "decision_reason": decided.get("reason"),
    }


def _step_shaped(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "revision": row["revision"],
        "step": row["step"],
        "at": to_text(row["at"]),
        "by_party_id": row["party_id"],
        "by_principal_id": row["principal_id"],
        "by_name": row["principal_name"],
        **row["document"],
    }
