"""monitor-svc's evaluation worker on a real database, with a log in memory and a clock that only the test moves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import text

from slm_chassis.access import Principal
from slm_chassis.app import topic_specs
from slm_chassis.clock import ManualClock
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_chassis.identity import new_id
from slm_chassis.log.memory import MemoryEventLog
from slm_events.agreement import AgreementFinalized, AgreementTerminated
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.review import BreachDisputed, DisputeDecided, PeriodAccepted
from slm_monitor.adapters.commands.sql_imports import SqlImports
from slm_monitor.adapters.commands.sql_reviews import SqlReviews
from slm_monitor.adapters.commands.sql_terms import SqlIndicators, SqlQuarantine, SqlTerms
from slm_monitor.adapters.formats.wire_formats import IntakeFormat
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.application.commands import agreements, review_decisions
from slm_monitor.application.engine.evaluation_worker import GROUP, EvaluationWorker
from slm_monitor.application.intake import imports
from slm_monitor.application.intake.imports import QUIET_MICROSECONDS, HistoryImport
from slm_monitor.application.intake.intake import FactIntake, IntakeBatchAnswer
from slm_monitor.application.intake.record_reader import ANYONE, IntakeRecordReader
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.domain.facts.intake_items import Indicator
from tests.support.monitor import PROVIDER, at

PARTITIONS = 2
SOURCES = {"/probes": PROVIDER, "/gateway": ANYONE}
INTEGRATOR = Principal("integrator", PROVIDER, "integrator", frozenset({"integrator"}))
EVERYTHING = Page(1000, None)


class _Store(SqlEvaluationStore):
    """The real store, with the test's clock as the present instant."""

    async def present(self) -> int:
        return self._clock.now()


@dataclass
class Monitor:
    """An evaluation worker and its intake. ``settle`` runs the worker until nothing is left to do."""

    database: Database
    log: MemoryEventLog
    clock: ManualClock
    store: _Store
    door: FactIntake
    judge: EvaluationWorker
    steps: list[PartitionStepChanges]
    may_set_aside: bool = False
    """Whether the test expects failed targets."""

    async def settle(self, until: str | None = None) -> None:
        """Move the clock to ``until``, if given, and run the worker until nothing is left to do."""
        if until is not None:
            self.clock.move_to(at(until))
        self.judge.ring()
        quiet = 0
        while quiet < 3:
            before = len(self.steps)
            taken = await self.judge.step(0.0)
            quiet = 0 if taken or len(self.steps) > before else quiet + 1
            for step in self.steps[before:]:
                assert self.may_set_aside or not any(step.changes.unjudgeable.values()), step.changes.unjudgeable

    async def save(self) -> None:
        """Write a checkpoint now."""
        await self.judge.save()

    async def hear(self, event: AgreementFinalized | AgreementTerminated) -> None:
        async with self.database.begin() as transaction:
            if isinstance(event, AgreementFinalized):
                await agreements.adopt_agreement_terms(SqlTerms(transaction), event)
            else:
                await agreements.end_agreement_early(SqlTerms(transaction), event)

    async def decided(self, event: PeriodAccepted | BreachDisputed | DisputeDecided) -> None:
        """Receive a decision of review-svc, and run the worker until nothing is left to do."""
        async with self.database.begin() as transaction:
            if isinstance(event, PeriodAccepted):
                await review_decisions.freeze_accepted_period(SqlReviews(transaction), event)
            elif isinstance(event, BreachDisputed):
                await review_decisions.mark_breach_as_disputed(SqlReviews(transaction), event)
            else:
                await review_decisions.apply_dispute_decision(SqlReviews(transaction), event)
        await self.settle()

    async def measure(self, *items: dict[str, Any]) -> IntakeBatchAnswer:
        return await self.door.take_measurements(msgspec.json.encode(items), "application/json", INTEGRATOR)

    async def ticket(self, *items: dict[str, Any]) -> IntakeBatchAnswer:
        return await self.door.take_ticket_events(msgspec.json.encode(items), "application/json", INTEGRATOR)

    async def register(self, key: str, kind: str, initial_state: str = "up") -> None:
        indicator = Indicator(f"{PROVIDER}/{key}", PROVIDER, key, kind, None, initial_state)
        await SqlIndicators(self.database).register(indicator, [])

    async def hold(self, *indicators: str, sources: Sequence[str] = ()) -> str:
        store = SqlImports(self.database)
        now = self.clock.now()
        held = await imports.open_history_import(
            store,
            HistoryImport(new_id(), PROVIDER, indicators, sources, now, "integrator", now, now + QUIET_MICROSECONDS),
        )
        await self.settle()
        return held.import_id

    async def release(self, import_id: str) -> None:
        ends = {topic.name: await self.log.end_offsets(topic.name) for topic in (MEASUREMENTS, TICKETS)}
        await imports.complete_history_import(SqlImports(self.database), import_id, ends, self.clock.now())

    async def breaches(self) -> list[dict[str, Any]]:
        page = await TargetQueries(self.database).breaches(INTEGRATOR, EVERYTHING, {})
        return sorted(page["items"], key=lambda row: (row["target_key"], row["certain_at"]))

    async def windows(self, target_id: str) -> dict[str, dict[str, Any]]:
        page = await TargetQueries(self.database).windows(target_id, EVERYTHING)
        return {row["window_id"]: row for row in page["items"]}

    async def clocks(self) -> list[dict[str, Any]]:
        page = await TargetQueries(self.database).clocks(INTEGRATOR, EVERYTHING, {})
        return list(page["items"])

    async def published(self) -> list[tuple[str, dict[str, Any]]]:
        """Return (event name, data) of all published events, in the order of their publication."""
        async with self.database.read() as connection:
            rows = await connection.execute(text("SELECT headers ->> 'ce_type', value FROM outbox ORDER BY seq"))
            return [(str(row[0]).split(".")[2], json.loads(row[1])) for row in rows]

    async def names(self) -> list[str]:
        return [name for name, _ in await self.published()]


@asynccontextmanager
async def ground(url: str, now: str) -> AsyncIterator[tuple[Database, MemoryEventLog, ManualClock]]:
    """Give the block the migrated database, a log with every topic, and a clock that shows ``now``."""
    log = MemoryEventLog()
    await log.ensure_topics(topic_specs(PARTITIONS))
    clock = ManualClock(at(now))
    database = await Database.open(url, clock=clock, source="/slm/test/monitor")
    try:
        yield database, log, clock
    finally:
        await database.close()


@asynccontextmanager
async def monitor(url: str, now: str) -> AsyncIterator[Monitor]:
    """Give the block an evaluation worker that owns all partitions, on a new log."""
    async with ground(url, now) as (database, log, clock), judging(database, log, clock) as held:
        yield held


@asynccontextmanager
async def judging(database: Database, log: MemoryEventLog, clock: ManualClock) -> AsyncIterator[Monitor]:
    """Give the block an evaluation worker on an existing database and log, as after a restart or as another replica."""
    store = _Store(database, clock)
    await store.prepare(PARTITIONS)
    form = IntakeFormat()
    steps: list[PartitionStepChanges] = []
    judge = EvaluationWorker(
        store, log, clock, IntakeRecordReader(form, store, clock, PARTITIONS, SOURCES), PARTITIONS, steps.append
    )
    door = FactIntake(log, form, store, SqlQuarantine(database), clock, PARTITIONS)
    async with log.consume(GROUP, (MEASUREMENTS.name, TICKETS.name), judge) as consumer:
        judge.use(consumer)
        yield Monitor(database, log, clock, store, door, judge, steps)
