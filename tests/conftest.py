"""Fixtures every test may ask for: a real PostgreSQL, an empty database, a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import postgres as postgres_support
from tests.support import real


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_support.PostgresForTests | postgres_support.PostgresGiven]:
    """The session's PostgreSQL server."""
    try:
        server = postgres_support.session()
    except Exception as cause:
        real.unavailable("PostgreSQL", cause)
    yield server
    postgres_support.end_session()


@pytest.fixture
async def database_url(postgres: object) -> str:
    """URL of a database that is empty and this test's own."""
    return await postgres_support.fresh_database()
