"""Fixtures: databases with monitor-svc's tables."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.monitor_service import Service, migrated_database, serving


@pytest.fixture
async def database_url(postgres: object) -> str:
    """URL of a migrated database that is this test's own."""
    return await migrated_database()


@pytest.fixture(scope="module")
async def service(postgres: object) -> AsyncIterator[Service]:
    """A running service that a module's tests share; each works with indicators and agreements of its own."""
    async with serving(await migrated_database()) as running:
        yield running
