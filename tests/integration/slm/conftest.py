"""One populated installation for all tests that only look at it, or send it what it has to refuse."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.populated import Populated, populated


@pytest.fixture(scope="package")
async def world() -> AsyncIterator[Populated]:
    # Not below pytest's own folder: another session that starts takes its server's right to pass through it.
    with tempfile.TemporaryDirectory() as folder:
        async with populated(Path(folder) / "data") as world:
            yield world
