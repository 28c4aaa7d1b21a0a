"""The ledger in PostgreSQL: domain values as rows, one advisory lock an agreement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from slm_chassis import tracing
from slm_chassis.access import Principal
from slm_chassis.database import Database, Transaction
from slm_chassis.tables import audit
from slm_review.adapters import tables
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.agreements import Agreement
from slm_review.domain.decisions import Action, Lesson
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport
from slm_review.domain.plans import ActionPlan
from slm_review.domain.proposed import Amendment, Proposal
from slm_review.domain.reviews import Review

T = TypeVar("T")
_DUE_AT_ONCE = 100


class SqlKept(Generic[T]):
    """A table as a collection of values of one class, whose fields are its columns and whose id is its key."""

    def __init__(self, transaction: Transaction, table: Table, kind: type[T]) -> None:
        self._transaction = transaction
        self._table = table
        self._kind = kind
        self._key = next(iter(table.primary_key))

    async def get(self, key: str) -> T | None:
        found = await self.find(**{self._key.name: key})
        return found[0] if found else None

    async def find(self, **equal: Any) -> list[T]:
        given = {name: value for name, value in equal.items() if value is not None}
        statement = _select(self._table, tuple(given), tuple(equal.keys() - given.keys()))
        return [self._kind(**row) for row in (await self._transaction.execute(statement, given)).mappings()]

    async def put(self, *values: T) -> None:
        if values:
            rows = [{column.name: getattr(value, column.name) for column in self._table.c} for value in values]
            await self._transaction.execute(_upsert(self._table), rows)


# Building these statements took a third of the time of handling an event; there are some twenty of them in all.
@cache
def _select(table: Table, given: tuple[str, ...], absent: tuple[str, ...]) -> Select[Any]:
    equal = [table.c[name] == bindparam(name, type_=table.c[name].type) for name in given]
    return select(table).where(*equal, *(table.c[name].is_(None) for name in absent)).order_by(*table.primary_key)


@cache
def _upsert(table: Table) -> Insert:
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


class LedgerOfTransaction:
    """What ledgers of one transaction share: the clock, the lock, and what leaves with the commit."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.now = transaction.now

    async def lock(self, agreement_id: str) -> None:
        await self._transaction.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(agreement_id, 0))))

    def publish(self, event: Any) -> None:
        self._transaction.publish(event)

    async def note(self, by: Principal, action: str, subject: str) -> None:
        row = {
            "at": self.now,
            "principal_id": by.principal_id,
            "party_id": by.party_id,
            "action": action,
            "subject": subject,
            "correlation_id": tracing.correlation_id.get(),
            "detail": {},
        }
        await self._transaction.execute(insert(audit).values(row))


class SqlLedger(LedgerOfTransaction):
    """One transaction's ledger; every question is a query."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.agreements = SqlKept(transaction, tables.agreement_version, Agreement)
        self.plans = SqlKept(transaction, tables.action_plan, ActionPlan)
        self.breaches = SqlKept(transaction, tables.breach, Breach)
        self.windows = SqlKept(transaction, tables.attained_window, AttainedWindow)
        self.reports = SqlKept(transaction, tables.published_report, PublishedReport)
        self.reviews = SqlKept(transaction, tables.review, Review)
        self.agenda = SqlKept(transaction, tables.agenda_item, AgendaItem)
        self.lessons = SqlKept(transaction, tables.lesson, Lesson)
        self.actions = SqlKept(transaction, tables.action, Action)
        self.proposals = SqlKept(transaction, tables.proposal, Proposal)
        self.amendments = SqlKept(transaction, tables.amendment, Amendment)

    async def latest_windows(
        self, agreement_id: str, target_id: str, until_at: int | None, count: int
    ) -> list[AttainedWindow]:
        rows = tables.attained_window
        query = (
            select(rows)
            .where(rows.c.agreement_id == agreement_id, rows.c.target_id == target_id)
            .where(rows.c.window_end_at.is_not(None), rows.c.verdict != "not_applicable")
            .order_by(rows.c.window_end_at.desc(), rows.c.attained_id.desc())
            .limit(count)
        )
        if until_at is not None:
            query = query.where(rows.c.window_end_at <= until_at)
        found = [AttainedWindow(**row) for row in (await self._transaction.execute(query)).mappings()]
        return found[::-1]


class SqlDesk:
    """Ledgers from a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlLedger]:
        async with self._database.begin() as transaction:
            yield SqlLedger(transaction)

    async def quiet_plans(self) -> list[tuple[str, str]]:
        plan = tables.action_plan
        statement = (
            select(plan.c.agreement_id, plan.c.plan_id)
            .where(plan.c.state.in_(("open", "watching")), plan.c.quiet_at <= self._database.clock.now())
            .order_by(plan.c.quiet_at)
            .limit(_DUE_AT_ONCE)
        )
        async with self._database.read() as connection:
            return [(row.agreement_id, row.plan_id) for row in await connection.execute(statement)]

    async def due(self) -> list[tuple[str, str]]:
        review = tables.review
        statement = (
            select(review.c.agreement_id, review.c.review_id)
            .where(review.c.state == "scheduled", review.c.due_at <= self._database.clock.now())
            .order_by(review.c.due_at)
            .limit(_DUE_AT_ONCE)
        )
        async with self._database.read() as connection:
            return [(row.agreement_id, row.review_id) for row in await connection.execute(statement)]
