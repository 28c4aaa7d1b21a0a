"""Targets grouped by label: one instance for each label value, each with its own timeline."""

from __future__ import annotations

from typing import Any

from slm_chassis.identity import named_id
from slm_monitor.domain.terms.instances import derive_target_instance_id
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, available, finalized

UP = "payments.checkout"
TARGET = available()["target_id"]


def by_region(at_least: str = "99.9", **more: Any) -> dict[str, Any]:
    return available(at_least, group_by=["region"], **more)


async def ready(held: Monitor, *targets: dict[str, Any], **changed: Any) -> None:
    await held.register(UP, "availability")
    await held.hear(finalized(*targets, **changed))
    await held.settle()


async def turns(held: Monitor, instant: str, state: str, region: str | None, **more: Any) -> None:
    labels = {} if region is None else {"labels": {"region": region}}
    await held.measure({"indicator": UP, "at": f"2026-11-{instant}:00Z", "state": state, **labels, **more})
    await held.settle()


def instance(region: str) -> str:
    return derive_target_instance_id(TARGET, (("region", region),))


async def status(held: Monitor, region: str, window: str = "2026-11") -> tuple[str, str | None]:
    row = (await held.windows(instance(region)))[window]
    return row["verdict"], row["figure"]


async def test_each_region_breaches_by_its_own_downtime(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T12:00") as held:
        await ready(held, by_region())
        await turns(held, "05T10:00", "down", "EU")
        await turns(held, "05T10:00", "up", "US")
        # The budget of a month is 43.2 minutes: that of each of them.
        assert (await status(held, "EU"))[0] == "breached"
        assert (await status(held, "US"))[0] == "met"
        (breach,) = await held.breaches()
        assert (breach["target_key"], breach["certain_at"][11:16]) == ("availability[EU]", "10:43")
        assert await held.windows(TARGET) == {}


async def test_what_has_no_region_belongs_to_none(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T12:00") as held:
        await ready(held, by_region(), {**available(), "key": "all", "target_id": "all"})
        await turns(held, "05T09:00", "up", "EU")
        await turns(held, "05T10:00", "down", None)
        assert (await status(held, "EU"))[0] == "met"
        # Without labels it is one stream, of all that is said.
        assert (await held.windows("all"))["2026-11"]["verdict"] == "breached"


async def test_a_correction_moves_a_state_to_another_region(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T12:00") as held:
        await ready(held, by_region())
        await turns(held, "05T08:00", "up", "EU")
        await turns(held, "05T08:00", "up", "US")
        await turns(held, "05T10:00", "down", "EU", id="1")
        assert [each["standing"] for each in await held.breaches()] == [True]
        await turns(held, "05T10:00", "down", "US", id="1", revision=1)
        assert (await status(held, "EU"), (await status(held, "US"))[0]) == (("met", "100/1"), "breached")
        standing = {each["target_key"]: each["standing"] for each in await held.breaches()}
        assert standing == {"availability[EU]": False, "availability[US]": True}
        await held.measure({"indicator": UP, "retract": "1", "revision": 2})
        await held.settle()
        assert (await status(held, "US"))[0] == "met"


async def test_instances_live_through_a_restart_and_an_amendment(database_url: str) -> None:
    async with ground(database_url, "2026-11-05T10:00") as where:
        async with judging(*where) as held:
            await ready(held, by_region("90"))
            await turns(held, "05T10:00", "down", "EU")
            await turns(held, "05T10:00", "up", "US")
        async with judging(*where) as again:
            # Three days of the month: the timer is known after the restart.
            await again.settle("2026-11-08T11:00")
            (breach,) = await again.breaches()
            assert (breach["target_key"], breach["certain_at"][5:16]) == ("availability[EU]", "11-08T10:00")
            stricter = finalized(by_region("99"), version=2, effective_at="2026-12-01T00:00:00Z")
            await again.hear(stricter)
            await again.settle("2026-12-02T00:00")
            await again.settle()
            assert await status(again, "EU", "2026-12") == ("breached", "0/1")
            assert await status(again, "US", "2026-12") == ("met", "100/1")
            versions = {each["version"] for each in await again.breaches() if each["standing"]}
            assert versions == {1, 2}


async def test_outages_and_rolling_windows_are_judged_by_label_too(database_url: str) -> None:
    outages = {**by_region(), "aggregation": {"outages": {"at_least": "PT5M"}}, "objective": {"at_most": "0"}}
    rolling = {
        **by_region("90"),
        "key": "rolling",
        "target_id": named_id(PROVIDER, "rolling"),
        "window": {"rolling": "PT1H"},
    }
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, outages, rolling)
        await turns(held, "05T10:00", "up", "US")
        await turns(held, "05T10:00", "down", "EU")
        for minute in range(1, 8):
            await held.settle(f"2026-11-05T10:0{minute}")
        told = {each["target_key"]: each["certain_at"][11:16] for each in await held.breaches()}
        assert told == {"availability[EU]": "10:05", "rolling[EU]": "10:07"}


async def test_a_mistaken_region_is_evaluated_without_data_in_either_order(
    database_url: str,
) -> None:
    said = {"indicator": UP, "at": "2026-11-05T10:00:00Z", "state": "down", "labels": {"region": "UE"}, "id": "1"}
    back = {"indicator": UP, "retract": "1", "revision": 1}
    async with ground(database_url, "2026-11-05T12:00") as where:
        async with judging(*where) as held:
            await ready(held, by_region())
            await held.measure(back)
            await held.settle()
            await held.measure(said)
            await held.settle()
            assert await status(held, "UE") == ("met", "100/1")
        async with judging(*where) as again:
            await again.settle("2026-12-01T00:10")
            closed = (await again.windows(instance("UE")))["2026-11"]
            assert (closed["verdict"], closed["closed_at"] is None) == ("met", False)


async def test_a_fact_retracted_before_the_agreement_has_an_instance_too(database_url: str) -> None:
    said = {"indicator": UP, "at": "2026-11-05T10:00:00Z", "state": "down", "labels": {"region": "UE"}, "id": "1"}
    async with ground(database_url, "2026-11-05T12:00") as where:
        async with judging(*where) as held:
            await held.register(UP, "availability")
            await held.measure(said, {"indicator": UP, "retract": "1", "revision": 1})
            await held.settle()
        async with judging(*where) as again:
            await again.hear(finalized(by_region()))
            await again.settle()
            assert await status(again, "UE") == ("met", "100/1")
