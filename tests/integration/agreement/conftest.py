"""agreement-svc on a real database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.agreement import AgreementUnderTest


@pytest.fixture
def tables_of() -> str:
    return "slm_agreement"


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[AgreementUnderTest]:
    service = await AgreementUnderTest.open(database_url)
    yield service
    await service.close()
