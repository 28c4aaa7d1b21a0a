"""A paying party whose requests must stay fast: beside callers without a key, and beside a party that means harm."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from slm.demo import negotiation
from tests.attack.conftest import Effort
from tests.support import pairs
from tests.support.embedded import Embedded, embedded
from tests.support.hostile_feeds import hostile_requests, opened, signed
from tests.support.strangers import strangers

SLOWER, SLOWEST = 0.250, 2.0
"""Seconds: the largest increase of the 99th percentile by the load, and the slowest answer allowed."""
SECRET = "the secret of a hook that nobody may see"


@pytest.fixture(scope="module")
async def folder() -> AsyncIterator[Path]:
    # Not below pytest's own folder: another session that starts takes its server's right to pass through it.
    with tempfile.TemporaryDirectory() as found:
        yield Path(found)


@pytest.fixture(scope="module")
async def installed(folder: Path) -> AsyncIterator[Embedded]:
    async with embedded(folder) as running:
        yield running


@pytest.fixture(scope="module")
async def hostile(installed: Embedded) -> tuple[str, str]:
    """Make a party that means harm; return its key and the path of its hook."""
    cast = await negotiation.gather_cast(installed.client, installed.operator_key, "-hostile")
    given = {"title": "Desk", "connector": "zammad", "secret": SECRET}
    made = await negotiation.post(installed.client, cast.integrator_key, "/api/v1/hooks", given)
    return cast.integrator_key, made["path"]


async def test_strangers_neither_slow_nor_refuse_a_paying_party(
    installed: Embedded, effort: Effort, capsys: pytest.CaptureFixture[str]
) -> None:
    async with strangers(*installed.address) as load:
        key = installed.cast.integrator_key
        found = await pairs.measured(installed.client, key, load, effort.cases(2, 10), effort.cases(50, 100))
    with capsys.disabled():
        print(f"\nbeside strangers: {found.told()}")
    assert not found.refused, found.refused[:3]
    assert max(found.beside) <= SLOWEST, found.told()
    assert found.slower_by <= SLOWER, found.told()


async def test_hostile_feeds_are_refused_one_by_one_and_tell_no_secret(
    installed: Embedded, hostile: tuple[str, str], folder: Path
) -> None:
    key, path = hostile
    client = installed.client
    first = await client.post(path, content=opened(), headers=signed(SECRET, opened()))
    assert first.status_code == 202, first.text
    surprises, answers = [], Counter[int]()
    for request in hostile_requests(key, path, SECRET):
        try:
            answer = await client.post(request.path, content=request.body, headers=request.headers)
        except httpx.TransportError:
            # The rest of a body that is too large is not read; whoever sends on finds the connection closed.
            assert len(request.body) > 1 << 20, request.name
            continue
        answers[answer.status_code] += 1
        if answer.status_code not in request.statuses or SECRET in answer.text or len(answer.content) > 25_000_000:
            surprises.append((request.name, answer.status_code, answer.text[:300]))
    assert not surprises, surprises[:5]
    after = await client.get("/api/v1/tickets/zammad/21007", headers={"X-API-Key": key})
    assert sorted(each["event"] for each in after.json()["events"]) == ["opened", "state_changed"], "a replay counted"
    calls = await _items(client, key, f"{path}/calls")
    assert sum(each["outcome"] == "unsigned" for each in calls) <= 20
    texts = [(await client.get(each, headers={"X-API-Key": key})).text for each in (path, f"{path}/calls")]
    assert not any(SECRET in text for text in texts)
    output = (folder / "output").read_text()
    assert SECRET not in output and key not in output
    assert '"level": "error"' not in output
    print(f"\n{sum(answers.values())} hostile requests: {dict(answers)}")


async def test_a_party_that_means_harm_neither_slows_nor_refuses_another(
    installed: Embedded, hostile: tuple[str, str], effort: Effort, capsys: pytest.CaptureFixture[str]
) -> None:
    async with strangers(*installed.address, "tests.support.hostile_feeds", [*hostile, SECRET]) as load:
        key = installed.cast.integrator_key
        found = await pairs.measured(installed.client, key, load, effort.cases(1, 10), effort.cases(50, 200))
    with capsys.disabled():
        print(f"\nbeside hostile feeds: {found.told()}")
    assert not found.refused, found.refused[:3]
    assert max(found.beside) <= SLOWEST, found.told()
    assert found.slower_by <= SLOWER, found.told()
    ready = await installed.client.get("/readyz")
    assert ready.json()["reasons"] == []


async def _items(client: httpx.AsyncClient, key: str, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(path, headers={"X-API-Key": key})).json()["items"]
    return found
