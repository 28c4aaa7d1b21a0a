"""Stale indicators: published once, by a timer, also after a restart, and published again when data arrives."""

from __future__ import annotations

import asyncio
from typing import Any

from slm_monitor.adapters.commands.sql_terms import SqlIndicators
from slm_monitor.domain.facts.intake_items import Indicator
from tests.support.checkout import LATENCY, UP, turns
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import HOUR, PROVIDER, available, finalized
from tests.support.monitor_service import Service, problem

TARGET = available()["target_id"]


async def register(held: Monitor, key: str = UP, kind: str = "availability") -> None:
    indicator = Indicator(f"{PROVIDER}/{key}", PROVIDER, key, kind, None, "up", None, HOUR)
    await SqlIndicators(held.database).register(indicator, [])


async def told(held: Monitor) -> list[tuple[str, str, str]]:
    """(event, last measured, silent since) in the order of publication."""
    return [
        (name, data["last_measured_at"][11:16], data["stale_since_at"][11:16])
        for name, data in await held.published()
        if name.startswith("indicator-")
    ]


async def test_silence_is_told_once_at_its_instant_and_so_is_its_end(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await register(held)
        await turns(held, "2026-11-05T10:00", "up")
        await held.settle("2026-11-05T10:59")
        assert await told(held) == []
        await held.settle("2026-11-05T11:00")
        await held.settle("2026-11-05T13:00")
        assert await told(held) == [("indicator-stale", "10:00", "11:00")]
        await turns(held, "2026-11-05T12:30", "up")
        assert await told(held) == [
            ("indicator-stale", "10:00", "11:00"),
            ("indicator-resumed", "12:30", "11:00"),
        ]
        await held.settle("2026-11-05T13:31")
        assert (await told(held))[2:] == [("indicator-stale", "12:30", "13:30")]


async def test_values_are_words_too(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await register(held, LATENCY, "value")
        await held.measure({"indicator": LATENCY, "at": "2026-11-05T09:30:00Z", "value": 100})
        await held.settle("2026-11-05T10:30")
        assert await told(held) == [("indicator-stale", "09:30", "10:30")]


async def test_a_restart_tells_no_silence_again_and_forgets_no_timer(database_url: str) -> None:
    async with ground(database_url, "2026-11-05T10:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await register(held)
            await register(held, LATENCY, "value")
            await turns(held, "2026-11-05T08:00", "up")
            await held.measure({"indicator": LATENCY, "at": "2026-11-05T09:30:00Z", "value": 100})
            await held.settle()
            assert await told(held) == [("indicator-stale", "08:00", "09:00")]
        async with judging(database, log, clock) as again:
            await again.settle("2026-11-05T10:30")
            assert (await told(again))[1:] == [("indicator-stale", "09:30", "10:30")]
            await turns(again, "2026-11-05T10:29", "up")
            assert (await told(again))[2:] == [("indicator-resumed", "10:29", "09:00")]


async def test_a_restart_knows_the_last_word_of_what_is_measured_by_label(database_url: str) -> None:
    async with ground(database_url, "2026-11-05T10:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await register(held, LATENCY, "value")
            labelled = {"indicator": LATENCY, "value": 100, "labels": {"region": "eu"}}
            await held.measure({**labelled, "at": "2026-11-05T09:30:00Z"})
            await held.settle()
            await held.save()
        async with judging(database, log, clock) as again:
            await again.settle("2026-11-05T10:30")
            assert await told(again) == [("indicator-stale", "09:30", "10:30")]


async def test_silent_time_is_unknown_and_leaves_the_figure(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await register(held)
        await held.hear(finalized(available("90")))
        await held.settle()
        await turns(held, "2026-11-04T00:00", "down")
        await turns(held, "2026-11-04T12:00", "up")
        window = (await held.windows(TARGET))["2026-11"]
        # Down for the hour in which it was heard; then nobody knew, for eleven hours and again for twenty-one.
        assert window["detail"]["down"] == HOUR
        assert window["detail"]["unknown"] == (11 + 21) * HOUR


async def test_an_import_of_history_is_no_silence(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await register(held)
        import_id = await held.hold(UP)
        await turns(held, "2026-11-04T00:00", "up")
        await held.settle("2026-11-05T10:30")
        assert await told(held) == []
        await turns(held, "2026-11-05T10:15", "up")
        await held.release(import_id)
        await held.settle("2026-11-05T10:31")
        assert await told(held) == []


async def test_silent_indicators_are_listed(service: Service) -> None:
    for key, age in (("silent.one", "PT1M"), ("silent.never", None)):
        given = {"key": key, "kind": "availability", "initial_state": "up", "stale_after": age}
        answer = await service.provider.post("/api/v1/indicators", json=given)
        assert (answer.status_code, answer.json()["stale_after"]) == (201, age)
    await service.measure(
        *({"indicator": key, "at": "2026-11-05T09:00:00Z", "state": "up"} for key in ("silent.one", "silent.never"))
    )
    listed: list[dict[str, Any]] = []
    while not listed:
        listed = (await service.provider.get("/api/v1/indicators", params={"stale": True})).json()["items"]
    assert [(each["key"], each["stale_since_at"]) for each in listed] == [("silent.one", "2026-11-05T09:01:00.000000Z")]
    others = (await service.provider.get("/api/v1/indicators", params={"stale": False, "limit": 1000})).json()["items"]
    assert "silent.never" in {each["key"] for each in others}


async def test_an_age_that_means_nothing_is_refused(service: Service) -> None:
    for age in ("a while", "PT0S", "-PT5M", "P1M"):
        given = {"key": "silent.wrong", "kind": "availability", "stale_after": age}
        refused = problem(await service.provider.post("/api/v1/indicators", json=given))
        assert refused["errors"][0]["field"] == "stale_after"


async def test_the_last_fact_of_each_indicator_is_told_where_it_is_asked_for(service: Service) -> None:
    for key, kind in (("last.up", "availability"), ("last.value", "value"), ("last.nothing", "availability")):
        await service.register(key, kind)
    await service.measure(
        {"indicator": "last.up", "at": "2026-11-05T09:00:00Z", "state": "up"},
        {"indicator": "last.value", "at": "2026-11-05T08:30:00Z", "value": 7},
    )

    async def told() -> dict[str, str | None]:
        page = await service.provider.get("/api/v1/indicators", params={"with_last": "true", "limit": 1000})
        return {each["key"]: each["last_fact_at"] for each in page.json()["items"] if each["key"].startswith("last.")}

    async with asyncio.timeout(10):
        while None in [(await told())[key] for key in ("last.up", "last.value")]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    found = await told()
    assert found["last.up"] == "2026-11-05T09:00:00.000000Z"
    assert found["last.value"] is not None and found["last.value"][:16] == "2026-11-05T08:30"
    assert found["last.nothing"] is None
    plain = (await service.provider.get("/api/v1/indicators", params={"limit": 1000})).json()["items"]
    assert all("last_fact_at" not in each for each in plain)
