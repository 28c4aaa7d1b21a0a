"""Ownership of partitions: a worker that loses one stops at once, whatever it was doing, and nothing is skipped."""

from __future__ import annotations

from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import Record, TopicPartition
from slm_monitor.application.engine.watermarks import PartitionWatermarks
from tests.support.checkout import UP, ready
from tests.support.judged import PARTITIONS, ground, judging, monitor
from tests.support.monitor import PROVIDER, SECOND, available, finalized, resolved

HOME = partition_of(f"{PROVIDER}/{UP}", PARTITIONS)
TOPICS = ("slm.measurements", "slm.tickets")
INTERNAL = {"content-type": "application/vnd.slm.intake+msgpack"}
OUTAGE = {"indicator": UP, "outage": {"from": "2026-11-05T10:00:00Z", "to": "2026-11-05T12:00:00Z"}}


async def test_messages_for_a_lost_partition_are_left_to_its_new_owner(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await held.settle()
        for number in range(PARTITIONS):
            await held.store.take_over(number)
        await held.hear(finalized(available()))
        await held.settle()
        inbox = await held.store.inbox(range(PARTITIONS))
        assert {row.kind for row in inbox} == {"terms"}


async def test_records_of_a_lost_partition_are_left_to_its_new_owner(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available())
        await held.log.append(TOPICS[0], [Record("", b"\xff", INTERNAL), Record("", b"\xff", INTERNAL)], HOME)
        await held.store.take_over(HOME)
        await held.settle()
        loaded = await held.store.take_over(HOME)
        assert loaded.positions[TOPICS[0]] == 0


async def test_facts_are_read_again_after_one_topic_was_lost_and_returned(
    database_url: str,
) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available())
        tickets = frozenset({TopicPartition(TOPICS[1], HOME)})
        await held.judge.revoked(tickets)
        await held.measure(OUTAGE)
        await held.settle()
        assert await held.breaches() == []
        await held.judge.assigned(tickets)
        await held.settle()
        assert len(await held.breaches()) == 1


async def test_two_replicas_share_and_the_second_takes_over_what_the_first_leaves(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as where:
        async with judging(*where) as first, judging(*where) as second:
            await ready(first, available(), resolved())
            for _ in range(5):
                await first.judge.step()
                await second.judge.step()
            assert {len(each.judge._owned) for each in (first, second)} == {1}
        async with judging(*where) as third:
            await third.measure(OUTAGE)
            await third.settle()
            assert len(await third.breaches()) == 1


async def test_a_clock_ahead_of_the_databases_waits_instead_of_polling(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available())
        asked = 0

        class Behind:
            async def present(self) -> int:
                nonlocal asked
                asked += 1
                return held.clock.now() - 2 * SECOND

        firing = PartitionWatermarks(Behind(), held.log, held.clock)  # type: ignore[arg-type]
        owned = held.judge._owned
        for partition in owned.values():
            partition.timers.set("x", held.clock.now())
        for _ in range(5):
            await firing.look(owned)
        assert asked == 1
        held.clock.move_to(held.clock.now() + 2 * SECOND)
        assert {watermark for _, watermark in await firing.look(owned)} == {held.clock.now() - 2 * SECOND}


async def test_records_that_are_no_facts_stop_nobody(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available())
        await held.log.append(TOPICS[0], [Record("", b"\xff", INTERNAL)] * 101, HOME)
        await held.measure(OUTAGE)
        await held.settle()
        assert len(await held.breaches()) == 1
