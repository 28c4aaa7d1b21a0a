"""Causes in PostgreSQL: any order of arrival, two workers at once, and ``kill -9`` before a commit."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from sqlalchemy import text

from slm_chassis.access import Principal
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database
from slm_events.causes import CauseRevised
from slm_monitor.adapters.causes.sql_cause_acts import SqlCauseActs
from slm_monitor.adapters.causes.sql_causes import SqlCauses
from slm_monitor.application.causes import cause_acts, regrouping
from slm_monitor.domain.lifecycle.breach_workflow import ACKNOWLEDGE
from tests.support import grouped
from tests.support.cause_histories import (
    HISTORIES,
    PROVIDERS,
    Change,
    Listener,
    expected_causes,
    expected_views,
    present,
    provider_of,
)
from tests.support.judged import Monitor, monitor
from tests.support.monitor import PROVIDER
from tests.support.monitor_service import migrated_database

MANY = 12
PROVIDER_CALLER = Principal("principal", PROVIDER, "somebody", frozenset({"integrator"}))
_url: list[str] = []


async def played(history: Sequence[Sequence[Change]]) -> tuple[dict[str, frozenset[str]], Listener]:
    """Regroup a history in a real database; the causes in the end, and who was told what."""
    if not _url:
        _url.append(await migrated_database())
    listener = Listener()
    database = await Database.open(_url[0], clock=SystemClock(), source="/slm/test/monitor")
    try:
        async with database.begin() as transaction:
            await transaction.execute(text("TRUNCATE cause_finding, cause_key, cause_view, cause_due, outbox"))
        for batch in history:
            for provider in PROVIDERS:
                changed = {identity: finding for identity, finding in batch if provider_of(identity) == provider}
                if not changed:
                    continue
                async with database.begin() as transaction:
                    store = SqlCauses(transaction, await transaction.driver())
                    await regrouping.regroup_findings_of_provider(store, provider, changed, transaction.now)
        async with database.read() as connection:
            found = await connection.execute(
                text("SELECT cause_id, array_agg(finding_id) FROM cause_finding GROUP BY 1")
            )
            causes = {row[0]: frozenset(row[1]) for row in found}
            for (value,) in await connection.execute(text("SELECT value FROM outbox ORDER BY seq")):
                listener.hear(msgspec.json.decode(value, type=CauseRevised))
        return causes, listener
    finally:
        await database.close()


@given(HISTORIES)
@settings(max_examples=30, deadline=None)
def test_regrouping_in_postgresql_is_the_same_as_comparing_every_pair(
    postgres: object, history: list[list[Change]]
) -> None:
    causes, listener = asyncio.run(played(history))
    assert causes == expected_causes(present(history).values())
    assert listener.views() == expected_views(present(history))


async def breached(held: Monitor, number: int = MANY) -> None:
    """An outage that breaches many agreements of customers of their own, not grouped yet."""
    await held.register("a", "availability")
    for each in range(number):
        await held.hear(grouped.agreement(f"many-{each}", {"customer": f"customer-{each}"}))
    await held.settle()
    outage = {"from": "2026-11-05T06:00:00Z", "to": "2026-11-05T09:00:00Z"}
    await held.measure({"indicator": "a", "id": "o", "outage": outage})
    await held.settle()


async def died(*arguments: str) -> None:
    """Run the process that kills itself, and wait until it has."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.support.dying_cause_act", *arguments)
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL


async def rows(held: Monitor, query: str) -> list[Any]:
    async with held.database.read() as connection:
        return list((await connection.execute(text(query))).all())


async def test_two_workers_at_once_group_everything_once(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await breached(held)
        # Few entries at a time, and each twice, so that both work on findings that belong together.
        async with held.database.begin() as transaction:
            await transaction.execute(
                text("INSERT INTO cause_due (kind, ref, since) SELECT kind, ref, since FROM cause_due")
            )
        first, second = grouped.grouping(held, most=3), grouped.grouping(held, most=3)
        while sum(await asyncio.gather(first.step(), second.step())):
            pass
        (cause,) = await grouped.causes(held.database)
        assert cause["breaches"] == MANY
        told = [data for name, data in await held.published() if name == "cause-revised"]
        assert len({(each["cause_id"], each["party_id"], each["revision"]) for each in told}) == len(told)
        assert sum(each["party_id"] != PROVIDER for each in told) == MANY


async def test_a_worker_killed_before_its_commit_loses_and_doubles_nothing(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await breached(held)
        await died("group", database_url)
        assert await grouped.causes(held.database) == []
        assert "cause-revised" not in await held.names()
        await grouped.regrouped(held)
        (cause,) = await grouped.causes(held.database)
        assert (cause["breaches"], (await held.names()).count("cause-revised")) == (MANY, MANY + 1)


async def test_an_act_killed_before_its_commit_has_done_nothing(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await breached(held)
        await grouped.regrouped(held)
        (cause,) = await grouped.causes(held.database)
        await died("act", database_url, cause["cause_id"], PROVIDER)
        assert await rows(held, "SELECT * FROM breach_step") == []
        assert "breach-acknowledged" not in await held.names()
        for expected in (MANY, 0):
            async with held.database.begin() as transaction:
                store = SqlCauseActs(transaction)
                result = await cause_acts.take_step_for_cause(
                    store, cause["cause_id"], ACKNOWLEDGE, {}, PROVIDER_CALLER, transaction.now
                )
                await store.write()
            assert len(result.done) == expected
        assert len(await rows(held, "SELECT DISTINCT breach_id FROM breach_step")) == MANY
        assert (await held.names()).count("breach-acknowledged") == MANY


async def test_an_act_takes_so_many_breaches_and_says_how_many_remain(database_url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(cause_acts, "MOST_BREACHES", 5)
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await breached(held)
        await grouped.regrouped(held)
        (cause,) = await grouped.causes(held.database)
        seen = []
        for _ in range(4):
            async with held.database.begin() as transaction:
                store = SqlCauseActs(transaction)
                result = await cause_acts.take_step_for_cause(
                    store, cause["cause_id"], ACKNOWLEDGE, {}, PROVIDER_CALLER, transaction.now
                )
                await store.write()
            seen.append((len(result.done), len(result.skipped), result.remaining))
        assert seen == [(5, 0, 7), (5, 5, 2), (2, 10, 0), (0, 12, 0)]
