"""Every kind of figure over a rolling window: crossed at a change or a minute, recovered as time goes by."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, available, fast, finalized, resolved

UP, OTHER, LATENCY, ORDERS = "payments.checkout", "payments.database", "payments.checkout-latency", "payments.orders"
KINDS = {UP: "availability", OTHER: "availability", LATENCY: "value", ORDERS: "ratio"}
DAY = "2026-11-05"


def rolling(
    key: str, aggregation: Any, objective: dict[str, str], length: str, indicator: str | None = None, **more: Any
) -> dict[str, Any]:
    named = {"owner_party_id": PROVIDER, "key": indicator} if indicator else None
    return {
        **available(),
        "key": key,
        "target_id": named_id(PROVIDER, "target", "rolling", key),
        "indicator": named,
        "aggregation": aggregation,
        "objective": objective,
        "window": {"rolling": length},
        "warn_at": {},
        **more,
    }


def composite(of: str, rule: Any, *members: str) -> dict[str, Any]:
    named = [
        {"indicator": {"owner_party_id": PROVIDER, "key": each}} if of == "states" else {"target": each}
        for each in members
    ]
    return {"composite": {"of": of, "rule": rule, "members": named}}


async def ready(held: Monitor, *targets: dict[str, Any]) -> None:
    for key, kind in KINDS.items():
        await held.register(key, kind)
    await held.hear(finalized(*targets))
    await held.settle()


async def measured(held: Monitor, indicator: str, clock: str, **more: Any) -> None:
    await held.settle(f"{DAY}T{clock}")
    await held.measure({"indicator": indicator, "at": f"{DAY}T{clock}:00Z", **more})
    await held.settle()


async def news(held: Monitor, key: str | None = None) -> list[tuple[str, str | None, str]]:
    at = {"target-breached": "certain_at", "target-recovered": "recovered_at", "breach-withdrawn": "published_at"}
    return [
        (name.removeprefix("target-"), data["figure"], data[at[name]][11:16])
        for name, data in await held.published()
        if name in at and (key is None or data["target_key"] == key)
    ]


async def window(held: Monitor, key: str) -> dict[str, Any]:
    (row,) = (await held.windows(named_id(PROVIDER, "target", "rolling", key))).values()
    return row


async def test_a_mean_breaks_with_a_value_and_recovers_when_it_has_left(database_url: str) -> None:
    async with monitor(database_url, f"{DAY}T10:00") as held:
        await ready(held, rolling("mean", "mean", {"at_most": "200", "unit": "ms"}, "PT10M", LATENCY))
        await measured(held, LATENCY, "10:00", value=100.1)
        await measured(held, LATENCY, "10:03", value=300.2)
        assert await news(held) == [("breached", "4003/20", "10:03")]
        await measured(held, LATENCY, "10:05", value=50)
        # Three values come to 150.1; at 10:10 the first has left, and 300.2 with 50 still come to 175.1.
        assert (await news(held))[1:] == [("recovered", "1501/10", "10:05")]
        await held.settle(f"{DAY}T10:12")
        await held.save()
        assert (await window(held, "mean"))["figure"] == "1751/10"
        await held.settle(f"{DAY}T10:15")
        assert (await window(held, "mean"))["verdict"] == "no_data"


async def test_a_maximum_is_missed_at_both_levels_while_a_value_is_inside(database_url: str) -> None:
    terms = rolling("max", "max", {"at_most": "300", "unit": "ms"}, "PT5M", LATENCY, unacceptable={"at_most": "400"})
    async with monitor(database_url, f"{DAY}T10:00") as held:
        await ready(held, terms)
        await measured(held, LATENCY, "10:00", value=300)
        await measured(held, LATENCY, "10:02", value=450, id="v")
        await measured(held, LATENCY, "10:04", value=310)
        levels = [(each["level"], each["certain_at"][11:16]) for each in await held.breaches()]
        assert sorted(levels) == [("objective", "10:02"), ("unacceptable", "10:02")]
        await held.settle(f"{DAY}T10:08")
        assert await news(held) == [("breached", "450/1", "10:02"), ("breached", "450/1", "10:02")]
        await held.settle(f"{DAY}T10:09")
        # The value of 10:04 leaves last, and nothing is left.
        assert (await news(held))[2:] == [("recovered", None, "10:09")]
        await held.measure({"indicator": LATENCY, "at": f"{DAY}T10:02:00Z", "value": 350, "id": "v", "revision": 1})
        await held.settle()
        standing = [(each["level"], each["standing"]) for each in await held.breaches()]
        assert sorted(standing) == [("objective", True), ("unacceptable", False)]


async def test_a_minimum_is_kept_exactly_at_its_limit(database_url: str) -> None:
    async with monitor(database_url, f"{DAY}T10:00") as held:
        await ready(held, rolling("min", "min", {"at_least": "0.1", "unit": "ms"}, "PT5M", LATENCY))
        await measured(held, LATENCY, "10:00", value=0.1)
        assert await news(held) == []
        await measured(held, LATENCY, "10:01", value=0.09999999999999999)
        assert [name for name, _, _ in await news(held)] == ["breached"]


async def test_a_slice_counts_once_it_is_over_and_until_it_leaves(database_url: str) -> None:
    slices = {"time_slices": {"width": "PT5M", "good_if": "0.9"}}
    async with monitor(database_url, f"{DAY}T10:00") as held:
        await ready(held, rolling("slices", slices, {"at_least": "60", "unit": "percent"}, "PT15M", ORDERS))
        await measured(held, ORDERS, "10:01", good=100, total=100)
        await measured(held, ORDERS, "10:06", good=89, total=100)
        assert await news(held) == []
        await held.settle(f"{DAY}T10:09")
        assert (await window(held, "slices"))["figure"] == "100/1"
        await held.settle(f"{DAY}T10:10")
        assert await news(held) == [("breached", "50/1", "10:10")]
        await measured(held, ORDERS, "10:11", good=10, total=10)
        await held.settle(f"{DAY}T10:15")
        # Two of three slices are good, until the first leaves: one of two.
        assert (await news(held))[1:] == [("recovered", "200/3", "10:15")]
        await held.settle(f"{DAY}T10:30")
        assert (await news(held))[2:] == [("breached", "50/1", "10:16"), ("recovered", "100/1", "10:21")]


async def test_an_outage_counts_from_its_length_until_its_start_leaves(database_url: str) -> None:
    outages = {"outages": {"at_least": "PT5M"}}
    async with monitor(database_url, f"{DAY}T10:00") as held:
        await ready(held, rolling("outages", outages, {"at_most": "1", "unit": "count"}, "PT1H", UP))
        await measured(held, UP, "10:00", state="down")
        await measured(held, UP, "10:10", state="up")
        await measured(held, UP, "10:20", state="down")
        await held.settle(f"{DAY}T10:24")
        assert await news(held) == []
        await held.settle(f"{DAY}T10:25")
        assert await news(held) == [("breached", "2/1", "10:25")]
        await measured(held, UP, "10:30", state="up")
        await held.settle(f"{DAY}T11:00")
        # An outage that began at 10:00 lies in the window that begins then, and in none after it.
        assert (await window(held, "outages"))["verdict"] == "breached"
        await held.settle(f"{DAY}T11:01")
        assert (await news(held))[1:] == [("recovered", "1/1", "11:01")]


async def test_joint_states_are_judged_by_the_minute(database_url: str) -> None:
    states = composite("states", {"k_of_n": 1}, UP, OTHER)
    async with monitor(database_url, f"{DAY}T10:00") as held:
        await ready(held, rolling("states", states, {"at_least": "90", "unit": "percent"}, "PT1H"))
        await measured(held, UP, "10:00", state="down")
        await measured(held, OTHER, "10:10", state="down")
        await held.settle(f"{DAY}T10:16")
        assert await news(held) == []
        await held.settle(f"{DAY}T10:17")
        assert await news(held) == [("breached", "265/3", "10:17")]
        await measured(held, UP, "10:18", state="up")
        await held.settle(f"{DAY}T11:12")
        assert (await news(held))[1:] == [("recovered", "90/1", "11:12")]


async def test_verdicts_are_missed_while_too_few_members_are_met(database_url: str) -> None:
    ups = rolling("up", "availability", {"at_least": "90", "unit": "percent"}, "PT1H", UP)
    quick = {**fast("90", {"rolling": "PT1H"}), "key": "fast", "warn_at": {}}
    both = rolling(
        "both", composite("verdicts", {"k_of_n": 1}, "up", "fast"), {"at_least": "100", "unit": "percent"}, "PT1H"
    )
    async with monitor(database_url, f"{DAY}T10:00") as held:
        await ready(held, ups, quick, both)
        await measured(held, UP, "10:00", state="down")
        await held.settle(f"{DAY}T10:10")
        # One is missed, of the other nothing is known: it may still be the one that is needed.
        assert (await window(held, "both"))["verdict"] == "no_data"
        await measured(held, LATENCY, "10:20", value=900)
        assert await news(held, "both") == [("breached", "0/1", "10:20")]
        await held.settle(f"{DAY}T11:20")
        # The value has left: nothing is known of its member again.
        assert (await news(held, "both"))[1:] == [("recovered", None, "11:20")]
        await measured(held, LATENCY, "11:21", value=100)
        assert [(await window(held, "both"))[name] for name in ("verdict", "figure")] == ["met", "50/1"]


def life(ticket: str, opened: str, ended: str | None = None) -> list[dict[str, Any]]:
    told = {"source": "desk", "ticket": ticket, "type": "incident", "priority": "P1"}
    events = [{**told, "event": "opened", "at": f"{DAY}T{opened}:00Z"}]
    return events + ([{**told, "event": "resolved", "at": f"{DAY}T{ended}:00Z"}] if ended else [])


async def test_a_ticket_counts_while_its_end_lies_in_the_window(database_url: str) -> None:
    clock = resolved("PT1H")
    share = rolling("kept", {"compliance": clock["key"]}, {"at_least": "60", "unit": "percent"}, "PT2H")
    async with monitor(database_url, f"{DAY}T10:00") as held:
        await ready(held, clock, share)
        await held.settle(f"{DAY}T10:30")
        await held.ticket(*life("1", "10:00", "10:30"), *life("2", "10:10"))
        await held.settle()
        assert (await window(held, "kept"))["figure"] == "100/1"
        await held.settle(f"{DAY}T11:10")
        assert await news(held, "kept") == [("breached", "50/1", "11:10")]
        await held.settle(f"{DAY}T11:20")
        await held.ticket(*life("3", "11:00", "11:20"))
        await held.settle()
        assert (await news(held, "kept"))[1:] == [("recovered", "200/3", "11:20")]
        await held.settle(f"{DAY}T12:30")
        assert (await news(held, "kept"))[2:] == [("breached", "50/1", "12:30")]
        await held.settle(f"{DAY}T13:10")
        assert (await news(held, "kept"))[3:] == [("recovered", "100/1", "13:10")]


@pytest.mark.parametrize("is_saved", [True, False])
async def test_a_restart_goes_on_with_what_is_in_the_window(database_url: str, is_saved: bool) -> None:
    mean = rolling("mean", "mean", {"at_most": "200", "unit": "ms"}, "PT10M", LATENCY)
    outages = rolling("outages", {"outages": {"at_least": "PT5M"}}, {"at_most": "0", "unit": "count"}, "PT1H", UP)
    async with ground(database_url, f"{DAY}T10:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, mean, outages)
            await measured(held, LATENCY, "10:00", value=250)
            await measured(held, UP, "10:00", state="down")
            await measured(held, UP, "10:06", state="up")
            before = await news(held)
            assert before == [("breached", "250/1", "10:00"), ("breached", "1/1", "10:05")]
            if is_saved:
                await held.save()
        async with judging(database, log, clock) as again:
            await again.settle()
            assert await news(again) == before
            await again.settle(f"{DAY}T10:10")
            assert (await news(again))[2:] == [("recovered", None, "10:10")]
            await again.settle(f"{DAY}T11:01")
            assert (await news(again))[3:] == [("recovered", "0/1", "11:01")]
