"""States, corrections, retractions and exclusions in any order, across restarts: the same windows and breaches."""

from __future__ import annotations

import random
from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_events.instants import to_text
from slm_monitor.adapters.commands.sql_exclusions import SqlExclusions
from slm_monitor.application.commands import exclusions
from slm_monitor.application.commands.exclusions import ExclusionRequest
from slm_monitor.domain.exclusions.exclusion_workflow import ActingParty
from tests.support import grouped
from tests.support.judged import Monitor, ground, judging
from tests.support.monitor import AGREEMENT, CUSTOMER, HOUR, PROVIDER, at, available, finalized
from tests.support.monitor_service import migrated_database

KEYS = ["any.a", "any.b", "any.c"]
START = at("2026-11-01T00:00")


def target(key: str, indicator: str | None, at_least: str = "97", **more: Any) -> dict[str, Any]:
    document = {
        **available(at_least),
        "key": key,
        "target_id": named_id(PROVIDER, "target", "any", key),
        "indicator": None if indicator is None else {"owner_party_id": PROVIDER, "key": indicator},
    }
    return {**document, **more}


def composite(key: str, of: str, rule: Any, members: list[dict[str, Any]]) -> dict[str, Any]:
    return target(key, None, aggregation={"composite": {"of": of, "rule": rule, "members": members}})


TARGETS = [
    target("weighted", KEYS[0], degraded={"weight": "1/3"}, unacceptable={"at_least": "90"}),
    target("business", KEYS[1], service_hours="business", planned_downtime="excused", unknown="down"),
    target(
        "outages",
        KEYS[0],
        aggregation={"outages": {"at_least": "PT2H"}},
        objective={"at_most": "3", "unit": "count"},
        planned_downtime="removed",
    ),
    target("rolling", KEYS[2], "80", window={"rolling": "P1D"}, service_hours="business"),
    composite(
        "two-of-three",
        "states",
        {"k_of_n": 2},
        [{"indicator": {"owner_party_id": PROVIDER, "key": key}} for key in KEYS],
    ),
    composite("both", "verdicts", "all_of", [{"target": "weighted"}, {"target": "business"}]),
    composite("mean", "figures", "weighted_mean", [{"target": "weighted", "weight": "2"}, {"target": "two-of-three"}]),
]


def history(seeded: random.Random) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for number in range(70):
        instant = START + seeded.randrange(24 * 24) * HOUR
        item: dict[str, Any] = {"indicator": seeded.choice(KEYS), "id": f"f{seeded.randrange(50)}", "revision": number}
        kind = seeded.random()
        if kind < 0.1:
            item = {"indicator": item["indicator"], "retract": f"f{seeded.randrange(50)}", "revision": number}
        elif kind < 0.4:
            ends = instant + seeded.randrange(1, 10) * HOUR
            item["outage"] = {"from": to_text(instant), "to": to_text(ends)}
        else:
            item |= {"at": to_text(instant), "state": seeded.choice(["up", "up", "down", "degraded", "unknown"])}
        items.append(item)
    return items


async def exclude(held: Monitor, number: int, seeded: random.Random) -> None:
    start = START + seeded.randrange(24 * 24) * HOUR
    wanted = ExclusionRequest(
        AGREEMENT, seeded.choice(["planned", "claim"]), "why", interval=(start, start + 5 * HOUR), announced_at=START
    )
    async with held.database.begin() as transaction:
        register, name = SqlExclusions(transaction), named_id(AGREEMENT, "exclusion", number)
        await exclusions.request_exclusion(register, wanted, name, ActingParty(PROVIDER, "p"), transaction.now)
        await exclusions.decide_exclusion(register, name, "approved", ActingParty(CUSTOMER, "c"), "", transaction.now)


async def outcome(url: str, seed: int, order: random.Random | None) -> dict[str, Any]:
    items, excluding = history(random.Random(seed)), list(range(4))
    async with ground(url, "2026-11-26T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            for key in KEYS:
                await held.register(key, "availability")
            terms = finalized(*TARGETS, planned_maintenance={"cap": {"hours": "8", "per": "month"}})
            if order is None:
                await held.hear(terms)
            else:
                order.shuffle(items)
                order.shuffle(excluding)
            half = len(items) // 2
            await held.measure(*items[:half])
            if order is not None:
                # The agreement comes to measurements that are there.
                await held.settle()
                await held.hear(terms)
            for number in excluding[:2]:
                await exclude(held, number, random.Random(seed * 10 + number))
            await held.settle()
            for item in items[half:] if order is not None else ():
                await held.measure(item, item)
                if order is not None and order.random() < 0.3:
                    await held.settle()
                    if order.random() < 0.5:
                        await grouped.regrouped(held)
        async with judging(database, log, clock) as again:
            await again.measure(*items[half:])
            for number in excluding[2:]:
                await exclude(again, number, random.Random(seed * 10 + number))
            await again.settle()
            await again.settle("2026-12-02T00:00")
            windows = {
                (each["key"], name): (row["verdict"], row["figure"], row["good"], row["total"], _told(row["detail"]))
                for each in TARGETS
                for name, row in (await again.windows(each["target_id"])).items()
            }
            breaches = {
                each["breach_id"]: (each["target_key"], each["certain_at"], each["figure"], each["recovered_at"])
                for each in await again.breaches()
                if each["standing"]
            }
            await grouped.regrouped(again)
            causes = {
                each["cause_id"]: (each["start_at"], each["end_at"], each["breach_ids"], each["about"])
                for each in await grouped.causes(again.database)
            }
            restated = [data["target_key"] for name, data in await again.published() if name == "window-restated"]
            return {"windows": windows, "breaches": breaches, "causes": causes, "restated": restated}


def _told(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name not in ("projected_at", "burn_rate")}


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_gives_the_same_windows_and_breaches(postgres: object, seed: int) -> None:
    expected = await outcome(await migrated_database(), seed, None)
    assert expected["windows"] and expected["causes"] and expected["restated"] == []
    assert await outcome(await migrated_database(), seed, random.Random(seed)) == expected
