"""Fixtures: databases with monitor-svc's tables."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.monitor_service import Service, migrated_database, serving


@pytest.fixture
def tables_of() -> str:
    return "slm_monitor"


@pytest.fixture(scope="module")
async def service(postgres: object) -> AsyncIterator[Service]:
    """A running service that a module's tests share; each works with indicators and agreements of its own."""
    async with serving(await migrated_database()) as running:
        yield running
