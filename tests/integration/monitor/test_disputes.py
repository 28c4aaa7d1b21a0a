"""Disputes decided in reviews: what is upheld withdraws the breach and restates its window, else it is confirmed."""

from __future__ import annotations

from typing import Any, Literal

from slm_chassis.access import Principal
from slm_events.review import BreachDisputed, DisputeDecided
from slm_monitor.adapters.commands.breach_workflows import BreachQueries
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.explain import explanation
from slm_monitor.application.explain.explanation import ExplanationQuestion
from slm_monitor.application.history.fact_history import TargetIdentity
from tests.support.judged import PARTITIONS, Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, CUSTOMER, PROVIDER, at, available, fast, finalized, resolved

UP, LATENCY = "payments.checkout", "payments.checkout-latency"
TARGET = available()["target_id"]
CALLER = Principal("p", PROVIDER, "p", frozenset())


def named(breach: dict[str, Any]) -> dict[str, Any]:
    return {
        "dispute_id": breach["breach_id"],
        "review_id": None,
        "breach_id": breach["breach_id"],
        "revision": breach["revision"],
        "agreement_id": AGREEMENT,
        "target_id": breach["target_id"],
        "target_key": breach["target_key"],
        "window_id": breach["window_id"],
        "provider_party_id": PROVIDER,
        "customer_party_id": CUSTOMER,
        "reason": "the probe stood behind a broken switch",
    }


async def disputed(held: Monitor, breach: dict[str, Any]) -> None:
    by: dict[str, Any] = {"by_party_id": PROVIDER, "by_principal_id": "p", "by_name": "Ada"}
    await held.decided(BreachDisputed(**named(breach), **by, disputed_at="2026-12-03T00:00:00Z"))


async def decided(held: Monitor, breach: dict[str, Any], decision: Literal["upheld", "rejected"]) -> None:
    by = [{"party_id": CUSTOMER, "principal_id": "c", "name": "Ben", "at": "2026-12-04T00:00:00Z"}]
    await held.decided(
        DisputeDecided(**named(breach), decision=decision, decided_by=by, decided_at="2026-12-04T00:00:00Z")
    )


async def life(held: Monitor, breach: dict[str, Any]) -> dict[str, Any]:
    found = await BreachQueries(held.database).one(CALLER, breach["breach_id"])
    assert found is not None
    return dict(found[0]["life"])


async def breached(held: Monitor, until: str) -> dict[str, Any]:
    await held.register(UP, "availability")
    await held.hear(finalized(available()))
    await held.measure({"indicator": UP, "outage": {"from": "2026-11-05T10:00:00Z", "to": "2026-11-05T12:00:00Z"}})
    await held.settle(until)
    (breach,) = await held.breaches()
    return breach


async def test_a_dispute_that_is_upheld_withdraws_the_breach_and_restates_the_window(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T00:00") as held:
        breach = await breached(held, "2026-12-03T00:00")
        figure = (await held.windows(TARGET))["2026-11"]["figure"]
        await disputed(held, breach)
        assert (await life(held, breach))["state"] == "disputed"
        await decided(held, breach, "upheld")
        told = dict((await held.published())[-2:])
        assert (told["breach-withdrawn"]["cause"], told["window-restated"]["cause"]) == ("dispute", "dispute")
        assert (told["window-restated"]["verdict"], told["window-restated"]["figure"]) == ("met", figure)
        after = await life(held, breach)
        assert (after["state"], after["disputes"][0]["state"]) == ("withdrawn", "upheld")


async def test_a_dispute_that_is_rejected_confirms_the_breach(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T00:00") as held:
        breach = await breached(held, "2026-12-03T00:00")
        await disputed(held, breach)
        await decided(held, breach, "rejected")
        after = await life(held, breach)
        assert (after["state"], [step["step"] for step in after["steps"]]) == ("confirmed", ["dispute", "confirm"])
        assert [each["standing"] for each in await held.breaches()] == [True]
        assert not {"window-restated", "breach-withdrawn"} & set(await held.names())


async def test_what_was_decided_stays_decided_after_a_restart_and_with_more_facts(database_url: str) -> None:
    async with ground(database_url, "2026-11-20T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            breach = await breached(held, "2026-11-21T00:00")
            await decided(held, breach, "upheld")
            assert [each["standing"] for each in await held.breaches()] == [False]
        async with judging(database, log, clock) as again:
            more = {"from": "2026-11-06T10:00:00Z", "to": "2026-11-06T12:00:00Z"}
            await again.measure({"indicator": UP, "outage": more})
            await again.settle("2026-12-03T00:00")
            assert [each["standing"] for each in await again.breaches()] == [False]
            assert (await again.windows(TARGET))["2026-11"]["verdict"] == "met"


async def test_of_a_rolling_target_only_the_run_that_was_disputed_is_withdrawn(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T09:00") as held:
        await held.register(LATENCY, "value")
        await held.hear(finalized(fast(window={"rolling": "PT1H"})))
        for hour in ("09", "12"):
            values = [{"indicator": LATENCY, "at": f"2026-11-20T{hour}:30:{n:02}Z", "value": 900} for n in range(20)]
            await held.settle(f"2026-11-20T{hour}:31")
            await held.measure(*values)
            await held.settle(f"2026-11-20T{hour}:40")
        first, second = await held.breaches()
        await decided(held, second, "upheld")
        assert [each["standing"] for each in await held.breaches()] == [True, False]
        await held.settle("2026-11-20T14:00")
        assert [(each["breach_id"], each["standing"]) for each in await held.breaches()] == [
            (first["breach_id"], True),
            (second["breach_id"], False),
        ]


async def explained(held: Monitor, target: dict[str, Any], instant: str) -> dict[str, Any]:
    record = SqlHistory(held.database, held.store, PARTITIONS)
    asked = ExplanationQuestion(target["window"]["rolling"], at(f"2026-11-20T{instant}"))
    return await explanation.explain_window(
        record, TargetIdentity(AGREEMENT, target["target_id"]), asked, held.clock.now()
    )


async def test_an_overturned_rolling_run_is_explained_in_every_minute_and_derived_target(
    database_url: str,
) -> None:
    single = fast(window={"rolling": "PT1H"}, unacceptable={"at_least": "10"})
    both = {
        **fast("100", {"rolling": "PT1H"}),
        "key": "both",
        "target_id": "both",
        "indicator": None,
        "aggregation": {
            "composite": {"of": "verdicts", "rule": "all_of", "members": [{"target": single["key"]}, {"target": "up"}]}
        },
    }
    up = {**available("90"), "window": {"rolling": "PT1H"}, "key": "up", "target_id": "up"}
    async with monitor(database_url, "2026-11-20T09:00") as held:
        await held.register(LATENCY, "value")
        await held.register(UP, "availability")
        await held.hear(finalized(single, up, both))
        for hour in ("09", "12"):
            await held.settle(f"2026-11-20T{hour}:31")
            await held.measure({"indicator": LATENCY, "at": f"2026-11-20T{hour}:30:00Z", "value": 900})
            await held.settle()
        await held.settle("2026-11-20T12:50")
        both_missed = [each for each in await held.breaches() if each["target_key"] == "both"]
        mine = [each for each in await held.breaches() if each["target_id"] == single["target_id"]]
        assert (len(both_missed), len(mine)) == (2, 4)
        for level in ("objective", "unacceptable"):
            await decided(held, next(each for each in mine[2:] if each["level"] == level), "upheld")
        assert [each["standing"] for each in await held.breaches() if each["target_key"] == "both"] == [True, False]
        for instant, verdict, levels in (("09:40", "breached", None), ("12:31", "met", ["objective", "unacceptable"])):
            told = await explained(held, single, instant)
            assert (told["verdict"], told.get("overturned")) == (verdict, levels)
            assert (await explained(held, both, instant))["verdict"] == verdict


async def test_a_tickets_breach_that_was_none_counts_as_met(database_url: str) -> None:
    compliance = {
        **available(at_least="95"),
        "target_id": "kept",
        "key": "kept",
        "indicator": None,
        "aggregation": {"compliance": "p1-resolution"},
    }
    async with monitor(database_url, "2026-11-20T09:00") as held:
        await held.hear(finalized(resolved(), compliance))
        await held.settle()
        opened = {
            "source": "itsm",
            "ticket": "INC-1",
            "at": "2026-11-20T09:00:00Z",
            "event": "opened",
            "type": "incident",
            "priority": "P1",
        }
        await held.ticket(opened)
        await held.settle("2026-11-20T14:00")
        assert (await held.windows("kept"))["2026-11"]["figure"] == "0/1"
        breach = next(each for each in await held.breaches() if each["target_key"] == "p1-resolution")
        await decided(held, breach, "upheld")
        assert [each["standing"] for each in await held.breaches()] == [False]
        assert (await held.windows("kept"))["2026-11"]["figure"] == "100/1"


async def test_a_dispute_decided_during_an_import_is_named_as_its_cause(database_url: str) -> None:
    async with ground(database_url, "2026-11-20T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            breach = await breached(held, "2026-12-03T00:00")
            held_up = await held.hold(UP)
            await decided(held, breach, "upheld")
            assert "breach-withdrawn" not in await held.names()
        async with judging(database, log, clock) as again:
            await again.release(held_up)
            await again.settle()
            told = dict((await again.published())[-3:])
            assert (told["breach-withdrawn"]["cause"], told["window-restated"]["cause"]) == ("dispute", "dispute")
