"""Exclusions at work: open windows at once, closed ones restated, silence decides, restarts change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_monitor.adapters.commands.sql_exclusions import SqlExclusions, UnansweredExclusionDecider
from slm_monitor.application.commands import exclusions
from slm_monitor.application.commands.exclusions import ExclusionRequest
from slm_monitor.domain.exclusions.exclusion_workflow import ActingParty
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, CUSTOMER, PROVIDER, at, available, fast, finalized

UP, LATENCY = "payments.checkout", "payments.checkout-latency"
TARGET = available()["target_id"]


async def ready(held: Monitor, *targets: dict[str, Any], **changed: Any) -> None:
    await held.register(UP, "availability")
    await held.hear(finalized(*(targets or (available(),)), **changed))
    await held.settle()


async def down(held: Monitor, start: str, end: str, **more: Any) -> None:
    await held.measure({"indicator": UP, "outage": {"from": f"{start}:00Z", "to": f"{end}:00Z"}, **more})
    await held.settle()


async def ask(held: Monitor, start: str, end: str, **more: Any) -> str:
    wanted = ExclusionRequest(
        AGREEMENT, more.pop("kind", "force_majeure"), "a storm", interval=(at(start), at(end)), **more
    )
    async with held.database.begin() as transaction:
        name = named_id(AGREEMENT, "exclusion", start, end)
        await exclusions.request_exclusion(
            SqlExclusions(transaction), wanted, name, ActingParty(PROVIDER, "p"), transaction.now
        )
    return name


async def approve(held: Monitor, name: str) -> None:
    async with held.database.begin() as transaction:
        now = transaction.now
        await exclusions.decide_exclusion(
            SqlExclusions(transaction), name, "approved", ActingParty(CUSTOMER, "c"), "", now
        )
    await held.settle()


async def revoke(held: Monitor, name: str) -> None:
    async with held.database.begin() as transaction:
        await exclusions.revoke_exclusion(
            SqlExclusions(transaction), name, ActingParty(PROVIDER, "p"), "off", transaction.now
        )
    await held.settle()


async def test_an_approved_exclusion_withdraws_the_breach_it_undoes_at_once(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        name = await ask(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await held.settle()
        assert [breach["standing"] for breach in await held.breaches()] == [True]
        await approve(held, name)
        assert [breach["standing"] for breach in await held.breaches()] == [False]
        (withdrawn,) = [data for kind, data in await held.published() if kind == "breach-withdrawn"]
        assert withdrawn["cause"] == "exclusion"
        await revoke(held, name)
        (breach,) = await held.breaches()
        assert (breach["standing"], breach["revision"]) == (True, 1)


async def test_a_closed_window_is_restated_with_both_figures(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await held.settle("2026-12-02T00:00")
        await approve(held, await ask(held, "2026-11-05T10:00", "2026-11-05T12:00"))
        (restated,) = [data for kind, data in await held.published() if kind == "window-restated"]
        assert (restated["cause"], restated["verdict"], restated["before"]["verdict"]) == (
            "exclusion",
            "met",
            "breached",
        )
        assert (restated["figure"], restated["raw_figure"], restated["excluded_seconds"]) == (
            "100/1",
            "1795/18",
            7200,
        )
        assert (restated["good"], restated["total"]) == ("2584800000000", "2584800000000")
        assert [(each["kind"], each["seconds"]) for each in restated["exclusions"]] == [("force_majeure", 7200)]


@pytest.mark.parametrize(
    ("kind", "aggregation", "objective", "figure", "raw"),
    [
        ("value", "mean", {"at_most": "300"}, "100/1", "500/1"),
        ("value", "max", {"at_most": "1000"}, "100/1", "900/1"),
        ("count", {"count": "A"}, {"at_most": "50"}, "10/1", "20/1"),
        (
            "ratio",
            {"time_slices": {"width": "PT10M", "good_if": "0.5"}},
            {"at_least": "50", "unit": "percent"},
            "100/1",
            "50/1",
        ),
    ],
)
async def test_whatever_is_counted_has_its_figure_before_exclusions_too(
    database_url: str, kind: str, aggregation: Any, objective: dict[str, str], figure: str, raw: str
) -> None:
    said = {
        "value": lambda n: {"value": n},
        "count": lambda n: {"category": "A"},
        "ratio": lambda n: {"good": 1000 - n, "total": 1000},
    }[kind]
    target = fast() | {"aggregation": aggregation, "objective": objective, "target_id": "counted", "key": "counted"}
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await held.register(LATENCY, kind)
            await held.hear(finalized(target))
            await held.settle()
            await held.measure(
                *(
                    {"indicator": LATENCY, "at": f"2026-11-05T{hour}:00:{second:02}Z", **said(value)}
                    for hour, value in (("10", 100), ("12", 900))
                    for second in range(10)
                )
            )
            await held.settle()
            await approve(held, await ask(held, "2026-11-05T12:00", "2026-11-05T13:00"))
            await held.save()
        async with judging(database, log, clock) as again:
            await again.settle("2026-12-02T00:00")
            (closed,) = [data for kind, data in await again.published() if kind == "window-closed"]
            assert (closed["figure"], closed["raw_figure"]) == (figure, raw)


async def test_a_window_that_no_exclusion_touches_is_not_restated(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await held.settle("2026-12-02T00:00")
        await approve(held, await ask(held, "2026-12-01T10:00", "2026-12-01T12:00"))
        assert "window-restated" not in await held.names()


async def test_a_restart_knows_what_is_excluded_and_publishes_nothing_again(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held)
            await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
            await approve(held, await ask(held, "2026-11-05T11:00", "2026-11-05T12:00"))
            before = await held.published()
            figure = (await held.windows(TARGET))["2026-11"]["figure"]
        async with judging(database, log, clock) as again:
            await again.settle()
            await down(again, "2026-11-05T11:30", "2026-11-05T12:00", id="inside")
            assert await again.published() == before
            assert (await again.windows(TARGET))["2026-11"]["figure"] == figure


async def test_what_was_decided_while_nobody_judged_restates_closed_windows_all_the_same(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held)
            await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
            await held.settle("2026-12-02T00:00")
        async with judging(database, log, clock) as again:
            # Its partitions are taken over with the first turn, and find the approval there already.
            await approve(again, await ask(again, "2026-11-05T10:00", "2026-11-05T12:00"))
            (restated,) = [data for kind, data in await again.published() if kind == "window-restated"]
            assert (restated["cause"], restated["verdict"]) == ("exclusion", "met")
            assert [breach["standing"] for breach in await again.breaches()] == [False]


async def test_an_exclusion_before_the_downtime_gives_what_one_after_it_gives(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await approve(held, await ask(held, "2026-11-05T10:00", "2026-11-05T11:30"))
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        assert await held.breaches() == []
        window = (await held.windows(TARGET))["2026-11"]
        assert window["detail"]["down"] == 30 * 60 * 1_000_000


async def test_silence_decides_at_its_instant_once_though_two_replicas_look(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held)
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await ask(
            held, "2026-11-05T10:00", "2026-11-05T12:00", decide_by_at=at("2026-11-12T00:00"), if_silent="approved"
        )
        lookers = [UnansweredExclusionDecider(held.database, held.clock) for _ in range(2)]
        assert [await each.step() for each in lookers] == [0, 0]
        held.clock.move_to(at("2026-11-12T00:00:01Z"))
        assert sum([await each.step() for each in lookers]) == 1
        await held.settle()
        (told,) = [data for kind, data in await held.published() if kind == "exclusion-decided"]
        assert (told["decision"], told["decided_by_party_id"]) == ("approved", None)
        assert told["decided_at"] == "2026-11-12T00:00:00.000000Z"
        assert [breach["standing"] for breach in await held.breaches()] == [False]


async def test_planned_time_without_its_notice_is_approved_and_does_not_count(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, planned_maintenance={"notice": "P5D"})
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        await approve(held, await ask(held, "2026-11-05T10:00", "2026-11-05T12:00", kind="planned"))
        (told,) = [data for kind, data in await held.published() if kind == "exclusion-decided"]
        assert [each["cause"] for each in told["uncounted"]] == ["announced_late"]
        assert [breach["standing"] for breach in await held.breaches()] == [True]


async def test_values_in_excluded_minutes_do_not_count_also_after_a_restart(
    database_url: str,
) -> None:
    values = [
        {"indicator": LATENCY, "at": f"2026-11-05T10:0{minute}:30Z", "value": value, "labels": {"region": region}}
        for region, slow in (("eu", 3), ("us", 1))
        for minute, value in enumerate([100] * (4 - slow) + [900] * slow)
    ]
    grouped = fast(group_by=["region"])
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await held.register(LATENCY, "value")
            await held.hear(finalized(grouped))
            await held.settle()
            await held.measure(*values)
            await held.settle("2026-12-02T00:00")
            name = await ask(held, "2026-11-05T10:03", "2026-11-05T10:04", targets=[grouped["key"]])
            await approve(held, name)
            figures = [
                (data["before"]["figure"], data["figure"], data["raw_figure"], len(data["exclusions"]))
                for kind, data in await held.published()
                if kind == "window-restated"
            ]
            assert sorted(figures) == [("25/1", "100/3", "25/1", 1), ("75/1", "100/1", "75/1", 1)]
            told = await held.published()
        async with judging(database, log, clock) as again:
            await again.settle("2026-12-02T00:30")
            assert await again.published() == told
