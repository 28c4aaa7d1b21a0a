"""Live figures over HTTP: sent when they change, as the caller is shown them, until the key dies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from slm_events.instants import to_text
from tests.support.api import announce, enrolled
from tests.support.monitor import HOUR, MINUTE, PROVIDER, available, finalized
from tests.support.monitor_service import Service, problem

PATH = "/api/v1/figures/stream"
Sample = dict[str, Any]


def target(name: str) -> str:
    return named_id(PROVIDER, "target", "live", name)


async def agree(service: Service, name: str, **more: Any) -> None:
    await service.register(f"live.{name}", "availability")
    term = {
        **available("99", warn_at={"budget_consumed": ["50"]}),
        "target_id": target(name),
        "service_id": f"live-{name}",
        "indicator": {"owner_party_id": PROVIDER, "key": f"live.{name}"},
    }
    about: dict[str, Any] = {
        "agreement_id": named_id(PROVIDER, "agreement", "live", name),
        "agreement_key": f"live-{name}",
    }
    await service.agree(finalized(term, **about, **more))
    sent = await service.measure({"indicator": f"live.{name}", "at": "2026-11-01T00:00:00Z", "state": "up"})
    await service.provider.get(f"/api/v1/targets/{target(name)}", params={"min_position": sent["position"]})


async def fail(service: Service, name: str, hours: int) -> None:
    """An outage that ended an hour ago."""
    end = service.clock.now() - HOUR
    outage = {"from": to_text(end - hours * HOUR), "to": to_text(end)}
    await service.measure({"indicator": f"live.{name}", "outage": outage})


@asynccontextmanager
async def watching(client: httpx.AsyncClient, **params: Any) -> AsyncIterator[AsyncGenerator[Sample]]:
    async with client.stream("GET", PATH, params=params, timeout=60) as answer:
        assert answer.status_code == 200, await answer.aread()
        async with aclosing(samples(answer)) as found:
            yield found


async def samples(answer: httpx.Response) -> AsyncGenerator[Sample]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            yield {**json.loads(line.removeprefix("data: ")), "event": name}


async def following(found: AsyncIterator[Sample], seconds: float) -> Sample:
    async with asyncio.timeout(seconds):
        return await anext(found)


async def test_a_fact_changes_the_figure_within_two_seconds(service: Service) -> None:
    await agree(service, "changing")
    async with watching(service.provider, target_id=target("changing")) as found:
        first = await following(found, 5)
        assert (first["event"], first["target_id"], first["verdict"]) == ("figure", target("changing"), "met")
        await fail(service, "changing", 2)
        second = await following(found, 2)
        assert second["figure_display"] != first["figure_display"]
        assert second["budget"]["consumed_share"] != first["budget"]["consumed_share"]
        read = (await service.provider.get(f"/api/v1/targets/{target('changing')}")).json()["window"]
        assert (second["verdict"], second["figure_display"]) == (read["verdict"], read["figure_display"])


async def test_a_target_is_sent_at_most_once_a_second(service: Service) -> None:
    await agree(service, "busy")
    loop, came = asyncio.get_running_loop(), list[float]()
    async with watching(service.provider, target_id=target("busy")) as found:
        await following(found, 5)

        async def facts() -> None:
            for number in range(30):
                end = service.clock.now() - (100 - 3 * number) * MINUTE
                outage = {"from": to_text(end - MINUTE), "to": to_text(end)}
                await service.measure({"indicator": "live.busy", "outage": outage})
                await asyncio.sleep(0.1)

        sending = asyncio.create_task(facts())
        while not sending.done() or len(came) < 2:
            await following(found, 5)
            came.append(loop.time())
    gaps = [later - earlier for earlier, later in pairwise(came)]
    assert gaps and min(gaps) >= 0.95, gaps


async def test_the_targets_of_a_service_are_watched_with_the_events(service: Service) -> None:
    await agree(service, "whole")
    names = set()
    async with watching(service.provider, service_id="live-whole", events=True) as found:
        await following(found, 5)
        await fail(service, "whole", 8)
        async with asyncio.timeout(5):
            async for each in found:
                names.add(each["event"])
                if {"figure", "TargetBreached"} <= names:
                    break


async def test_a_customer_gets_nothing_that_its_agreement_hides(service: Service) -> None:
    await agree(service, "hidden", customer_sees={"risks": "never", "live_figure": "at_close", "plans": "none"})
    async with (
        watching(service.customer, target_id=target("hidden")) as shown,
        watching(service.provider, target_id=target("hidden")) as open_to,
    ):
        first = await following(shown, 5)
        assert (first["figure"], first["figure_display"], first["budget"]) == (None, "–", None)
        await following(open_to, 5)
        await fail(service, "hidden", 4)
        assert (await following(open_to, 5))["verdict"] == "at_risk"
        with pytest.raises(TimeoutError):
            # Not even the time of a change is told.
            await following(shown, 2)


async def test_foreign_targets_are_answered_like_unknown_ones(service: Service) -> None:
    await agree(service, "foreign")
    for client, name in ((service.foreigner, target("foreign")), (service.provider, target("unheard-of"))):
        answer = await client.get(PATH, params={"target_id": name})
        assert problem(answer)["detail"].replace(name, "…") == problem(
            await service.provider.get("/api/v1/targets/nothing")
        )["detail"].replace("nothing", "…")
    async with watching(service.foreigner, service_id="live-foreign") as found:
        with pytest.raises(TimeoutError):
            await following(found, 1.5)


async def test_a_stream_without_targets_or_with_too_many_is_refused(service: Service) -> None:
    none = problem(await service.provider.get(PATH))
    assert (none["status"], none["errors"][0]["field"]) == (422, "query.target_id")
    many = await service.provider.get(PATH, params={"target_id": [f"{number}" for number in range(201)]})
    assert problem(many)["status"] == 422
    assert problem(await service.client("").get(PATH, params={"target_id": "1"}))["status"] == 401


async def test_the_stream_ends_within_two_seconds_of_its_key(service: Service) -> None:
    await agree(service, "dying")
    await announce(service.log, enrolled("slm_short", "viewer", party_id=PROVIDER))
    async with watching(service.client("slm_short"), target_id=target("dying")) as found:
        await following(found, 5)
        revoked = enrolled("slm_short", "viewer", party_id=PROVIDER, revoked_at="2026-11-05T10:00:00Z")
        await announce(service.log, revoked)
        async with asyncio.timeout(2):
            assert [each async for each in found] == []
