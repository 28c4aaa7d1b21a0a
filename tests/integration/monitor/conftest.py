"""Fixtures: databases with monitor-svc's tables."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support import postgres as postgres_support
from tests.support.monitor_service import Service, migrated_database, serving


@pytest.fixture
async def database_url(postgres: object) -> AsyncIterator[str]:
    """URL of a database with monitor-svc's tables that is this test's own."""
    url = await postgres_support.migrated_database("slm_monitor")
    yield url
    await postgres_support.drop_database(url)


@pytest.fixture(scope="module")
async def service(postgres: object) -> AsyncIterator[Service]:
    """A running service that a module's tests share; each works with indicators and agreements of its own."""
    async with serving(await migrated_database()) as running:
        yield running
