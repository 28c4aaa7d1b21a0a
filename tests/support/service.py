"""The smallest possible service: a table of effects, handlers that write to it, and queries of table and topics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis import tracing
from slm_chassis.database import Database, Transaction
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import StoredRecord, TopicPartition
from slm_chassis.subscriptions import BatchProjection, Handler
from slm_events.agreement import AmendmentDrafted, PartyRegistered
from slm_events.envelope import Envelope


def party(key: str, name: str = "") -> PartyRegistered:
    """Return an event of a topic in which no record waits behind a dead letter; ``key`` is the record's key."""
    return PartyRegistered(party_id=key, key=key, name=name)


def amendment(key: str, name: str = "") -> AmendmentDrafted:
    """Return an event of a topic in which records wait behind a dead letter of their key."""
    return AmendmentDrafted(
        agreement_id=key,
        version=1,
        revision_hash=name,
        proposal_id=None,
        provider_party_id="p",
        customer_party_id="c",
        drafted_at="2026-01-01T00:00:00.000000Z",
    )


async def keep(transaction: Transaction, envelope: Envelope) -> None:
    """Handle an event by writing one effect; raises ValueError for a name that begins with ``bad``."""
    event = envelope.data
    key, name = (
        (event.party_id, event.name)
        if isinstance(event, PartyRegistered)
        else (event.agreement_id, event.revision_hash)
    )
    if name.startswith("bad"):
        raise ValueError(f"cannot keep {name}")
    await transaction.execute(
        text("INSERT INTO effect (event_id, key, name) VALUES (:event_id, :key, :name)"),
        {"event_id": envelope.id, "key": key, "name": name},
    )


def in_batches(events: Collection[type[Any]], handler: Handler) -> BatchProjection:
    """Return a projection that gives the handler the events of a whole batch, one after the other."""

    async def apply(transaction: Transaction, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            with tracing.caused_by(envelope):
                await handler(transaction, envelope)

    return BatchProjection(events, apply)


async def effects(database: Database) -> list[str]:
    """Return the names of the effects, in the order in which they were made."""
    async with database.read() as connection:
        return list((await connection.execute(text("SELECT name FROM effect ORDER BY seq"))).scalars())


async def count(database: Database, table: str) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


def records(log: MemoryEventLog, topic: str) -> list[StoredRecord]:
    """Return every record of a topic, partition by partition."""
    found: list[StoredRecord] = []
    for partition in range(log.partition_counts([topic])[topic]):
        batch = log.read(TopicPartition(topic, partition), 0, 1_000_000)
        found.extend(batch.records if batch else [])
    return found


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 20.0) -> None:
    """Call ``condition`` until its result is true; raises TimeoutError after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
