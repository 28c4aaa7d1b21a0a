"""Accepted windows stay as they are; later facts are published as adjustments of the period of arrival."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from slm_chassis.identity import named_id
from slm_events.instants import to_text
from slm_events.review import PeriodAccepted
from slm_monitor.adapters.rows.accepted_windows import AcceptedWindowQueries
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, CUSTOMER, PROVIDER, available, fast, finalized
from tests.support.monitor_service import Service, publish

UP, LATENCY = "payments.checkout", "payments.checkout-latency"
TARGET, FAST = available()["target_id"], fast()["target_id"]


def accepted(*windows: str, revision: int = 0, target: str = TARGET) -> PeriodAccepted:
    return PeriodAccepted(
        acceptance_id="accepted",
        review_id=None,
        agreement_id=AGREEMENT,
        agreement_version=1,
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        period=windows[0],
        windows=[{"target_id": target, "window_id": each, "revision": revision} for each in windows],
        accepted_by=[],
        accepted_at="2026-12-05T00:00:00Z",
    )


async def down(held: Monitor, start: str, end: str, **more: Any) -> None:
    await held.measure({"indicator": UP, "outage": {"from": f"{start}:00Z", "to": f"{end}:00Z"}, **more})
    await held.settle()


async def november(held: Monitor) -> None:
    """A closed and published window of November that met its objective."""
    await held.register(UP, "availability")
    await held.hear(finalized(available()))
    await down(held, "2026-11-05T10:00", "2026-11-05T10:30")
    await held.settle("2026-12-05T00:00")


async def told(held: Monitor, name: str) -> list[dict[str, Any]]:
    return [data for kind, data in await held.published() if kind == name]


async def test_later_facts_adjust_the_current_period_and_restate_nothing(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await november(held)
        await held.decided(accepted("2026-11"))
        before = (await held.windows(TARGET))["2026-11"]
        await down(held, "2026-11-06T10:00", "2026-11-06T11:00")
        assert (await held.windows(TARGET))["2026-11"] == before
        assert not {"window-restated", "target-breached"} & set(await held.names())
        (first,) = await told(held, "window-adjusted")
        assert (first["window_id"], first["booked_in_window_id"], first["number"]) == ("2026-11", "2026-12", 1)
        assert (first["verdict"], first["before"]) == ("breached", {"verdict": "met", "figure": before["figure"]})
        assert (first["difference"], first["cause"]) == ("-5/36", "fact")
        shown = await AcceptedWindowQueries(held.database).adjustments(TARGET, ["2026-12"])
        assert [(each["window_id"], each["figure"]) for each in shown] == [("2026-11", first["figure"])]


async def test_differences_of_adjustments_add_up_and_the_same_again_is_none(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await november(held)
        await held.decided(accepted("2026-11"))
        await down(held, "2026-11-06T10:00", "2026-11-06T11:00", id="late")
        await down(held, "2026-11-06T10:00", "2026-11-06T11:00", id="late")
        await held.measure({"indicator": UP, "retract": "late"})
        await held.settle()
        first, second = await told(held, "window-adjusted")
        assert (second["number"], second["verdict"], second["difference"]) == (2, "met", "5/36")
        assert (second["before"]["figure"], second["figure"]) == (first["figure"], first["before"]["figure"])


async def test_what_was_restated_since_is_not_what_they_accepted(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await november(held)
        await down(held, "2026-11-06T10:00", "2026-11-06T10:10")
        await held.decided(accepted("2026-11"))
        await down(held, "2026-11-07T10:00", "2026-11-07T10:10")
        assert [each["revision"] for each in await told(held, "window-restated")] == [1, 2]
        await held.decided(accepted("2026-11", revision=2))
        await down(held, "2026-11-08T10:00", "2026-11-08T10:10")
        assert len(await told(held, "window-restated")) == 2
        assert len(await told(held, "window-adjusted")) == 1


async def test_a_breach_of_an_accepted_window_is_not_withdrawn(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await held.register(UP, "availability")
        await held.hear(finalized(available()))
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00", id="long")
        await held.settle("2026-12-05T00:00")
        await held.decided(accepted("2026-11"))
        await held.measure({"indicator": UP, "retract": "long"})
        await held.settle()
        assert [breach["standing"] for breach in await held.breaches()] == [True]
        assert "breach-withdrawn" not in await held.names()
        assert [each["verdict"] for each in await told(held, "window-adjusted")] == ["met"]


async def test_a_restart_knows_what_is_frozen_and_what_was_told_of_it(database_url: str) -> None:
    async with ground(database_url, "2026-11-20T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await november(held)
            await held.decided(accepted("2026-11"))
            await down(held, "2026-11-06T10:00", "2026-11-06T11:00")
            before = await held.published()
        async with judging(database, log, clock) as again:
            await again.settle()
            await down(again, "2026-11-06T10:30", "2026-11-06T11:00", id="inside")
            assert await again.published() == before
            await down(again, "2026-11-06T11:00", "2026-11-06T11:30")
            assert [each["number"] for each in await told(again, "window-adjusted")] == [1, 2]


async def test_counted_windows_are_frozen_alike(database_url: str) -> None:
    async with ground(database_url, "2026-11-20T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await held.register(LATENCY, "value")
            await held.hear(finalized(fast()))
            values = [{"indicator": LATENCY, "at": f"2026-11-05T10:00:{n:02}Z", "value": 100} for n in range(20)]
            await held.measure(*values)
            await held.settle("2026-12-05T00:00")
            await held.decided(accepted("2026-11", target=FAST))
            before = (await held.windows(FAST))["2026-11"]
            slow = [{"indicator": LATENCY, "at": f"2026-11-06T10:00:{n:02}Z", "value": 900} for n in range(20)]
            await held.measure(*slow)
            await held.settle()
            await held.save()
            assert (await held.windows(FAST))["2026-11"] == before
            (adjusted,) = await told(held, "window-adjusted")
            assert (adjusted["figure"], adjusted["verdict"]) == ("50/1", "breached")
        async with judging(database, log, clock) as again:
            await again.settle()
            assert len(await told(again, "window-adjusted")) == 1
            assert (await again.windows(FAST))["2026-11"]["figure"] == before["figure"]


async def test_readers_see_what_is_frozen_and_what_came_since(service: Service) -> None:
    agreement, target_id = named_id(PROVIDER, "agreement", "frozen"), named_id(PROVIDER, "target", "frozen")
    target = {**available(window="day"), "target_id": target_id}
    target["indicator"] = {"owner_party_id": PROVIDER, "key": "frozen"}
    await service.register("frozen", "availability")
    await service.agree(finalized(target, agreement_id=agreement, agreement_key="frozen"))
    outage = {"from": "2026-11-03T10:00:00Z", "to": "2026-11-03T10:30:00Z"}
    answer = await service.measure({"indicator": "frozen", "outage": outage})
    path, asked = f"/api/v1/targets/{target_id}", {"min_position": answer["position"]}
    await read(service, path, asked)
    before = await the(service, path)
    accept = accepted("2026-11-03", revision=before["revision"], target=target_id)
    await publish(service.log, replace(accept, agreement_id=agreement, accepted_at=to_text(service.clock.now())))
    async with asyncio.timeout(10):
        while not (window := await the(service, path))["accepted"] or await service.waits_in_the_inbox():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (window["accepted"]["period"], window["adjustments"]) == ("2026-11-03", [])
    more = {"from": "2026-11-03T12:00:00Z", "to": "2026-11-03T13:00:00Z"}
    answer = await service.measure({"indicator": "frozen", "outage": more})
    await read(service, path, {"min_position": answer["position"]})
    window = await the(service, path)
    assert (window["figure"], window["revision"]) == (before["figure"], before["revision"])
    (adjusted,) = window["adjustments"]
    assert (adjusted["booked_in_window_id"], adjusted["difference"]) == ("2026-11-05", "-25/6")
    (booking,) = [each for each in (await read(service, f"{path}/windows"))["items"] if each["booked"]]
    assert (booking["window_id"], booking["booked"]) == ("2026-11-05", [adjusted])
    # The derivation is of what they accepted; what came since is told where it is asked for.
    told = await read(service, f"{path}/explain", {"window": "2026-11-03"})
    assert (told["figure"], told["accepted"]["revision"]) == (before["figure"], before["revision"])
    since = await read(service, f"{path}/explain", {"window": "2026-11-03", "known_at": "2026-11-05T23:00:00Z"})
    assert since["figure"] == adjusted["figure"]
    history = {each["window_id"]: each for each in (await read(service, f"{path}/history"))["items"]}
    assert history["2026-11-03"]["adjustments"] == [adjusted]


async def read(service: Service, path: str, asked: dict[str, str] | None = None) -> dict[str, Any]:
    answer = await service.provider.get(path, params=asked or {})
    answer.raise_for_status()
    return dict(answer.json())


async def the(service: Service, path: str) -> dict[str, Any]:
    """The window of the third of November."""
    items = (await read(service, f"{path}/windows"))["items"]
    return next(each for each in items if each["window_id"] == "2026-11-03")
