"""The real PostgreSQL the other tests stand on does what they rely on."""

from __future__ import annotations

import asyncpg


async def test_a_fresh_database_is_empty_and_answers(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()
