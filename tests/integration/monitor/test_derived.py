"""Derived targets with members in other partitions: evaluated once all facts are in, in any order of arrival."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_monitor.domain.terms.terms import TermsNotEvaluable
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, available, fast, finalized

HOSTS = [f"host-{number}" for number in range(4)]


def host(key: str, at_least: str = "99.9", **more: Any) -> dict[str, Any]:
    return {
        **available(at_least, **more),
        "key": key,
        "target_id": named_id(PROVIDER, "target", "derived", key),
        "indicator": {"owner_party_id": PROVIDER, "key": key},
    }


def composite(of: str, rule: Any, members: list[dict[str, Any]], at_least: str = "99.9", **more: Any) -> dict[str, Any]:
    return {
        **available(at_least, **more),
        "key": f"all-{of}",
        "target_id": named_id(PROVIDER, "target", "derived", of),
        "indicator": None,
        "aggregation": {"composite": {"of": of, "rule": rule, "members": members}},
    }


def by_indicator(*keys: str) -> list[dict[str, Any]]:
    return [{"indicator": {"owner_party_id": PROVIDER, "key": key}} for key in keys]


def by_target(*keys: str, **weights: str) -> list[dict[str, Any]]:
    return [{"target": key, "weight": weights.get(key.replace("-", "_"), "1")} for key in keys]


async def ready(held: Monitor, *targets: dict[str, Any], **changed: Any) -> None:
    for key in HOSTS:
        await held.register(key, "availability")
    await held.hear(finalized(*targets, **changed))
    await held.settle()


async def down(held: Monitor, key: str, start: str, end: str, **more: Any) -> None:
    await held.measure({"indicator": key, "outage": {"from": f"{start}:00Z", "to": f"{end}:00Z"}, **more})
    await held.settle()


async def window(held: Monitor, of: str, window_id: str = "2026-11") -> dict[str, Any]:
    return (await held.windows(named_id(PROVIDER, "target", "derived", of)))[window_id]


async def breaches_of(held: Monitor, of: str) -> list[dict[str, Any]]:
    target = named_id(PROVIDER, "target", "derived", of)
    return [breach for breach in await held.breaches() if breach["target_id"] == target]


async def test_two_of_three_hosts_carry_the_service_through_an_outage_of_one(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, composite("states", {"k_of_n": 2}, by_indicator(*HOSTS[:3])))
        await down(held, HOSTS[0], "2026-11-05T10:00", "2026-11-05T14:00")
        assert (await window(held, "states"))["figure"] == "100/1"
        await down(held, HOSTS[2], "2026-11-05T13:00", "2026-11-05T15:00")
        (breach,) = await breaches_of(held, "states")
        # From 13:00 to 14:00 only one was up; 0.1 % of the month is 43.2 minutes.
        assert breach["certain_at"] == "2026-11-05T13:43:12.000000Z"


async def test_a_serial_chain_breaches_on_a_timer_when_its_members_add_up(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, composite("states", "serial", by_indicator(*HOSTS)))
        await down(held, HOSTS[0], "2026-11-02T10:00", "2026-11-02T10:30")
        await held.measure({"indicator": HOSTS[3], "at": "2026-11-05T10:00:00Z", "state": "down"})
        await held.settle("2026-11-05T10:13")
        assert await breaches_of(held, "states") == []
        await held.settle("2026-11-05T10:13:12")
        (breach,) = await breaches_of(held, "states")
        assert breach["certain_at"] == "2026-11-05T10:13:12.000000Z"


async def test_all_of_the_members_targets_have_to_be_met(database_url: str) -> None:
    members = [host(key, "99") for key in HOSTS[:3]]
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, composite("verdicts", "all_of", by_target(*HOSTS[:3])), *members)
        assert (await window(held, "verdicts"))["verdict"] == "met"
        await down(held, HOSTS[1], "2026-11-05T00:00", "2026-11-05T10:00", id="o")
        (member,) = [each for each in await held.breaches() if each["target_key"] == HOSTS[1]]
        (breach,) = await breaches_of(held, "verdicts")
        assert breach["certain_at"] == member["certain_at"]
        await down(held, HOSTS[1], "2026-11-05T00:00", "2026-11-05T01:00", id="o", revision=1)
        assert [each["standing"] for each in await breaches_of(held, "verdicts")] == [False]


async def test_a_weighted_mean_of_figures_is_established_when_the_members_have_closed(database_url: str) -> None:
    members = [host(HOSTS[0], "90"), host(HOSTS[1], "90")]
    made = composite("figures", "weighted_mean", by_target(*HOSTS[:2], host_0="3"), "99")
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, made, *members)
        # 72 hours of the month are a tenth of it, which weighs a quarter: 97.5 %.
        await down(held, HOSTS[1], "2026-11-02T00:00", "2026-11-05T00:00")
        await held.settle("2026-12-02T00:00")
        closed = await window(held, "figures")
        assert (closed["figure"], closed["verdict"]) == ("195/2", "breached")
        names = [(name, data["target_key"]) for name, data in await held.published() if name == "window-closed"]
        assert names.index(("window-closed", "all-figures")) > names.index(("window-closed", HOSTS[1]))
        assert "window-restated" not in await held.names()


async def test_a_late_fact_restates_the_member_and_what_is_made_of_it(database_url: str) -> None:
    members = [host(HOSTS[0], "90"), host(HOSTS[1], "90")]
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, composite("figures", "missing_sum", by_target(*HOSTS[:2]), "99"), *members)
        await held.settle("2026-12-02T00:00")
        await down(held, HOSTS[1], "2026-11-02T00:00", "2026-11-05T00:00")
        restated = [data["target_key"] for name, data in await held.published() if name == "window-restated"]
        assert sorted(restated) == ["all-figures", HOSTS[1]]
        assert (await window(held, "figures"))["figure"] == "90/1"


async def test_a_restart_in_between_loses_no_news_and_tells_nothing_twice(database_url: str) -> None:
    members = [host(key, "99") for key in HOSTS[:2]]
    targets = [composite("verdicts", "all_of", by_target(*HOSTS[:2])), *members]
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, *targets)
            await held.measure(
                {
                    "indicator": HOSTS[1],
                    "outage": {"from": "2026-11-05T00:00:00Z", "to": "2026-11-05T10:00:00Z"},
                }
            )
            # One turn: the member is judged, what is made of it has not heard yet.
            await held.judge.step(0.0)
        async with judging(database, log, clock) as again:
            await again.settle()
            assert len(await breaches_of(again, "verdicts")) == 1
            told = await again.published()
        async with judging(database, log, clock) as third:
            await third.settle()
            assert await third.published() == told


async def test_a_composite_of_values_follows_figures_saved_only_at_checkpoints(database_url: str) -> None:
    made = composite("figures", "weighted_mean", by_target("fast-month", HOSTS[0]), "50")
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await held.register("payments.checkout-latency", "value")
        await ready(held, made, fast(), host(HOSTS[0]))
        await held.measure(
            *(
                {"indicator": "payments.checkout-latency", "at": f"2026-11-05T00:00:0{second}Z", "value": value}
                for second, value in enumerate((100, 400))
            )
        )
        await held.settle()
        await held.save()
        await held.settle()
        assert (await window(held, "figures"))["figure"] == "75/1"


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (composite("states", "serial", []), "members"),
        (composite("feelings", "serial", by_indicator("a")), "states, figures or verdicts"),
        (composite("states", {"k_of_n": 3}, by_indicator("a", "b")), "k from 1 to 2"),
        (composite("figures", "serial", by_target(HOSTS[0])), "weighted_mean"),
        (composite("verdicts", "all_of", by_target("unheard-of")), "another target"),
        (composite("verdicts", "all_of", by_target("all-verdicts")), "another target"),
        (composite("verdicts", "all_of", by_target(HOSTS[0]), window="day"), "same window"),
        (composite("figures", "missing_sum", by_target("a")) | {"window": {"rolling": "PT1H"}}, "calendar window"),
    ],
)
async def test_a_composite_that_means_nothing_is_not_taken_up(
    database_url: str, made: dict[str, Any], complaint: str
) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        with pytest.raises(TermsNotEvaluable, match=complaint):
            await held.hear(finalized(made, host(HOSTS[0])))
