"""A database that has monitor-svc's tables already: copying one is faster than migrating each."""

from __future__ import annotations

import asyncpg
import pytest

from slm_chassis.migrations import migrate
from tests.support import postgres as postgres_support


@pytest.fixture(scope="session")
async def migrated(postgres: object) -> str:
    """Name of a database nobody works in."""
    url = await postgres_support.fresh_database("slm_template")
    await migrate(url, "slm_monitor")
    return url.rsplit("/", 1)[1].partition("?")[0]


@pytest.fixture
async def database_url(migrated: str) -> str:
    """URL of a migrated database that is this test's own."""
    name = postgres_support.fresh_name("slm_monitor_test")
    connection = await asyncpg.connect(postgres_support.session().url())
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated}"')
    finally:
        await connection.close()
    return postgres_support.session().url(name)
