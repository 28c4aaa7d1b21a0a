"""The relay loses nothing, keeps the order of each key, and works alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest
from sqlalchemy import text

from slm_chassis import dead_letters
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import LogUnavailable, Record, RecordRefused, TopicSpec
from slm_chassis.outbox import OutboxRelay
from slm_events.catalogue import TOPICS
from tests.support.service import count, party, records, until

TOPIC = "slm.catalogue"


@pytest.fixture
async def second(database_url: str, database: Database) -> AsyncIterator[Database]:
    """Another process's access to the same database."""
    other = await Database.open(database_url, clock=SystemClock(), source="/slm/test/agreement")
    yield other
    await other.close()


async def publish(database: Database, key: str, *names: str) -> None:
    async with database.begin() as transaction:
        for name in names:
            transaction.append(TOPIC, Record(key, name.encode()))


@asynccontextmanager
async def running(*relays: OutboxRelay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def drained(database: Database, seconds: float = 20.0) -> None:
    async def empty() -> bool:
        return await count(database, "outbox") == 0

    await until(empty, seconds)


def values(log: MemoryEventLog, topic: str = TOPIC) -> list[str]:
    return [record.value.decode() for record in records(log, topic)]


async def naive_poll(database: Database, last: int) -> tuple[int, list[str]]:
    """What many outboxes do: read what is numbered above the last one seen."""
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT seq, value FROM outbox WHERE seq > :last ORDER BY seq"), {"last": last}
        )
        found = [(row.seq, row.value.decode()) for row in rows]
    return max([last, *(seq for seq, _ in found)]), [value for _, value in found]


async def test_a_row_that_commits_after_a_higher_number_is_not_lost(
    database: Database, second: Database, log: MemoryEventLog
) -> None:
    relay = OutboxRelay(database, log)
    async with second.engine.connect() as slow:
        # Takes its number now, commits last: two transactions with different keys, as any two requests may.
        driver = (await slow.get_raw_connection()).driver_connection
        assert driver is not None
        await slow.execute(text("SELECT 1"))
        insert = "INSERT INTO outbox (topic, key, value, headers) VALUES ($1, $2, $3, '{}') RETURNING seq"
        low = await driver.fetchval(insert, TOPIC, "slow", b"low")
        await publish(database, "fast", "high")
        last, naive = await naive_poll(database, 0)
        assert last > low
        await relay.step()
        await slow.commit()
    # The naive poller has passed the number and never sees the row: the trap is real.
    _, more = await naive_poll(database, last)
    naive += more
    await relay.step()
    assert naive == ["high"]
    assert sorted(values(log)) == ["high", "low"]
    assert await count(database, "outbox") == 0


async def test_two_relays_send_every_row_once_and_each_key_in_order(
    database: Database, second: Database, log: MemoryEventLog
) -> None:
    keys, per_key = [f"key-{number}" for number in range(8)], 60

    async def write(writer: Database, key: str) -> None:
        for number in range(per_key):
            await publish(writer, key, f"{key}:{number}")

    relays = OutboxRelay(database, log, max_rows=7), OutboxRelay(second, log, max_rows=5)
    async with running(*relays):
        await asyncio.gather(*(write((database, second)[i % 2], key) for i, key in enumerate(keys)))
        await drained(database)
    sent = values(log)
    assert len(sent) == len(keys) * per_key
    for key in keys:
        assert [value for value in sent if value.startswith(key + ":")] == [f"{key}:{n}" for n in range(per_key)]


class _GivesUpAfterAppending(MemoryEventLog):
    """A log whose client closes just after an append: the caller does not learn that it succeeded."""

    deaths = 1

    async def append(
        self, topic: str, records: Sequence[Record], partition: int | None = None
    ) -> Sequence[tuple[int, int]]:
        done = await super().append(topic, records, partition)
        if self.deaths:
            self.deaths -= 1
            raise asyncio.CancelledError
        return done


async def test_an_append_of_unknown_outcome_is_repeated_and_nothing_lost(database: Database) -> None:
    dying = _GivesUpAfterAppending()
    await dying.ensure_topics([TopicSpec(TOPIC, 2)])
    await publish(database, "k", "1", "2", "3")
    with pytest.raises(LogUnavailable):
        await OutboxRelay(database, dying).step()
    assert await count(database, "outbox") == 3
    await publish(database, "k", "4")
    await OutboxRelay(database, dying).step()
    assert values(dying) == ["1", "2", "3", "1", "2", "3", "4"]
    assert await count(database, "outbox") == 0


async def test_a_relay_killed_mid_way_leaves_the_rows_to_another(
    database: Database, second: Database, log: MemoryEventLog
) -> None:
    appended, never = asyncio.Event(), asyncio.Event()

    class Stuck(MemoryEventLog):
        async def append(
            self, topic: str, records: Sequence[Record], partition: int | None = None
        ) -> Sequence[tuple[int, int]]:
            done = await log.append(topic, records, partition)
            appended.set()
            await never.wait()
            return done

    await publish(database, "k", "1", "2")
    dying = asyncio.create_task(OutboxRelay(database, Stuck()).step())
    await appended.wait()
    await publish(second, "k", "3")
    dying.cancel()
    with suppress(asyncio.CancelledError):
        await dying
    assert await OutboxRelay(second, log).step() == 3
    assert values(log) == ["1", "2", "1", "2", "3"]


async def test_a_relay_with_a_cut_connection_leaves_its_rows_to_another(
    database: Database, second: Database, log: MemoryEventLog
) -> None:
    class Cutting(MemoryEventLog):
        async def append(
            self, topic: str, records: Sequence[Record], partition: int | None = None
        ) -> Sequence[tuple[int, int]]:
            async with second.read() as connection:
                await connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND state = 'idle in transaction'"
                        " AND pid <> pg_backend_pid()"
                    )
                )
            return await log.append(topic, records, partition)

    await publish(database, "k", "1", "2")
    with pytest.raises(Exception) as caught:
        await OutboxRelay(database, Cutting()).step()
    # The driver words it in several ways; what counts is that the relay will try again.
    assert is_infrastructure_fault(caught.value)
    await OutboxRelay(second, log).step()
    assert values(log) == ["1", "2", "1", "2"]


async def test_one_relay_at_a_time_works(database: Database, second: Database, log: MemoryEventLog) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    class Slow(MemoryEventLog):
        async def append(
            self, topic: str, records: Sequence[Record], partition: int | None = None
        ) -> Sequence[tuple[int, int]]:
            entered.set()
            await leave.wait()
            return await log.append(topic, records, partition)

    await publish(database, "k", "1")
    working = asyncio.create_task(OutboxRelay(database, Slow()).step())
    await entered.wait()
    assert await OutboxRelay(second, log).step() is None
    leave.set()
    assert await working == 1
    assert values(log) == ["1"]


async def test_a_log_that_is_away_is_waited_for_without_losing_order(database: Database, log: MemoryEventLog) -> None:
    log.fail_next(3)
    async with running(OutboxRelay(database, log)):
        for number in range(5):
            await publish(database, "k", str(number))
        await drained(database)
    assert values(log) == [str(number) for number in range(5)]


async def test_step_reports_a_log_that_is_away(database: Database, log: MemoryEventLog) -> None:
    await publish(database, "k", "1")
    log.fail_next(1)
    with pytest.raises((LogUnavailable, ExceptionGroup)):
        await OutboxRelay(database, log).step()
    assert await count(database, "outbox") == 1


async def test_topics_partitions_and_headers_arrive_as_given(database: Database, log: MemoryEventLog) -> None:
    async with database.begin() as transaction:
        transaction.append("slm.tickets", Record("a", b"1", {"h": "ä"}), partition=1)
        transaction.append("slm.tickets", Record("a", b"2"), partition=0)
        transaction.append("slm.measurements", Record("b", b"3"))
        transaction.publish(party("c"))
    assert await OutboxRelay(database, log).step() == 4
    tickets = {record.partition: record for record in records(log, "slm.tickets")}
    assert (tickets[1].value, tickets[1].headers) == (b"1", {"h": "ä"})
    assert tickets[0].value == b"2"
    assert len(records(log, "slm.measurements")) == len(records(log, "slm.catalogue")) == 1


async def test_a_commit_wakes_the_relay_of_its_process(database: Database, log: MemoryEventLog) -> None:
    async with running(OutboxRelay(database, log, poll_seconds=60.0)):
        await asyncio.sleep(0.2)
        await publish(database, "k", "1")
        await drained(database, 2.0)
    assert values(log) == ["1"]


async def test_a_commit_wakes_the_relays_of_other_processes(
    database: Database, second: Database, log: MemoryEventLog
) -> None:
    async with running(OutboxRelay(database, log, poll_seconds=60.0)):
        await asyncio.sleep(0.3)
        await publish(second, "k", "1")
        await drained(database, 2.0)
    assert values(log) == ["1"]


async def test_rows_nobody_spoke_of_are_found_by_polling(
    database_url: str, database: Database, log: MemoryEventLog
) -> None:
    async with running(OutboxRelay(database, log, poll_seconds=0.1)):
        await asyncio.sleep(0.2)
        writer = await asyncpg.connect(database_url)
        await writer.execute("INSERT INTO outbox (topic, key, value, headers) VALUES ($1, 'k', '1', '{}')", TOPIC)
        await writer.close()
        await drained(database, 2.0)
    assert values(log) == ["1"]


async def test_an_idle_relay_writes_nothing(database: Database, log: MemoryEventLog) -> None:
    async with database.read() as connection:
        before = (await connection.execute(text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))).scalar_one()
    for _ in range(20):
        assert await OutboxRelay(database, log).step() == 0
    async with database.read() as connection:
        after = (await connection.execute(text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))).scalar_one()
    assert int(after) - int(before) < 20


class _Small(MemoryEventLog):
    """A log that takes no record above a size, as a broker does."""

    most = 10

    async def append(
        self, topic: str, records: Sequence[Record], partition: int | None = None
    ) -> Sequence[tuple[int, int]]:
        positions: list[tuple[int, int]] = []
        for record in records:
            if len(record.value) > self.most:
                raise RecordRefused("the record is too large")
            positions += await super().append(topic, [record], partition)
        return positions


async def test_a_record_the_log_refuses_is_set_aside_and_blocks_no_other(database: Database) -> None:
    log = _Small()
    await log.ensure_topics([TopicSpec(topic, partitions=2) for topic in TOPICS])
    await publish(database, "key", "before", "far too large", "after")
    await OutboxRelay(database, log).step()
    # What stood before it may be told twice, under the same event id.
    assert [value for value in values(log) if value != "before"] == ["after"]
    assert "before" in values(log)
    (letter,) = await dead_letters.fetch_dead_letters(database)
    assert (letter.consumer, letter.topic, letter.value) == (dead_letters.RELAY, TOPIC, b"far too large")
    assert await count(database, "outbox") == 0
    await dead_letters.redrive_record(database, letter.dead_letter_id)
    await OutboxRelay(database, log).step()
    (again,) = await dead_letters.fetch_dead_letters(database)
    log.most = 100
    await dead_letters.redrive_record(database, again.dead_letter_id)
    await OutboxRelay(database, log).step()
    assert values(log)[-1] == "far too large"
    assert await dead_letters.fetch_dead_letters(database) == []
