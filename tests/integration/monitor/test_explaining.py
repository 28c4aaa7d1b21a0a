"""Derivations: the published figure, calculated again from the record so that a person can repeat it."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from sqlalchemy import text

from slm_calendar import durations
from slm_chassis.identity import named_id
from slm_monitor.adapters.commands.sql_exclusions import SqlExclusions
from slm_monitor.adapters.commands.sql_terms import SqlIndicators
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.commands import exclusions
from slm_monitor.application.commands.exclusions import ExclusionRequest
from slm_monitor.application.explain import explanation, explanation_text
from slm_monitor.application.explain.explanation import ExplanationQuestion, NoSuchWindow
from slm_monitor.application.history.fact_history import TargetIdentity
from slm_monitor.domain.exclusions.exclusion_workflow import ActingParty
from slm_monitor.domain.facts.intake_items import Indicator
from tests.support.judged import PARTITIONS, Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, CUSTOMER, HOUR, PROVIDER, at, available, fast, finalized
from tests.support.monitor_service import migrated_database

UP, LATENCY, SHARES, ERRORS = "payments.checkout", "payments.checkout-latency", "payments.shares", "payments.errors"
MONTH, SHARE, ROLLING = available(), fast("90"), fast("90", {"rolling": "PT1H"})


def down(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"indicator": UP, "outage": {"from": f"2026-11-{start}:00Z", "to": f"2026-11-{end}:00Z"}, **more}


def value(instant: str, measured: float, **more: Any) -> dict[str, Any]:
    return {"indicator": LATENCY, "at": f"2026-11-{instant}Z", "value": measured, **more}


async def explained(
    held: Monitor,
    target: dict[str, Any],
    window: str = "2026-11",
    instant: str | None = None,
    known_at: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    record = SqlHistory(held.database, held.store, PARTITIONS)
    asked = ExplanationQuestion(
        window, None if instant is None else at(instant), None if known_at is None else at(known_at)
    )
    return await explanation.explain_window(
        record, TargetIdentity(AGREEMENT, target["target_id"], **more), asked, held.clock.now()
    )


async def agreed(held: Monitor, *targets: dict[str, Any], **changed: Any) -> None:
    await held.register(UP, "availability")
    await held.register(LATENCY, "value")
    await held.hear(finalized(*targets, **changed))
    await held.settle()


async def test_every_interval_of_a_month_names_its_facts_and_adds_up(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T10:00") as held:
        await agreed(held, MONTH)
        await held.measure(down("03T10:00", "03T10:20", id="o1", source="probe"), down("09T01:00", "09T02:00", id="o2"))
        await held.measure({"indicator": UP, "at": "2026-11-10T00:00:00Z", "state": "unknown", "id": "s1"})
        await held.measure({"indicator": UP, "at": "2026-11-10T06:00:00Z", "state": "up", "id": "s2"})
        await held.settle("2026-12-01T00:11")
        told = await explained(held, MONTH)
        window = (await held.windows(MONTH["target_id"]))["2026-11"]
        assert (told["figure"], told["verdict"]) == (window["figure"], window["verdict"])
        assert told["verdict"] == "breached"
        lines = [
            (each["state"], each["cause"], each["until"], each["facts"]) for each in told["derivation"]["intervals"]
        ]
        assert lines == [
            ("up", "the state before the window", "fact probe/o1", []),
            ("down", "fact probe/o1", "end of the outage probe/o1", ["probe/o1"]),
            ("up", "end of the outage probe/o1", "fact o2", []),
            ("down", "fact o2", "end of the outage o2", ["o2"]),
            ("up", "end of the outage o2", "fact s1", []),
            ("unknown", "fact s1", "fact s2", ["s1"]),
            ("up", "fact s2", "the window ends", ["s2"]),
        ]
        spent = {"up": 0, "down": 0, "removed": 0}
        for each in told["derivation"]["intervals"]:
            spent[each["counts_as"]] += durations.from_iso(each["service_time"])
        assert {name: told["derivation"]["sums"][name] for name in ("up", "down")} == {
            "up": spent["up"],
            "down": spent["down"],
        }
        assert told["budget"]["left"] == f"{(30 * 24 - 6) * 3600 * 1000 - spent['down']}/1"


async def test_a_share_is_explained_by_its_sums(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await agreed(held, SHARE)
        await held.measure(*[value(f"04T10:0{n}:00", 100 + 50 * n) for n in range(8)])
        await held.settle()
        await held.save()
        await held.measure(value("05T09:00:00", 500))
        await held.settle()
        told = await explained(held, SHARE)
        assert (told["figure"], told["verdict"]) == ("500/9", "at_risk")
        assert told["derivation"]["sums"] == {
            "good": 5,
            "bad": 4,
            "total": 9,
            # 10:00 to 11:07 on 4 November and 09:00 to 10:00 on 5 November: 129 of the 6,361 minutes until then.
            "coverage_percent": "12900/6361",
            "outside_service_hours": 0,
            "excluded": 0,
        }
        assert [(each["from"][8:13], each["good"], each["total"]) for each in told["derivation"]["intervals"]] == [
            ("04T10", 5, 8),
            ("05T09", 0, 1),
        ]


async def test_a_rolling_window_is_explained_at_an_instant(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:30") as held:
        await agreed(held, ROLLING)
        await held.measure(*[value(f"05T10:0{n}:00", 500 if n < 2 else 100) for n in range(8)])
        await held.settle()
        (row,) = (await held.windows(ROLLING["target_id"])).values()
        told = await explained(held, ROLLING, "PT1H", "2026-11-05T10:30")
        assert (told["figure"], told["verdict"]) == (row["figure"], row["verdict"]) == ("75/1", "breached")
        later = await explained(held, ROLLING, "PT1H", "2026-11-05T11:01:30")
        assert (later["window"]["from"], later["figure"]) == ("2026-11-05T10:02:00.000000Z", "100/1")


async def test_a_rolling_availability_is_explained_to_the_minute(database_url: str) -> None:
    rolling = {**available("99"), "window": {"rolling": "PT2H"}}
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await agreed(held, rolling)
        await held.measure(down("05T09:30", "05T09:45", id="o1"))
        for instant in ("2026-11-05T10:00", "2026-11-05T11:35", "2026-11-05T11:46"):
            await held.settle(instant)
            (row,) = (await held.windows(rolling["target_id"])).values()
            told = await explained(held, rolling, "PT2H", instant)
            assert (told["figure"], told["verdict"]) == (row["figure"], row["verdict"])
        assert told["window"]["from"] == "2026-11-05T09:46:00.000000Z"


async def test_an_amended_window_is_explained_by_the_terms_of_its_start(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T10:00") as held:
        await agreed(held, MONTH)
        await held.hear(finalized(available("95"), version=2, effective_at="2026-11-15T00:00:00Z"))
        await held.settle("2026-12-02T00:00")
        november, december = await explained(held, MONTH), await explained(held, MONTH, "2026-12")
        assert [each["agreement_version"] for each in (november, december)] == [1, 2]
        assert [each["terms"]["objective"]["at_least"] for each in (november, december)] == ["99.9", "95"]


@pytest.mark.parametrize("window", ["2026-10", "2027-01", "2026-W47"])
async def test_a_window_that_the_target_has_not_is_not_found(window: str, database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T10:00") as held:
        await agreed(held, MONTH)
        with pytest.raises(NoSuchWindow):
            await explained(held, MONTH, window)


async def test_the_order_of_arrival_changes_no_byte(postgres: object) -> None:
    facts = [down(f"{day:02}T10:00", f"{day:02}T1{day % 4 + 1}:00", id=f"o{day}") for day in range(2, 9)]
    facts += [value(f"{day:02}T10:{minute:02}:00", 200 + 10 * minute) for day in range(2, 9) for minute in range(15)]
    told = set()
    for seed in range(3):
        random.Random(seed).shuffle(facts)
        async with monitor(await migrated_database(), "2026-11-20T10:00") as held:
            await agreed(held, MONTH, SHARE)
            for number in range(0, len(facts), 10):
                await held.measure(*facts[number : number + 10], *facts[:seed])
                await held.settle()
                if seed and number % 30 == 0:
                    await held.save()
            await held.settle("2026-12-02T00:00")
            answers = [await explained(held, target) for target in (MONTH, SHARE)]
            told.add(json.dumps(answers) + "".join(explanation_text.format_explanation(each) for each in answers))
    assert len(told) == 1


async def test_a_correction_leaves_the_past_as_it_was_known(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await agreed(held, MONTH, SHARE)
        await held.measure(down("03T10:00", "03T11:00", id="o1"), value("03T10:00:00", 500))
        await held.settle()
        await held.settle("2026-11-06T10:00")
        await held.measure(down("03T10:00", "03T10:10", id="o1", revision=1), value("03T10:01:00", 100))
        await held.settle()
        before = await explained(held, MONTH, known_at="2026-11-06T09:59")
        after = await explained(held, MONTH, known_at="2026-11-06T10:00")
        assert [each["derivation"]["sums"]["down"] for each in (before, after)] == [3600 * 10**6, 600 * 10**6]
        shares = [await explained(held, SHARE, known_at=f"2026-11-06T{hour}:00") for hour in ("09", "10")]
        assert [each["derivation"]["sums"]["total"] for each in shares] == [1, 2]


async def excluded(held: Monitor, start: str, end: str, **more: Any) -> str:
    """An exclusion that the other party approved."""
    name = named_id(AGREEMENT, "exclusion", start, end)
    wanted = ExclusionRequest(
        AGREEMENT, more.pop("kind", "force_majeure"), "a storm", interval=(at(start), at(end)), **more
    )
    async with held.database.begin() as transaction:
        register, now = SqlExclusions(transaction), transaction.now
        await exclusions.request_exclusion(register, wanted, name, ActingParty(PROVIDER, "p"), now)
        await exclusions.decide_exclusion(register, name, "approved", ActingParty(CUSTOMER, "c"), "", now)
    await held.settle()
    return name


async def test_excluded_time_is_named_and_known_from_its_decision_on(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await agreed(held, MONTH)
        await held.measure(down("03T10:00", "03T12:00", id="o1"))
        await held.settle()
        await held.settle("2026-11-06T10:00")
        name = await excluded(held, "2026-11-03T11:00", "2026-11-03T13:00")
        before, after = await explained(held, MONTH, known_at="2026-11-06T09:59"), await explained(held, MONTH)
        assert (before["exclusions"], before["derivation"]["sums"]["down"]) == ([], 2 * HOUR)
        assert after["exclusions"][0]["exclusion_id"] == name
        told = [(each["state"], each["counts_as"], each["cause"]) for each in after["derivation"]["intervals"]]
        assert told[1:4] == [
            ("down", "down", "fact o1"),
            ("down", "excluded", f"exclusion {name}"),
            ("up", "excluded", "end of the outage o1"),
        ]
        assert after["derivation"]["sums"]["down"] == after["derivation"]["sums"]["excluded"] // 2 == HOUR


def judged_by(aggregation: Any, objective: dict[str, str], indicator: str, **more: Any) -> dict[str, Any]:
    name = aggregation if isinstance(aggregation, str) else next(iter(aggregation))
    return {
        **available(**more),
        "key": name,
        "objective": objective,
        "target_id": named_id(PROVIDER, "target", name),
        "aggregation": aggregation,
        "indicator": {"owner_party_id": PROVIDER, "key": indicator},
    }


def value_target(aggregation: Any, **objective: str) -> dict[str, Any]:
    return judged_by(aggregation, objective, LATENCY)


SLICED = {"time_slices": {"width": "PT1H", "good_if": "0.5", "budget": "slices"}}
KINDS = [
    available(),
    available("99", unknown="down", degraded="down"),
    available("99", unacceptable={"at_least": "50"}),
    available("99", service_hours="business", planned_downtime="excused"),
    available("99", degraded={"weight": "0.5"}),
    fast("90"),
    fast("90", service_hours="business"),
    fast("50", planned_downtime="excused"),
    fast("90", unacceptable={"at_least": "20"}),
    value_target({"quantile": "0.5"}, at_most="300"),
    value_target("mean", at_most="310.5"),
    value_target("max", at_most="400"),
    value_target("min", at_least="3"),
    judged_by("ratio", {"at_least": "60"}, SHARES),
    judged_by("ratio", {"at_most": "40"}, SHARES),
    judged_by("count", {"at_most": "20"}, ERRORS),
    judged_by({"count": {"category": "A"}}, {"at_most": "20"}, ERRORS),
    judged_by(SLICED, {"at_least": "90"}, SHARES, service_hours="business"),
    judged_by(SLICED, {"at_least": "90"}, SHARES, no_data="bad"),
    judged_by({"outages": {"at_least": "PT20M"}}, {"at_most": "15"}, UP, service_hours="business"),
    judged_by({"outages": {"at_least": "PT30M"}}, {"at_most": "90"}, UP, unacceptable={"at_most": "95"}),
]


@pytest.mark.parametrize("number", range(len(KINDS)))
async def test_the_derivation_comes_to_what_was_judged(number: int, database_url: str) -> None:
    """For every kind of target: a month of unusual facts, an exclusion, and corrections after the close."""
    target, picked = KINDS[number], random.Random(number)
    async with monitor(database_url, "2026-12-01T00:00") as held:
        await agreed(held, target)
        await held.register(SHARES, "ratio")
        await held.register(ERRORS, "count")
        await excluded(held, "2026-11-10T09:30", "2026-11-11T10:15")
        for day in range(1, 29):
            hour, minute = picked.randrange(22), picked.randrange(60)
            state = picked.choice(["up", "down", "degraded", "unknown"])
            await held.measure(
                {"indicator": UP, "at": f"2026-11-{day:02}T{hour:02}:{minute:02}:01Z", "state": state},
                down(f"{day:02}T{hour:02}:{minute:02}", f"{day:02}T{hour + 1:02}:00", id=f"o{day}"),
                *[value(f"{day:02}T{each:02}:{minute:02}:07", picked.randrange(600)) for each in range(day % 9, 24, 5)],
                {"indicator": SHARES, "at": f"2026-11-{day:02}T10:{minute:02}:30Z", "good": day, "total": 28},
                {"indicator": ERRORS, "at": f"2026-11-{day:02}T11:{minute:02}:30Z", "category": "AB"[day % 2]},
            )
        await held.settle("2026-12-02T00:00")
        for revision, when in ((0, "closed"), (1, "restated")):
            if revision:
                await held.measure(
                    down("05T00:00", "06T00:00", id="o5", revision=1),
                    value("05T12:00:00", 999),
                    {"indicator": SHARES, "at": "2026-11-05T12:00:00Z", "good": 0, "total": 7},
                    {"indicator": ERRORS, "at": "2026-11-05T12:00:00Z", "category": "A"},
                )
                await held.settle()
            told, window = await explained(held, target), (await held.windows(target["target_id"]))["2026-11"]
            assert (told["figure"], told["figure_display"], told["verdict"]) == (
                window["figure"],
                window["figure_display"],
                window["verdict"],
            ), when


async def test_a_corrected_and_retracted_value_is_still_known_as_it_was(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await agreed(held, SHARE)
        for hour, item in (
            ("10", value("04T10:00:00", 500, id="v")),
            ("11", value("04T10:00:00", 100, id="v", revision=1)),
            ("12", {"indicator": LATENCY, "retract": "v", "revision": 2}),
        ):
            held.clock.move_to(at(f"2026-11-05T{hour}:00"))
            await held.measure(item)
            await held.settle()
        known = [
            (await explained(held, SHARE, known_at=f"2026-11-05T{hour}:30"))["figure"] for hour in ("09", "10", "11")
        ]
        assert (known, (await explained(held, SHARE))["figure"]) == ([None, "0/1", "100/1"], None)


async def test_values_are_known_from_their_receipt_not_from_their_checkpoint(database_url: str) -> None:
    async with ground(database_url, "2026-11-05T10:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await agreed(held, SHARE)
            for minute in range(3):
                clock.move_to(at(f"2026-11-05T10:0{minute}"))
                await held.measure(value(f"04T10:0{minute}:00", 100))
                await held.settle()
        clock.move_to(at("2026-11-05T12:00"))
        async with judging(database, log, clock) as held:
            await held.settle()
            await held.save()
            known = [
                (await explained(held, SHARE, known_at=f"2026-11-05T10:0{minute}"))["derivation"]["sums"]["total"]
                for minute in range(3)
            ]
            assert known == [1, 2, 3]


async def test_silence_is_told_as_what_it_is(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        watched = Indicator(f"{PROVIDER}/{UP}", PROVIDER, UP, "availability", None, "up", None, HOUR)
        await SqlIndicators(held.database).register(watched, [])
        await held.hear(finalized(MONTH))
        await held.measure({"indicator": UP, "at": "2026-11-05T08:00:00Z", "state": "up", "id": "s1"})
        await held.settle()
        told = (await explained(held, MONTH))["derivation"]["intervals"][-1]
        assert (told["state"], told["cause"]) == ("unknown", "silence since s1")


async def test_an_instance_is_explained_by_the_rows_of_its_labels(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await agreed(held, fast("90", group_by=["region"]))
        for region, measured in (("eu", 100), ("eu", 500), ("us", 100)):
            await held.measure(value(f"04T10:0{measured // 100}:00", measured, labels={"region": region}))
        await held.settle()
        async with held.database.read() as connection:
            rows = await connection.execute(text("SELECT target_id, labels FROM target WHERE instance_of IS NOT NULL"))
            instances = {labels["region"]: target_id for target_id, labels in rows}
        for region, figure in (("eu", "50/1"), ("us", "100/1")):
            target = {"target_id": instances[region]}
            told = await explained(held, target, instance_of=SHARE["target_id"], labels={"region": region})
            window = (await held.windows(instances[region]))["2026-11"]
            assert (told["figure"], window["figure"], told["target_id"]) == (figure, figure, instances[region])


async def test_a_window_cut_by_an_amendment_is_explained_part_by_part(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T10:00") as held:
        split = {"on_amendment": "split"}
        await agreed(held, available(**split))
        await held.measure(down("03T10:00", "03T11:00", id="o1"), down("17T10:00", "17T12:00", id="o2"))
        await held.hear(finalized(available("95", **split), version=2, effective_at="2026-11-15T00:00:00Z"))
        await held.settle("2026-12-02T00:00")
        windows = await held.windows(MONTH["target_id"])
        for name, lost in (("2026-11", HOUR), ("2026-11.v2", 2 * HOUR)):
            told = await explained(held, MONTH, name)
            assert told["derivation"]["sums"]["down"] == lost
            assert (told["figure"], told["window"]["to"]) == (windows[name]["figure"], windows[name]["end_at"])
