"""The real PostgreSQL and Kafka the other tests stand on."""

from __future__ import annotations

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient


async def test_a_fresh_database_is_empty_and_answers(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()


async def test_the_broker_answers(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        assert "__anything" not in await admin.list_topics()
    finally:
        await admin.close()
