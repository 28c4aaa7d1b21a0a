"""The storage of review-svc in PostgreSQL: a ledger for each transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select

from slm_chassis.database import Database, Transaction
from slm_chassis.sql_ledger import SqlLedgerOfTransaction, SqlRepository
from slm_review.adapters import tables
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.agreements import Agreement
from slm_review.domain.decisions import Action, Lesson
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport
from slm_review.domain.plans import ActionPlan
from slm_review.domain.proposed import Amendment, Proposal
from slm_review.domain.reviews import Review

_DUE_AT_ONCE = 100


class SqlLedger(SqlLedgerOfTransaction):
    """The storage within one transaction; every read is a query."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.agreements = SqlRepository(transaction, tables.agreement_version, Agreement)
        self.plans = SqlRepository(transaction, tables.action_plan, ActionPlan)
        self.breaches = SqlRepository(transaction, tables.breach, Breach)
        self.windows = SqlRepository(transaction, tables.attained_window, AttainedWindow)
        self.reports = SqlRepository(transaction, tables.published_report, PublishedReport)
        self.reviews = SqlRepository(transaction, tables.review, Review)
        self.agenda = SqlRepository(transaction, tables.agenda_item, AgendaItem)
        self.lessons = SqlRepository(transaction, tables.lesson, Lesson)
        self.actions = SqlRepository(transaction, tables.action, Action)
        self.proposals = SqlRepository(transaction, tables.proposal, Proposal)
        self.amendments = SqlRepository(transaction, tables.amendment, Amendment)

    async def latest_windows(
        self, agreement_id: str, target_id: str, until_at: int | None, count: int
    ) -> list[AttainedWindow]:
        """Return the latest ``count`` windows of a target, or fewer, that ended by ``until_at``.

        ``until_at`` is in microseconds UTC; None: no limit. The earliest window comes first. Windows with the
        verdict ``not_applicable`` are skipped: they have no service time.
        """
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
    """A database; each of its transactions is a ``SqlLedger``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlLedger]:
        """Begin a transaction and yield its ledger; the changes commit when the ``async with`` ends."""
        async with self._database.begin() as transaction:
            yield SqlLedger(transaction)

    async def quiet_plans(self) -> list[tuple[str, str]]:
        """Return (agreement id, plan id) of plans whose state may change now without a new event, the earliest first.

        At most 100 are returned.
        """
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
        """Return (agreement id, review id) of scheduled reviews that are due, the earliest first.

        At most 100 are returned.
        """
        review = tables.review
        statement = (
            select(review.c.agreement_id, review.c.review_id)
            .where(review.c.state == "scheduled", review.c.due_at <= self._database.clock.now())
            .order_by(review.c.due_at)
            .limit(_DUE_AT_ONCE)
        )
        async with self._database.read() as connection:
            return [(row.agreement_id, row.review_id) for row in await connection.execute(statement)]
