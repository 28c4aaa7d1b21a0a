"""Subscriptions and relay on a real Kafka: members share, die and take over, and every effect is made once."""

from __future__ import annotations

import asyncio

from slm_chassis.clock import SystemClock
from slm_chassis.database import Database, Transaction
from slm_chassis.identity import new_id
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import TopicSpec
from slm_chassis.outbox import OutboxRelay
from slm_chassis.subscriptions import Subscriptions
from slm_chassis.workers import Supervisor
from slm_events.agreement import PartyRegistered
from slm_events.envelope import Envelope
from tests.support.service import count, effects, keep, party, until

KEYS, PER_KEY = 6, 40


async def test_members_on_kafka_make_every_effect_once_and_in_order(kafka: str, database: Database) -> None:
    log = await open_log(f"kafka://{kafka}", clock=SystemClock(), client="test")
    await log.ensure_topics([TopicSpec("slm.catalogue", partitions=4, compacted=True)])
    # The broker is shared with other tests, and so is the topic.
    keys = [f"{new_id()}-{number}" for number in range(KEYS)]

    async def keep_ours(transaction: Transaction, envelope: Envelope) -> None:
        if envelope.data.party_id in keys:
            await keep(transaction, envelope)

    group = f"slm-test-{new_id()}"
    members = [Subscriptions(group, database, log, {PartyRegistered: keep_ours}, max_records=7) for _ in range(2)]
    staying = Supervisor([OutboxRelay(database, log), members[0]], SystemClock())
    dying = Supervisor([members[1]], SystemClock())
    staying.start()
    dying.start()
    for number in range(PER_KEY):
        async with database.begin() as transaction:
            for key in keys:
                transaction.publish(party(key, f"{key}:{number}"))
        await asyncio.sleep(0.05)
        if number == PER_KEY // 2:
            await dying.stop()

    async def all_made() -> bool:
        return await count(database, "effect") >= KEYS * PER_KEY

    await until(all_made, 60.0)
    await staying.stop()
    found = await effects(database)
    assert len(found) == KEYS * PER_KEY
    for key in keys:
        assert [name for name in found if name.startswith(key)] == [f"{key}:{number}" for number in range(PER_KEY)]
    await log.close()
