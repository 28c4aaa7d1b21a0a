"""Load of callers without a key, beside a paying party whose requests must stay fast."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.attack.conftest import Effort
from tests.support import pairs
from tests.support.embedded import embedded
from tests.support.strangers import strangers

SLOWER, SLOWEST = 0.250, 2.0
"""Seconds: the largest increase of the 99th percentile by the load, and the slowest answer allowed."""


async def test_strangers_neither_slow_nor_refuse_a_paying_party(
    effort: Effort, capsys: pytest.CaptureFixture[str]
) -> None:
    # Not below pytest's own folder: another session that starts takes its server's right to pass through it.
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder)) as installed, strangers(*installed.address) as load:
            key = installed.cast.integrator_key
            found = await pairs.measured(installed.client, key, load, effort.cases(2, 10), effort.cases(50, 100))
    with capsys.disabled():
        print(f"\nbeside strangers: {found.told()}")
    assert not found.refused, found.refused[:3]
    assert max(found.beside) <= SLOWEST, found.told()
    assert found.slower_by <= SLOWER, found.told()
