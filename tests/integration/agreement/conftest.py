"""agreement-svc on a real database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support import postgres as postgres_support
from tests.support.agreement import AgreementUnderTest


@pytest.fixture
async def database_url(postgres: object) -> AsyncIterator[str]:
    """URL of a database with agreement-svc's tables that is this test's own."""
    url = await postgres_support.migrated_database("slm_agreement")
    yield url
    await postgres_support.drop_database(url)


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[AgreementUnderTest]:
    service = await AgreementUnderTest.open(database_url)
    yield service
    await service.close()
