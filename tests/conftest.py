"""Fixtures every test may ask for: a real PostgreSQL, an empty database, a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slm_chassis import logs
from tests.support import kafka as kafka_support
from tests.support import postgres as postgres_support
from tests.support import real


@pytest.fixture(scope="session", autouse=True)
def logs_as_in_production() -> None:
    """structlog's own default renders each traceback with all locals, which takes seconds."""
    logs.configure("INFO")


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


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap address of a real Kafka, ``host:port``."""
    address = kafka_support.given()
    if address:
        yield address
        return
    try:
        broker = kafka_support.private()
    except Exception as cause:
        real.unavailable("Kafka", cause)
    yield broker.address
    broker.remove()
