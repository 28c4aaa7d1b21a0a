"""One populated installation for all tests that only look at it, or send it what it has to refuse."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.populated import OPERATOR_KEY, Populated, populated


@pytest.fixture(scope="package")
async def lasting_world() -> AsyncIterator[Populated]:
    # Not below pytest's own folder: another session that starts takes its server's right to pass through it.
    with tempfile.TemporaryDirectory() as folder:
        async with populated(Path(folder) / "data") as world:
            yield world


@pytest.fixture
async def world(lasting_world: Populated) -> Populated:
    """The installation, as soon as it takes keys again.

    Between two tests it may stand still for longer than keys are taken without the log. Its services know that each by
    itself.
    """
    async with asyncio.timeout(30):
        for path in ("parties", "targets", "reports", "reviews"):
            while (await lasting_world.ask(OPERATOR_KEY, "GET", f"/api/v1/{path}?limit=1")).status_code == 503:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    return lasting_world
