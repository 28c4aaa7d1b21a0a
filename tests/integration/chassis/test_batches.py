"""A projection hears a batch at once: one inbox insert and one call a batch, and the event at fault stands alone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from slm_chassis import dead_letters
from slm_chassis.database import Database, Transaction
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.outbox import OutboxRelay
from slm_chassis.subscriptions import BatchProjection, Subscriptions
from slm_events.agreement import AmendmentDrafted, PartyRegistered
from slm_events.envelope import Envelope
from tests.support.service import amendment, count, effects, keep, party


async def send(database: Database, log: MemoryEventLog, *events: object) -> None:
    async with database.begin() as transaction:
        for event in events:
            transaction.publish(event)
    while await OutboxRelay(database, log).step():
        pass


async def test_a_batch_is_applied_in_one_call_in_log_order(database: Database, log: MemoryEventLog) -> None:
    calls: list[int] = []

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        calls.append(len(envelopes))
        for envelope in envelopes:
            await keep(transaction, envelope)

    await send(database, log, *(party("k", str(number)) for number in range(500)))
    member = Subscriptions("slm-test", database, log, BatchProjection([PartyRegistered], apply))
    told: list[int] = []
    member.listeners.append(lambda: told.append(len(calls)))
    while await member.step(0.0):
        pass
    await member.close()
    # Told once, after the batch.
    assert calls == [500] and told == [1]
    assert await effects(database) == [str(number) for number in range(500)]
    assert await count(database, "inbox") == 500


async def test_only_the_event_at_fault_is_set_aside_and_its_key_waits(database: Database, log: MemoryEventLog) -> None:
    tried: list[int] = []

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        tried.append(len(envelopes))
        for envelope in envelopes:
            await keep(transaction, envelope)

    names = ["bad" if number == 300 else str(number) for number in range(600)]
    await send(database, log, *(amendment(f"key-{number % 3}", name) for number, name in enumerate(names)))
    member = Subscriptions("slm-test", database, log, BatchProjection([AmendmentDrafted], apply))
    while await member.step(0.0):
        pass
    await member.close()
    (failed,) = [
        letter for letter in await dead_letters.fetch_dead_letters(database, limit=1_000) if letter.state == "failed"
    ]
    assert failed.key == "key-0"
    made = await effects(database)
    # Of the other keys everything, of this one what came before; what came after waits behind the dead letter.
    assert sorted(made, key=int) == [str(number) for number in range(600) if number % 3 or number < 300]
    async with database.read() as connection:
        parked = await connection.execute(text("SELECT count(*) FROM dead_letter WHERE state = 'parked'"))
        assert parked.scalar_one() == 99
    # Found by halves: a dozen or two of calls, not one for each event.
    assert len(tried) < 40
