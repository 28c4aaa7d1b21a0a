"""Overload: intake that outruns evaluation is refused before anything is lost, and resumes when evaluation does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from slm_chassis.log.partitioner import partition_of
from tests.support.monitor import PROVIDER, fast, finalized
from tests.support.monitor_service import PARTITIONS, Service, problem, serving
from tests.support.service import until

MOST = 20


def partition(key: str) -> int:
    return partition_of(f"{PROVIDER}/{key}", PARTITIONS)


BUSY = "overload.busy"
CALM = next(key for key in (f"overload.calm-{n}" for n in range(99)) if partition(key) != partition(BUSY))


@asynccontextmanager
async def judging_held_up(database_url: str) -> AsyncIterator[None]:
    """Lock the rows of all partitions, so that no step can be committed."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM judge_partition FOR UPDATE")
            yield
    finally:
        await connection.close()


def batch(key: str, number: int) -> list[dict[str, Any]]:
    """Ten values of their own."""
    return [
        {"indicator": key, "at": f"2026-11-05T08:{number // 60:02d}:{number % 60:02d}.{place}Z", "value": 100}
        for place in range(10)
    ]


async def ready(service: Service) -> str:
    for key in (BUSY, CALM):
        await service.register(key, "value", "ms")
    target = {**fast("95"), "indicator": {"owner_party_id": PROVIDER, "key": BUSY}}
    await service.agree(finalized(target))
    return str(target["target_id"])


async def send(service: Service, key: str, number: int) -> httpx.Response:
    return await service.provider.post("/api/v1/measurements", json=batch(key, number))


async def until_refused(service: Service) -> int:
    """The number of batches accepted before the first refusal."""
    for number in range(10 * MOST):
        answer = await send(service, BUSY, number)
        if answer.status_code != 202:
            assert problem(answer)["type"] == "/problems/overloaded"
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            return number
    raise AssertionError("the door never refused")


async def takes(service: Service, key: str, number: int) -> bool:
    return (await send(service, key, number)).status_code == 202


async def refuses(service: Service, key: str, number: int) -> bool:
    return not await takes(service, key, number)


async def shows(service: Service, records: int) -> bool:
    """Whether the figures say that ``records`` records wait, or more; for 0, that none waits."""
    return await behind(service, BUSY) == records == 0 or 0 < records <= await behind(service, BUSY)


async def behind(service: Service, key: str) -> int:
    text = (await service.client("").get("/metrics")).text
    series = f'slm_monitor_intake_behind_records{{partition="{partition(key)}",topic="slm.measurements"}} '
    return int(float(text.split(series)[1].split("\n")[0]))


async def test_too_much_is_refused_and_what_was_accepted_is_evaluated_later(
    database_url: str,
) -> None:
    async with serving(database_url, most_behind=MOST) as service:
        target_id = await ready(service)
        async with judging_held_up(database_url):
            taken = await until_refused(service)
            assert taken >= MOST
            await until(lambda: shows(service, MOST))
            assert (await send(service, BUSY, taken)).status_code == 429
        await until(lambda: takes(service, CALM, taken))
        await until(lambda: takes(service, BUSY, taken))
        answer = await send(service, BUSY, taken)
        position = answer.json()["position"]
        state = (await service.provider.get(f"/api/v1/targets/{target_id}", params={"min_position": position})).json()
        assert state["window"]["total"] == 10 * (taken + 1)
        await until(lambda: shows(service, 0))


async def test_a_partition_that_is_behind_refuses_nothing_of_another(database_url: str) -> None:
    async with serving(database_url, most_behind=MOST) as service:
        await ready(service)
        async with judging_held_up(database_url):
            taken = await until_refused(service)
            assert (await send(service, CALM, 0)).status_code == 202
            both = batch(BUSY, taken) + batch(CALM, 1)
            assert (await service.provider.post("/api/v1/measurements", json=both)).status_code == 429


async def test_a_replica_that_took_nothing_itself_refuses_too(database_url: str) -> None:
    async with serving(database_url, most_behind=MOST) as service:
        await ready(service)
        async with (
            serving(database_url, service.log, service.clock, most_behind=MOST) as other,
            judging_held_up(database_url),
        ):
            await until_refused(service)
            await until(lambda: refuses(other, BUSY, 0))
