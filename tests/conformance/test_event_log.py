"""The contract of the event log, which every adapter must keep."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import pytest

from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import (
    Batch,
    EventLog,
    LogError,
    OffsetVanished,
    Record,
    TopicPartition,
    TopicSpec,
    UnknownTopic,
)
from tests.conformance.logs import (
    Adapter,
    KafkaAdapter,
    Member,
    MemoryAdapter,
    PostgresAdapter,
    read,
    records,
    settle,
    unique,
    values,
)
from tests.support import postgres as postgres_support

PARTITIONS = 4


@pytest.fixture(scope="session", params=["memory", "postgres", "kafka"])
def adapter(request: pytest.FixtureRequest) -> Adapter:
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        # Not created: the log does that itself.
        return PostgresAdapter(server.url(postgres_support.fresh_name("slm_log")))
    if request.param == "kafka":
        return KafkaAdapter(request.getfixturevalue("kafka"))
    return MemoryAdapter()


@pytest.fixture
async def log(adapter: Adapter) -> AsyncIterator[EventLog]:
    log = await adapter.open()
    yield log
    await log.close()


@pytest.fixture
async def other_log(adapter: Adapter) -> AsyncIterator[EventLog]:
    """The same log, as another process sees it."""
    log = await adapter.open()
    yield log
    await log.close()


@pytest.fixture
async def topic(log: EventLog) -> str:
    name = unique("topic")
    await log.ensure_topics([TopicSpec(name, PARTITIONS)])
    return name


async def test_topics_are_created_once(log: EventLog, topic: str) -> None:
    await log.append(topic, records("kept"))
    await log.ensure_topics([TopicSpec(topic, PARTITIONS)])
    assert await log.partitions(topic) == PARTITIONS
    assert sum((await log.end_offsets(topic)).values()) == 1


async def test_a_topic_with_another_number_of_partitions_is_refused(log: EventLog, topic: str) -> None:
    with pytest.raises(UnknownTopic, match=f"{PARTITIONS} partitions"):
        await log.ensure_topics([TopicSpec(topic, PARTITIONS + 1)])


async def test_an_unknown_topic_is_a_clear_error(log: EventLog) -> None:
    nowhere = unique("nowhere")
    with pytest.raises(UnknownTopic, match=nowhere):
        await log.append(nowhere, records("lost"))
    with pytest.raises(UnknownTopic, match=nowhere):
        await log.end_offsets(nowhere)
    with pytest.raises(UnknownTopic, match=nowhere):
        await log.partitions(nowhere)
    with pytest.raises(UnknownTopic, match=nowhere):
        async with log.consume(unique("group"), [nowhere], Member()):
            pass


async def test_an_unknown_partition_is_a_clear_error(log: EventLog, topic: str) -> None:
    with pytest.raises(UnknownTopic):
        await log.append(topic, records("lost"), partition=PARTITIONS)


async def test_a_key_keeps_its_order_and_its_partition(log: EventLog, topic: str) -> None:
    wanted = {key: [f"{key}-{number}" for number in range(50)] for key in ("alpha", "beta", "gamma")}
    for number in range(0, 50, 10):
        await log.append(topic, [Record(k, v.encode()) for k, vs in wanted.items() for v in vs[number : number + 10]])
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        found = await read(consumer, 150)
    for key, expected in wanted.items():
        mine = [record for record in found if record.key == key]
        assert values(mine) == expected
        assert {record.partition for record in mine} == {partition_of(key, PARTITIONS)}


async def test_append_tells_partition_and_offset(log: EventLog, topic: str) -> None:
    first = await log.append(topic, records("a", "b") + records("c", key="other"))
    second = await log.append(topic, records("d"), partition=2)
    number = partition_of("key", PARTITIONS)
    assert list(first) == [(number, 0), (number, 1), (partition_of("other", PARTITIONS), 0)]
    assert list(second) == [(2, (await log.end_offsets(topic))[2] - 1)]
    assert await log.append(topic, []) == []


async def test_end_and_begin_offsets_hold_what_was_appended(log: EventLog, topic: str) -> None:
    assert await log.end_offsets(topic) == dict.fromkeys(range(PARTITIONS), 0)
    await log.append(topic, records("a", "b", "c"), partition=1)
    assert await log.end_offsets(topic) == {0: 0, 1: 3, 2: 0, 3: 0}
    assert await log.begin_offsets(topic) == dict.fromkeys(range(PARTITIONS), 0)


async def test_headers_are_kept(log: EventLog, topic: str) -> None:
    headers = {"ce_type": "slm.monitor.TargetBreached.v1", "ce_subject": "Zürich/日本 🙂", "empty": ""}
    await log.append(topic, [Record("Schlüssel", b"\x00\xff", headers), Record("", b"")])
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        found = {record.key: record for record in await read(consumer, 2)}
    assert found["Schlüssel"].headers == headers
    assert found["Schlüssel"].value == b"\x00\xff"
    assert (found[""].value, found[""].headers) == (b"", {})
    assert abs(found[""].appended_at / 1e6 - time.time()) < 60


async def test_a_large_batch_arrives_whole_and_in_order(log: EventLog, topic: str) -> None:
    wanted = [f"value {number}" for number in range(12_000)]
    await log.append(topic, [Record(f"key {number % 100}", v.encode()) for number, v in enumerate(wanted)])
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        found = await read(consumer, len(wanted))
    assert sorted(values(found)) == sorted(wanted)
    for number in range(PARTITIONS):
        assert [r.offset for r in found if r.partition == number] == list(range((await log.end_offsets(topic))[number]))


async def test_a_poll_gives_no_more_than_asked(log: EventLog, topic: str) -> None:
    await log.append(topic, [Record(f"key {number}", b"") for number in range(100)])
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        await read(consumer, 1)
        for source in consumer.assignment:
            consumer.seek(source, 0)
        assert 0 < sum(len(batch.records) for batch in await consumer.poll(7, 5.0)) <= 7


async def test_big_values_arrive(log: EventLog, topic: str) -> None:
    wanted = [bytes([number]) * 5_000_000 for number in range(4)]
    await asyncio.gather(*(log.append(topic, [Record("big", value)]) for value in wanted))
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        assert sorted(record.value for record in await read(consumer, len(wanted))) == wanted


async def test_reading_resumes_at_the_stored_position(log: EventLog, topic: str) -> None:
    group, source = unique("group"), TopicPartition(topic, partition_of("key", PARTITIONS))
    await log.append(topic, records("a", "b", "c"))
    async with log.consume(group, [topic], Member()) as consumer:
        await read(consumer, 3)
        # A hint for lag tools, and never where a member starts.
        await consumer.commit_hint({source: 3})
    async with log.consume(group, [topic], Member({source: 1})) as consumer:
        assert values(await read(consumer, 2)) == ["b", "c"]


async def test_seek_reads_again(log: EventLog, topic: str) -> None:
    await log.append(topic, records("a", "b", "c"))
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        await read(consumer, 3)
        consumer.seek(TopicPartition(topic, partition_of("key", PARTITIONS)), 1)
        consumer.seek(TopicPartition(unique("nowhere"), 0), 1)
        assert values(await read(consumer, 2)) == ["b", "c"]


async def test_a_batch_says_where_reading_goes_on(log: EventLog, topic: str) -> None:
    await log.append(topic, records("a", "b", "c"))
    source = TopicPartition(topic, partition_of("key", PARTITIONS))
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        batches: list[Batch] = []
        while not batches:
            batches = list(await consumer.poll(2, 1.0))
        assert [(b.source, values(b.records), b.next_offset) for b in batches] == [(source, ["a", "b"], 2)]


async def test_two_members_share_the_partitions(log: EventLog, other_log: EventLog, topic: str) -> None:
    group, one, other = unique("group"), Member(), Member()
    async with log.consume(group, [topic], one) as first, other_log.consume(group, [topic], other) as second:
        await settle(first, second, partitions=PARTITIONS)
        assert (len(one.owned), len(other.owned)) == (2, 2)
        assert not one.owned & other.owned
        await log.append(topic, [Record(f"key {number}", b"") for number in range(40)])
        ends = await log.end_offsets(topic)
        waiting = [sum(ends[source.partition] for source in member.owned) for member in (one, other)]
        found = await asyncio.gather(read(first, waiting[0]), read(second, waiting[1]))
        assert {r.partition for r in found[0]} == {source.partition for source in one.owned}
        assert len(found[0]) + len(found[1]) == 40
    assert not one.owned and not other.owned


async def test_a_member_that_leaves_hands_over(log: EventLog, other_log: EventLog, topic: str) -> None:
    group, stays, leaves = unique("group"), Member(), Member()
    async with log.consume(group, [topic], stays) as staying:
        async with other_log.consume(group, [topic], leaves) as leaving:
            await settle(staying, leaving, partitions=PARTITIONS)
        await settle(staying, partitions=PARTITIONS, seconds=4.0)
    assert not leaves.owned


async def test_a_dead_members_partitions_move(adapter: Adapter, log: EventLog, topic: str) -> None:
    if isinstance(adapter, MemoryAdapter):
        pytest.skip("the memory log dies with its process")
    group, member = unique("group"), Member()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.log_member", adapter.url, group, topic), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert (await asyncio.wait_for(process.stdout.readline(), 20)).strip() == b"0,1,2,3"
        process.kill()
        await process.wait()
        async with log.consume(group, [topic], member) as consumer:
            await settle(consumer, partitions=PARTITIONS, seconds=15.0)
            assert len(member.owned) == PARTITIONS
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_like_topics_are_shared_alike(log: EventLog, other_log: EventLog, topic: str) -> None:
    twin, group, one, other = unique("topic"), unique("group"), Member(), Member()
    await log.ensure_topics([TopicSpec(twin, PARTITIONS)])
    topics = [topic, twin]
    async with log.consume(group, topics, one) as first, other_log.consume(group, topics, other) as second:
        await settle(first, second, partitions=2 * PARTITIONS)
        for member in (one, other):
            numbers = {name: {source.partition for source in member.owned if source.topic == name} for name in topics}
            assert numbers[topic] == numbers[twin]


async def test_an_append_wakes_a_waiting_poll(log: EventLog, other_log: EventLog, topic: str) -> None:
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        await settle(consumer, partitions=PARTITIONS)
        await consumer.poll(1, 0.2)
        for appender in (log, other_log):
            polling = asyncio.create_task(consumer.poll(10, 10.0))
            await asyncio.sleep(0.1)
            started = time.monotonic()
            await appender.append(topic, records("now"))
            assert values([r for batch in await polling for r in batch.records]) == ["now"]
            # Well below the poll that is there for safety.
            assert time.monotonic() - started < 0.4


async def test_wake_ends_a_waiting_poll(log: EventLog, topic: str) -> None:
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        await settle(consumer, partitions=PARTITIONS)
        polling = asyncio.create_task(consumer.poll(10, 10.0))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        consumer.wake()
        assert await polling == []
        assert time.monotonic() - started < 1.0


async def test_a_vanished_position_is_a_clear_error(adapter: Adapter, log: EventLog, topic: str) -> None:
    source = TopicPartition(topic, partition_of("key", PARTITIONS))
    await log.append(topic, records("a", "b", "c", "d"))
    await adapter.forget(log, source, 2)
    assert (await log.begin_offsets(topic))[source.partition] == 2
    for vanished in (1, 5):
        async with log.consume(unique("group"), [topic], Member({source: vanished})) as consumer:
            with pytest.raises(OffsetVanished):
                await read(consumer, 1)
            with pytest.raises(OffsetVanished):
                await read(consumer, 1)
    async with log.consume(unique("group"), [topic], Member({source: 2})) as consumer:
        assert values(await read(consumer, 2)) == ["c", "d"]
        # The position after the last record is a good one.
        consumer.seek(source, 4)
        assert not await consumer.poll(10, 0.2)


async def test_tail_sees_everything_from_the_positions_given(log: EventLog, other_log: EventLog, topic: str) -> None:
    source = TopicPartition(topic, partition_of("key", PARTITIONS))
    await log.append(topic, records("before", "from here"))
    await log.append(topic, records("not asked for"), partition=(source.partition + 1) % PARTITIONS)
    tail = log.tail([topic], {source: 1})
    assert values((await asyncio.wait_for(anext(tail), 10)).records) == ["from here"]
    wanted = {f"later {number}" for number in range(40)}
    await other_log.append(topic, [Record(value, value.encode()) for value in wanted])
    seen: set[str] = set()
    while seen != wanted:
        seen |= set(values((await asyncio.wait_for(anext(tail), 10)).records))
    await tail.aclose()  # type: ignore[attr-defined]


async def test_concurrent_appends_leave_no_gap(log: EventLog, other_log: EventLog, topic: str) -> None:
    async def append(appender: EventLog, name: str) -> list[tuple[int, int]]:
        places: list[tuple[int, int]] = []
        for number in range(20):
            places.extend(await appender.append(topic, records(f"{name}-{number}", "x", key=f"key {name} {number}")))
        return places

    appends = [append(appender, f"{n}") for n, appender in enumerate([log, other_log] * 8)]
    places = [place for each in await asyncio.gather(*appends) for place in each]
    ends = await log.end_offsets(topic)
    assert sorted(places) == [(number, offset) for number, end in ends.items() for offset in range(end)]
    async with log.consume(unique("group"), [topic], Member()) as consumer:
        found = await read(consumer, len(places))
    for name in range(16):
        for number in range(20):
            assert values([r for r in found if r.key == f"key {name} {number}"]) == [f"{name}-{number}", "x"]


async def test_errors_of_the_log_are_of_one_family() -> None:
    assert issubclass(UnknownTopic, LogError) and issubclass(OffsetVanished, LogError)
