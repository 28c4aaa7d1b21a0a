"""A database with the chassis's tables and one of effects, and a log in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from slm_chassis import tables
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import TopicSpec
from slm_events.catalogue import TOPICS


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url, clock=SystemClock(), source="/slm/test/agreement")
    async with database.begin() as transaction:
        await transaction.connection.run_sync(tables.create_technical_tables)
        await transaction.execute(text("CREATE TABLE effect (seq bigserial, event_id text, key text, name text)"))
    yield database
    await database.close()


@pytest.fixture
async def log() -> MemoryEventLog:
    log = MemoryEventLog()
    await log.ensure_topics([TopicSpec(topic, partitions=2) for topic in TOPICS])
    return log
