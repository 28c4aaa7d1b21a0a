"""Evaluation on a real database: results are published once, in any order of arrival, across restarts and replicas."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from slm_chassis.log.port import Record
from slm_events.agreement import AgreementTerminated
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.application.state.ports import PartitionNotOwned
from tests.support.checkout import LATENCY, UP, ready
from tests.support.judged import ground, judging, monitor
from tests.support.monitor import AGREEMENT, CUSTOMER, PROVIDER, available, fast, finalized, resolved


def outage(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"indicator": UP, "outage": {"from": f"{start}:00Z", "to": f"{end}:00Z"}, **more}


def values(start: str, *measured: float) -> list[dict[str, Any]]:
    """One value a second from an instant on."""
    return [
        {"indicator": LATENCY, "at": f"{start}:{second:02d}Z", "value": value} for second, value in enumerate(measured)
    ]


async def test_an_outage_that_spends_the_budget_is_one_breach_if_delivered_twice(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available())
        for _ in range(3):
            await held.measure(outage("2026-11-05T10:00", "2026-11-05T12:00", id="o1"))
            await held.settle()
        (breach,) = await held.breaches()
        assert (breach["certain_at"], breach["standing"]) == ("2026-11-05T10:43:12.000000Z", True)
        assert (await held.names()).count("target-breached") == 1


async def test_a_breach_becomes_certain_by_a_timer_not_by_the_next_fact(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, available(warn_at={"budget_consumed": ["50"]}))
        await held.measure({"indicator": UP, "at": "2026-11-05T10:00:00Z", "state": "down"})
        await held.settle("2026-11-05T10:43")
        assert await held.breaches() == []
        assert "target-at-risk" in await held.names()
        await held.settle("2026-11-05T10:43:12")
        (breach,) = await held.breaches()
        assert breach["certain_at"] == "2026-11-05T10:43:12.000000Z"
        assert (await held.names())[-2:] == ["target-breached", "risk-cleared"]


async def test_a_burn_rate_warns_before_the_budget_is_spent_and_clears_later(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, available("99.9", warn_at={"burn_rate": "default"}))
        await held.measure({"indicator": UP, "at": "2026-11-05T10:00:00Z", "state": "down"})
        # 14.4 × 0.1 % of an hour is 51.84 s of downtime: the first whole minute after it is 10:01.
        await held.settle("2026-11-05T10:01")
        (risk,) = [data for name, data in await held.published() if name == "target-at-risk"]
        assert (risk["cause"], risk["threshold"]) == ("burn_rate", "PT1H/PT5M@14.4")
        await held.measure({"indicator": UP, "at": "2026-11-05T10:02:00Z", "state": "up"})
        for minute in range(2, 9):
            await held.settle(f"2026-11-05T10:0{minute}")
        cleared = [data for name, data in await held.published() if name == "risk-cleared"]
        assert [data["outcome"] for data in cleared if data["threshold"] == "PT1H/PT5M@14.4"] == ["averted"]


async def test_a_late_fact_withdraws_a_breach_and_another_reinstates_it(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, available())
        await held.measure({"indicator": UP, "at": "2026-11-05T09:00:00Z", "state": "down", "id": "a"})
        await held.settle("2026-11-05T10:01")
        await held.measure({"indicator": UP, "at": "2026-11-05T09:10:00Z", "state": "up", "id": "b"})
        await held.settle()
        assert [each["standing"] for each in await held.breaches()] == [False]
        await held.measure(
            {"indicator": UP, "at": "2026-11-05T09:05:00Z", "state": "up", "id": "b", "revision": 1},
            outage("2026-11-05T09:10", "2026-11-05T09:59"),
        )
        await held.settle()
        (breach,) = await held.breaches()
        assert (breach["standing"], breach["revision"]) == (True, 1)
        names = [name for name in await held.names() if "breach" in name]
        assert names == ["target-breached", "breach-withdrawn", "target-breached"]
        ids = [data["breach_id"] for name, data in await held.published() if name == "target-breached"]
        assert len(set(ids)) == 1


async def test_a_window_closes_after_its_delay_and_a_late_fact_restates_it(database_url: str) -> None:
    target = available()
    async with monitor(database_url, "2026-11-30T23:00") as held:
        await ready(held, target)
        await held.settle("2026-12-01T00:09:59")
        assert "window-closed" not in await held.names()
        await held.settle("2026-12-01T00:10")
        november = (await held.windows(target["target_id"]))["2026-11"]
        assert (november["verdict"], november["figure"], november["revision"]) == ("met", "100/1", 0)
        await held.measure(outage("2026-11-20T00:00", "2026-11-20T10:00"))
        await held.settle()
        november = (await held.windows(target["target_id"]))["2026-11"]
        assert (november["verdict"], november["revision"]) == ("breached", 1)
        published = [
            (name, data) for name, data in await held.published() if name in ("target-breached", "window-restated")
        ]
        assert [name for name, _ in published] == ["target-breached", "window-restated"]
        assert published[0][1]["late"] is True
        assert published[1][1]["before"]["verdict"] == "met"


async def test_a_rolling_target_breaks_with_the_figure_and_recovers_by_time_alone(database_url: str) -> None:
    rolling = fast("90", {"rolling": "PT5M"}, warn_at={})
    async with monitor(database_url, "2026-11-05T10:00:30") as held:
        await ready(held, rolling)
        await held.measure(*values("2026-11-05T10:00", *[100.0] * 18, 900.0, 900.0))
        await held.settle()
        assert await held.breaches() == []
        await held.measure(*values("2026-11-05T10:01", 900.0))
        await held.settle("2026-11-05T10:01:30")
        (breach,) = await held.breaches()
        assert breach["certain_at"] == "2026-11-05T10:01:00.000000Z"
        assert breach["figure"] == "600/7"
        await held.settle("2026-11-05T10:05")
        assert (await held.breaches())[0]["recovered_at"] is None
        await held.settle("2026-11-05T10:06")
        assert (await held.breaches())[0]["recovered_at"] == "2026-11-05T10:06:00.000000Z"
        assert (await held.names()).count("target-recovered") == 1


async def test_a_monthly_share_is_at_risk_while_open_and_breached_at_close(database_url: str) -> None:
    month = fast("95")
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, month)
        await held.measure(*values("2026-11-05T10:00", *[100.0] * 9, 900.0))
        await held.settle()
        assert (await held.windows(month["target_id"]))["2026-11"]["verdict"] == "at_risk"
        await held.settle("2026-12-01T00:10")
        (breach,) = await held.breaches()
        assert (breach["figure"], breach["shortfall"], breach["certain_at"]) == (
            "90/1",
            "5/1",
            "2026-12-01T00:00:00.000000Z",
        )


async def test_terms_that_arrive_after_the_facts_judge_them_all_the_same(database_url: str) -> None:
    month, hour = fast("95"), fast("90", {"rolling": "PT1H"})
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await held.register(UP, "availability")
        await held.register(LATENCY, "value")
        await held.measure(outage("2026-11-05T08:00", "2026-11-05T09:00"), *values("2026-11-05T10:00", 100.0, 900.0))
        await held.settle()
        await held.save()
        await held.hear(finalized(available(), month, hour))
        await held.settle()
        assert [breach["target_key"] for breach in await held.breaches()] == ["availability", "fast-pt1h"]
        window = (await held.windows(month["target_id"]))["2026-11"]
        assert (window["good"], window["total"]) == (1, 2)


async def test_a_tickets_deadline_fires_without_another_event(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T09:00") as held:
        await ready(held, resolved())
        await held.ticket(
            {
                "source": "desk",
                "ticket": "1",
                "event": "opened",
                "at": "2026-11-02T09:00:00Z",
                "type": "incident",
                "priority": "P1",
            }
        )
        await held.settle("2026-11-02T12:59:59")
        assert await held.breaches() == []
        await held.settle("2026-11-02T13:00")
        (breach,) = await held.breaches()
        assert (breach["certain_at"], breach["ticket"]) == (
            "2026-11-02T13:00:00.000000Z",
            {"source": "desk", "number": "1"},
        )
        await held.ticket({"source": "desk", "ticket": "1", "event": "resolved", "at": "2026-11-02T12:00:00Z"})
        await held.settle()
        assert [each["standing"] for each in await held.breaches()] == [False]


async def test_an_import_is_judged_when_it_completes_and_says_so(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await ready(held, available(), resolved())
        import_id = await held.hold(UP, sources=["desk"])
        await held.measure(outage("2026-11-05T10:00", "2026-11-05T12:00"))
        for number in range(20):
            await held.ticket(
                {
                    "source": "desk",
                    "ticket": str(number),
                    "event": "opened",
                    "at": "2026-11-02T09:00:00Z",
                    "type": "incident",
                    "priority": "P1",
                }
            )
        await held.settle("2026-11-20T00:50")
        # The month goes on, so it is judged as always; clocks whose deadlines had passed wait.
        assert [breach["target_key"] for breach in await held.breaches()] == ["availability"]
        for number in range(10):
            await held.ticket(
                {"source": "desk", "ticket": str(number), "event": "resolved", "at": "2026-11-02T10:00:00Z"}
            )
        await held.release(import_id)
        await held.settle()
        breaches = await held.breaches()
        assert len(breaches) == 11
        assert sum(clock["state"] == "met" for clock in await held.clocks()) == 10
        async with held.database.read() as connection:
            assert (await connection.execute(text("SELECT state FROM import"))).scalar_one() == "judged"


async def test_a_restart_finds_everything_and_publishes_nothing_again(database_url: str) -> None:
    targets = [available(), fast("95"), fast("90", {"rolling": "PT1H"}), resolved()]
    async with ground(database_url, "2026-11-05T10:01") as where:
        async with judging(*where) as held:
            await ready(held, *targets)
            await held.measure(
                outage("2026-11-05T08:00", "2026-11-05T09:00"), *values("2026-11-05T10:00", 100.0, 900.0)
            )
            await held.ticket(
                {
                    "source": "desk",
                    "ticket": "1",
                    "event": "opened",
                    "at": "2026-11-05T01:00:00Z",
                    "type": "incident",
                    "priority": "P1",
                }
            )
            await held.settle()
            before = await held.published()
        async with judging(*where) as again:
            await again.settle()
            assert await again.published() == before
            await again.measure(*values("2026-11-05T10:00", 100.0, 900.0))
            await again.measure(*values("2026-11-05T10:00", 100.0, 900.0, 100.0, 100.0))
            await again.settle()
            await again.save()
            window = (await again.windows(targets[1]["target_id"]))["2026-11"]
            assert (window["good"], window["total"]) == (3, 4)


async def test_a_zombies_write_is_refused(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, available())
        zombie = held.judge._owned[0]
        await held.store.take_over(0)
        with pytest.raises(PartitionNotOwned):
            await held.store.commit(
                0, zombie.epoch, PartitionStepChanges(dict(zombie.positions), dict(zombie.positions))
            )


async def test_a_termination_ends_the_window_at_its_instant(database_url: str) -> None:
    target = available()
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, target)
        await held.hear(
            AgreementTerminated(
                agreement_id=AGREEMENT,
                version=1,
                provider_party_id=PROVIDER,
                customer_party_id=CUSTOMER,
                at="2026-11-09T00:00:00Z",
                reason="sold",
            )
        )
        await held.settle()
        (window,) = (await held.windows(target["target_id"])).values()
        assert (window["end_at"], window["verdict"]) == ("2026-11-09T00:00:00.000000Z", "met")


async def test_an_amendment_judges_the_next_window_and_leaves_this_one(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available("99.9"))
        await held.hear(finalized(available("90"), version=2, effective_at="2026-11-15T00:00:00Z"))
        await held.settle("2026-11-20T00:00")
        await held.measure(outage("2026-11-17T00:00", "2026-11-17T02:00"))
        await held.settle()
        (breach,) = await held.breaches()
        assert (breach["version"], breach["window_id"]) == (1, "2026-11")
        await held.settle("2026-12-10T00:00")
        await held.measure(outage("2026-12-02T00:00", "2026-12-02T02:00"))
        await held.settle()
        assert len(await held.breaches()) == 1


async def test_rows_that_arrive_on_another_partition_are_passed_on(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available(), fast("95"))
        mixed = [outage("2026-11-05T10:00", "2026-11-05T12:00"), *values("2026-11-05T10:00", 100.0)]
        body = json.dumps([{**item, "owner": PROVIDER} for item in mixed]).encode()
        for partition in (0, 1):
            await held.log.append("slm.measurements", [Record("any", body, {"ce_source": "/gateway"})], partition)
        await held.settle()
        async with held.database.read() as connection:
            forwarded = (
                await connection.execute(
                    text("SELECT topic, partition, key, value FROM outbox WHERE topic LIKE '%measure%'")
                )
            ).all()
        for _, partition, key, value in forwarded:
            record = Record(key, value, {"content-type": "application/vnd.slm.intake+msgpack"})
            await held.log.append("slm.measurements", [record], partition)
        await held.settle()
        await held.save()
        assert len(await held.breaches()) == 1
        window = (await held.windows(fast("95")["target_id"]))["2026-11"]
        assert (window["good"], window["total"]) == (1, 1)
