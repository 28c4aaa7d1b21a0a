"""Each event is handled once in effect, whoever dies when; a former owner can write nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import text

from slm_chassis import tracing
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database, Transaction
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import OffsetVanished, Record, TopicPartition
from slm_chassis.outbox import OutboxRelay
from slm_chassis.positions import OwnedPartitions
from slm_chassis.subscriptions import Handler, Subscriptions
from slm_events.agreement import PartyRegistered
from slm_events.envelope import Envelope
from tests.support.service import count, effects, in_batches, keep, party, until

TOPIC = "slm.catalogue"
Subscribe = Callable[..., Awaitable[Subscriptions]]


@pytest.fixture(params=["one at a time", "in batches"])
async def subscribe(
    database: Database, log: MemoryEventLog, request: pytest.FixtureRequest
) -> AsyncIterator[Subscribe]:
    """A member of group ``slm-test``, left at the end of the test; its handler takes one event, or a batch."""
    async with AsyncExitStack() as stack:

        async def member(handler: Handler = keep, **options: Any) -> Subscriptions:
            batched = request.param == "in batches"
            given = in_batches([PartyRegistered], handler) if batched else {PartyRegistered: handler}
            subscriptions = Subscriptions("slm-test", database, log, given, **options)
            stack.push_async_callback(subscriptions.close)
            return subscriptions

        yield member


async def send(
    database: Database, log: MemoryEventLog, *names: str, key: str = "k", event_id: str | None = None
) -> None:
    async with database.begin() as transaction:
        for name in names:
            transaction.publish(party(key, name), event_id=event_id)
    while await OutboxRelay(database, log).step():
        pass


async def drain(subscriptions: Subscriptions) -> None:
    while await subscriptions.step(0.0):
        pass


async def test_events_are_handled_in_order(database: Database, log: MemoryEventLog, subscribe: Subscribe) -> None:
    await send(database, log, "1", "2", "3")
    await drain(await subscribe())
    assert await effects(database) == ["1", "2", "3"]


async def test_an_event_delivered_twice_is_handled_once(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    subscriptions = await subscribe()
    await send(database, log, "once", event_id="e1")
    await send(database, log, "once", event_id="e1")
    await drain(subscriptions)
    await send(database, log, "once", event_id="e1")
    await drain(subscriptions)
    assert await effects(database) == ["once"]


async def test_a_new_member_goes_on_where_the_last_one_committed(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    first = await subscribe()
    await send(database, log, "1", "2")
    await drain(first)
    await first.close()
    await database_forgets_inbox(database)
    await send(database, log, "3")
    await drain(await subscribe())
    assert await effects(database) == ["1", "2", "3"]


async def database_forgets_inbox(database: Database) -> None:
    async with database.begin() as transaction:
        await transaction.execute(text("DELETE FROM inbox"))


async def test_position_inbox_effect_and_outgoing_events_commit_together_or_not_at_all(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    async def half(transaction: Transaction, envelope: Envelope) -> None:
        await keep(transaction, envelope)
        transaction.publish(party("caused"))
        raise ConnectionResetError("the database went away")

    await send(database, log, "1")
    dying = await subscribe(half)
    with pytest.raises(ConnectionResetError):
        await dying.step(0.0)
    assert [await count(database, table) for table in ("effect", "inbox", "outbox", "dead_letter")] == [0, 0, 0, 0]
    await dying.close()
    await drain(await subscribe())
    assert await effects(database) == ["1"]


async def test_what_a_handler_publishes_names_its_cause(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def look(transaction: Transaction, envelope: Envelope) -> None:
        seen.append((tracing.correlation_id.get(), tracing.causation_id.get()))
        assert (envelope.correlation_id, envelope.id) == seen[-1]

    await send(database, log, "1", event_id="e1")
    await drain(await subscribe(look))
    assert seen == [("e1", "e1")]
    assert tracing.causation_id.get() is None


async def test_types_without_a_handler_are_passed_over_even_unknown_ones(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    unknown = {"ce_id": "1", "ce_source": "/x", "ce_type": "slm.agreement.party-merged.v7"}
    await log.append(TOPIC, [Record("k", b"{}", unknown)])
    await send(database, log, "known")
    await drain(await subscribe())
    assert await effects(database) == ["known"]
    assert await count(database, "dead_letter") == 0


async def test_a_commit_of_unknown_outcome_is_read_again_and_applied_once(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    fail_before, fail_after = [True], [True]

    async def flaky(transaction: Transaction, envelope: Envelope) -> None:
        await keep(transaction, envelope)
        if fail_before:
            fail_before.pop()
            raise ConnectionResetError("before the commit")

    subscriptions = await subscribe(flaky)
    begin = database.begin

    def begin_and_break() -> Any:
        return _Breaking(begin(), fail_after)

    await send(database, log, "1", "2")
    database.begin = begin_and_break  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            while True:
                await subscriptions.step(0.0)
    await drain(subscriptions)
    await send(database, log, "3")
    await drain(subscriptions)
    assert await effects(database) == ["1", "2", "3"]


class _Breaking:
    """A transaction that commits, once, without its caller learning of it."""

    def __init__(self, inner: Any, fail: list[bool]) -> None:
        self._inner = inner
        self._fail = fail
        self._moved = False

    async def __aenter__(self) -> Transaction:
        transaction: Transaction = await self._inner.__aenter__()
        execute = transaction.execute

        async def watch(statement: Any, parameters: Any = None) -> Any:
            self._moved = self._moved or "consumer_position SET" in str(statement)
            return await execute(statement, parameters)

        transaction.execute = watch  # type: ignore[method-assign]
        return transaction

    async def __aexit__(self, *error: Any) -> Any:
        result = await self._inner.__aexit__(*error)
        if error[0] is None and self._moved and self._fail:
            self._fail.pop()
            raise ConnectionResetError("after the commit")
        return result


async def test_a_zombies_write_is_refused_and_it_drops_the_partition(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    zombie = await subscribe()
    await send(database, log, "1")
    await drain(zombie)
    # The group has not told the zombie anything; another member owns its partitions by now.
    heir = OwnedPartitions("slm-test", database, log)
    sources = frozenset(TopicPartition(TOPIC, number) for number in range(2))
    positions = await heir.assigned(sources)
    await send(database, log, "2")
    await drain(zombie)
    assert await effects(database) == ["1"]
    # It holds on to nothing: also the next record is not even tried.
    await send(database, log, "3")
    await drain(zombie)
    assert await effects(database) == ["1"]
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT partition, epoch, position FROM consumer_position"))
        assert {row.partition: (row.epoch, row.position) for row in rows} == {
            source.partition: (2, position) for source, position in positions.items()
        }


async def test_a_zombie_in_the_middle_of_a_batch_is_refused_too(
    database_url: str, database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    other = await Database.open(database_url, clock=SystemClock(), source="/slm/test/agreement")
    heir = OwnedPartitions("slm-test", other, log)
    sources = frozenset(TopicPartition(TOPIC, number) for number in range(2))
    tried = asyncio.Event()

    async def overtaken(transaction: Transaction, envelope: Envelope) -> None:
        if not tried.is_set():
            tried.set()
            # The batch is begun again; by then the partition has gone to another.
            raise ValueError("the first try fails")
        await keep(transaction, envelope)

    zombie = await subscribe(overtaken)
    await send(database, log, "1")
    step = asyncio.create_task(zombie.step(0.0))
    await tried.wait()
    await heir.assigned(sources)
    await step
    await other.close()
    assert await effects(database) == []


async def test_a_partition_lost_but_still_assigned_is_claimed_again_after_a_rest(
    database: Database, log: MemoryEventLog, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slm_chassis.positions.RECLAIM_SECONDS", 0.05)
    owner = await subscribe()
    await send(database, log, "1")
    await drain(owner)
    late = OwnedPartitions("slm-test", database, log)
    await late.assigned(frozenset(TopicPartition(TOPIC, number) for number in range(2)))
    await send(database, log, "2")
    await drain(owner)
    assert await effects(database) == ["1"]
    await asyncio.sleep(0.1)
    await drain(owner)
    assert await effects(database) == ["1", "2"]


async def test_two_members_share_the_partitions_and_handle_each_event_once(
    database_url: str, database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    members = [await subscribe(max_records=3), await subscribe(max_records=2)]
    tasks = [asyncio.create_task(member.run()) for member in members]
    expected = []
    for number in range(40):
        key = f"key-{number % 5}"
        await send(database, log, f"{key}:{number}", key=key)
        expected.append(f"{key}:{number}")
        if number == 20:
            tasks.pop().cancel()

    async def all_made() -> bool:
        return await count(database, "effect") >= len(expected)

    await until(all_made)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    found = await effects(database)
    assert sorted(found) == sorted(expected)
    for key in {name.split(":")[0] for name in expected}:
        assert [name for name in found if name.startswith(key + ":")] == [
            name for name in expected if name.startswith(key + ":")
        ]


async def test_a_database_that_is_away_parks_nothing_and_is_waited_for(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    failures = iter([True] * 5)

    async def away(transaction: Transaction, envelope: Envelope) -> None:
        if next(failures, False):
            raise ConnectionRefusedError("no database")
        await keep(transaction, envelope)

    await send(database, log, "1")
    task = asyncio.create_task((await subscribe(away)).run())
    await until(lambda: effects(database))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await effects(database) == ["1"]
    assert await count(database, "dead_letter") == 0


async def test_records_that_vanished_are_never_skipped(
    database: Database, log: MemoryEventLog, subscribe: Subscribe
) -> None:
    first = await subscribe()
    await send(database, log, "1")
    await drain(first)
    await first.close()
    await send(database, log, "2", "3")
    for number in range(2):
        log.forget(TopicPartition(TOPIC, number), (await log.end_offsets(TOPIC))[number])
    with pytest.raises(OffsetVanished):
        await drain(await subscribe())


async def test_old_inbox_entries_are_pruned(database: Database, log: MemoryEventLog, subscribe: Subscribe) -> None:
    async with database.begin() as transaction:
        await transaction.execute(
            text("INSERT INTO inbox VALUES ('slm-test', 'old', now() - interval '31 days'), ('slm-test', 'new', now())")
        )
    task = asyncio.create_task((await subscribe()).run())

    async def pruned() -> bool:
        return await count(database, "inbox") == 1

    await until(pruned)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_deadlock_is_tried_again(database: Database) -> None:
    async def cross(first: int, second: int, met: asyncio.Barrier) -> None:
        async with database.begin() as transaction:
            await transaction.execute(text("UPDATE effect SET name = name WHERE seq = :seq"), {"seq": first})
            await met.wait()
            await transaction.execute(text("UPDATE effect SET name = name WHERE seq = :seq"), {"seq": second})

    async with database.begin() as transaction:
        await transaction.execute(text("INSERT INTO effect (name) VALUES ('a'), ('b')"))
    met = asyncio.Barrier(2)
    results = await asyncio.gather(cross(1, 2, met), cross(2, 1, met), return_exceptions=True)
    errors = [result for result in results if result is not None]
    assert len(errors) == 1 and is_infrastructure_fault(errors[0])
