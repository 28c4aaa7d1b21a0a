"""Targets on series of rows: evaluated on arrival, after corrections and retractions, and by label."""

from __future__ import annotations

from typing import Any

from slm_chassis.identity import named_id
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, fast, finalized

REQUESTS = "payments.requests"
LATENCY = "payments.checkout-latency"
ERRORS = "payments.errors"
KINDS = {REQUESTS: "ratio", LATENCY: "value", ERRORS: "count"}


def target(key: str, indicator: str, aggregation: Any, objective: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        **fast(),
        "target_id": named_id(PROVIDER, "target", "checkout", key),
        "key": key,
        "title": key,
        "indicator": {"owner_party_id": PROVIDER, "key": indicator},
        "aggregation": aggregation,
        "objective": objective,
        "window": {"calendar": "month"},
        **more,
    }


def answered(at_least: str = "99", **more: Any) -> dict[str, Any]:
    return target("answered", REQUESTS, "ratio", {"at_least": at_least, "unit": "percent"}, **more)


def counts(instant: str, good: int, total: int, **more: Any) -> dict[str, Any]:
    return {"indicator": REQUESTS, "at": f"2026-11-{instant}:00Z", "good": good, "total": total, **more}


def value(instant: str, measured: float, **more: Any) -> dict[str, Any]:
    return {"indicator": LATENCY, "at": f"2026-11-{instant}:00Z", "value": measured, **more}


def error(instant: str, category: str = "A", **more: Any) -> dict[str, Any]:
    return {"indicator": ERRORS, "at": f"2026-11-{instant}:00Z", "category": category, **more}


async def ready(held: Monitor, *targets: dict[str, Any], **changed: Any) -> None:
    for indicator, kind in KINDS.items():
        await held.register(indicator, kind)
    await held.hear(finalized(*targets, **changed))
    await held.settle()


async def state(held: Monitor, judged: dict[str, Any], window: str = "2026-11") -> tuple[str, str | None]:
    await held.save()
    found = (await held.windows(judged["target_id"]))[window]
    return found["verdict"], found["figure"]


async def test_a_ratio_is_the_sum_of_good_over_the_sum_of_all(database_url: str) -> None:
    judged = answered("99")
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(counts("05T10:00", 10, 10), counts("05T09:00", 989, 1000), counts("05T08:00", 0, 0))
        await held.settle()
        assert await state(held, judged) == ("at_risk", "9990/101")
        await held.measure(counts("05T10:00", 90, 90))
        await held.settle()
        # Met, and by less than a tenth of the budget: the warning goes on.
        assert await state(held, judged) == ("at_risk", "99/1")
        await held.measure(counts("05T07:00", 0, 1))
        await held.settle("2026-12-01T00:10")
        assert [each["figure"] for each in await held.breaches()] == ["36300/367"]


async def test_bad_counts_may_be_sent_instead_of_good_ones(database_url: str) -> None:
    judged = answered()
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure({"indicator": REQUESTS, "at": "2026-11-05T10:00:00Z", "bad": 1, "total": 200})
        await held.settle()
        assert await state(held, judged) == ("met", "199/2")


async def test_a_miss_that_cannot_be_made_good_is_certain_before_the_close(database_url: str) -> None:
    judged = answered("99", expected_volume=1000)
    async with monitor(database_url, "2026-11-05T10:02") as held:
        await ready(held, judged)
        await held.measure(counts("05T10:00", 0, 10))
        await held.settle()
        assert await held.breaches() == []
        await held.measure(counts("05T10:01", 0, 1))
        await held.settle()
        (breach,) = await held.breaches()
        assert breach["certain_at"] == "2026-11-05T10:01:00.000000Z"


async def test_a_share_of_at_most_is_broken_by_the_events_it_counts(database_url: str) -> None:
    judged = target("errors", REQUESTS, "ratio", {"at_most": "1", "unit": "percent"})
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(counts("05T10:00", 1, 100))
        await held.settle()
        assert await state(held, judged) == ("met", "1/1")
        await held.measure(counts("05T09:00", 1, 90))
        await held.settle()
        assert (await state(held, judged))[0] == "at_risk"
        await held.settle("2026-12-01T00:10")
        assert [each["shortfall"] for each in await held.breaches()] == ["1/19"]


async def test_a_quantile_is_judged_by_the_share_at_most_its_objective(database_url: str) -> None:
    judged = target("p90", LATENCY, {"quantile": "0.9"}, {"at_most": "300", "unit": "ms"})
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(*(value(f"05T09:{minute:02}", 100.0) for minute in range(9)), value("05T10:00", 301.0))
        await held.settle()
        assert await state(held, judged) == ("met", "90/1")
        await held.measure(value("05T09:59", 301.0))
        await held.settle()
        assert (await state(held, judged))[0] == "at_risk"


async def test_a_mean_is_that_of_the_decimals_as_they_were_written(database_url: str) -> None:
    judged = target("mean", LATENCY, "mean", {"at_most": "0.15", "unit": "ms"})
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(value("05T09:00", 0.1), value("05T10:00", 0.2))
        await held.settle()
        assert await state(held, judged) == ("met", "3/20")


async def test_a_maximum_is_missed_by_its_value_and_met_after_its_retraction(database_url: str) -> None:
    judged = target("highest", LATENCY, "max", {"at_most": "300", "unit": "ms"})
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(value("05T09:00", 250.0), value("05T09:30", 900.0, id="x"))
        await held.settle()
        (breach,) = await held.breaches()
        assert (breach["figure"], breach["certain_at"]) == ("900/1", "2026-11-05T09:30:00.000000Z")
        await held.measure({"indicator": LATENCY, "retract": "x"})
        await held.settle()
        assert await state(held, judged) == ("met", "250/1")
        assert (await held.names())[-1] == "breach-withdrawn"


async def test_one_occurrence_more_than_agreed_is_a_breach_at_once(database_url: str) -> None:
    judged = target("category-a", ERRORS, {"count": {"category": "A"}}, {"at_most": "2", "unit": "count"})
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(error("05T08:00"), error("05T08:10"), error("05T08:20", "B"), error("05T08:30", "B"))
        await held.settle()
        assert await state(held, judged) == ("met", "2/1")
        await held.measure(error("05T09:00"))
        await held.settle()
        (breach,) = await held.breaches()
        assert (breach["figure"], breach["certain_at"]) == ("3/1", "2026-11-05T09:00:00.000000Z")


async def test_a_slice_is_bad_once_it_is_over(database_url: str) -> None:
    slices = {"width": "PT5M", "good_if": "0.9", "budget": "slices"}
    judged = target(
        "slices",
        REQUESTS,
        {"time_slices": slices},
        {"at_least": "99", "unit": "percent"},
        window={"calendar": "day"},
        no_data="good",
    )
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(counts("05T08:00", 1, 2), counts("05T09:00", 1, 2), counts("05T10:00", 1, 2))
        await held.settle()
        assert await held.breaches() == []
        await held.settle("2026-11-05T10:05")
        (breach,) = await held.breaches()
        assert breach["certain_at"] == "2026-11-05T10:05:00.000000Z"


async def test_the_content_of_the_highest_revision_holds_in_whatever_order_it_comes(database_url: str) -> None:
    judged = fast("50")
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(value("05T10:00", 100.0, id="a", revision=2))
        await held.measure(value("05T10:00", 900.0, id="a", revision=1), value("05T09:00", 900.0, id="b"))
        await held.settle()
        assert await state(held, judged) == ("met", "50/1")
        await held.measure(value("04T09:00", 100.0, id="b", revision=7), value("05T09:00", 900.0, id="b", revision=3))
        await held.settle()
        assert await state(held, judged) == ("met", "100/1")


async def test_a_correction_after_the_close_restates_the_window(database_url: str) -> None:
    judged = fast("95")
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(value("05T10:00", 100.0, id="a"))
        await held.settle("2026-12-01T00:10")
        assert await state(held, judged) == ("met", "100/1")
        await held.measure(value("05T10:00", 900.0, id="a", revision=1))
        await held.settle()
        assert await state(held, judged) == ("breached", "0/1")
        assert [name for name in await held.names() if "restated" in name or "breached" in name] == [
            "target-breached",
            "window-restated",
        ]


async def test_a_batch_of_values_is_one_fact_with_all_of_them(database_url: str) -> None:
    judged = fast("50")
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        batch = {"indicator": LATENCY, "at": "2026-11-05T10:00:00Z", "values": [100.0, 100.0, 900.0]}
        await held.measure(batch)
        await held.measure(batch)
        await held.settle()
        assert await state(held, judged) == ("met", "200/3")


async def test_equal_values_of_two_sources_are_two_facts(database_url: str) -> None:
    judged = fast("50")
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        sent = [value("05T10:00", 100.0, source="a"), value("05T10:00", 100.0, source="b"), value("05T10:00", 900.0)]
        await held.measure(*sent)
        await held.measure(*sent)
        await held.settle()
        assert await state(held, judged) == ("met", "200/3")


async def test_each_label_value_is_judged_by_itself(database_url: str) -> None:
    judged = answered("99", group_by=["region"])
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged)
        await held.measure(
            counts("05T10:00", 100, 100, labels={"region": "eu", "zone": "1"}),
            counts("05T09:00", 100, 100, labels={"region": "eu", "zone": "2"}),
            counts("05T10:00", 1, 2, labels={"region": "us"}),
            counts("05T10:00", 0, 100),
        )
        await held.settle("2026-12-01T00:10")
        (breach,) = await held.breaches()
        assert (breach["target_key"], breach["figure"]) == ("answered[us]", "50/1")
        closed = [data for name, data in await held.published() if name == "window-closed"]
        assert sorted((each["target_key"], each["total"]) for each in closed) == [
            ("answered[eu]", "200"),
            ("answered[us]", "2"),
        ]


async def test_a_mistaken_label_value_has_no_data_in_either_order(database_url: str) -> None:
    judged = answered("99", group_by=["region"])
    wrong = counts("05T10:00", 1, 2, id="a", labels={"region": "ue"})
    late = counts("05T10:00", 1, 2, id="b", labels={"region": "su"})
    async with ground(database_url, "2026-11-05T10:01") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, judged)
            await held.measure(wrong)
            await held.settle()
            for each in ("a", "b"):
                await held.measure({"indicator": wrong["indicator"], "retract": each, "revision": 1})
            await held.measure(late)
            await held.settle()
        async with judging(database, log, clock) as again:
            await again.settle("2026-12-01T00:10")
            assert await again.breaches() == []
            closed = [data for name, data in await again.published() if name == "window-closed"]
            assert sorted((each["target_key"], each["verdict"], each["total"]) for each in closed) == [
                ("answered[su]", "no_data", "0"),
                ("answered[ue]", "no_data", "0"),
            ]


async def test_a_restart_finds_corrections_groups_and_sums_as_they_were(database_url: str) -> None:
    grouped, plain = answered("99", group_by=["region"]), fast("50")
    async with ground(database_url, "2026-11-05T10:01") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, grouped, plain)
            await held.measure(value("05T10:00", 900.0, id="a"), value("05T09:00", 100.0))
            await held.measure(counts("05T10:00", 1, 2, labels={"region": "eu"}))
            await held.settle()
            await held.save()
            # Corrected, and gone before it is put away.
            await held.measure(value("05T10:00", 100.0, id="a", revision=1), value("05T08:00", 900.0))
            await held.settle()
        async with judging(database, log, clock) as again:
            await again.measure(counts("05T09:00", 8, 8, labels={"region": "eu"}))
            await again.settle("2026-12-01T00:10")
            assert await state(again, plain) == ("met", "200/3")
            (breach,) = await again.breaches()
            assert (breach["target_key"], breach["figure"]) == ("answered[eu]", "90/1")


async def test_good_rows_change_the_figure_at_the_checkpoint_bad_ones_at_once(database_url: str) -> None:
    judged, hour = fast("50"), fast("50", {"rolling": "PT1H"})
    async with monitor(database_url, "2026-11-05T10:01") as held:
        await ready(held, judged, hour)
        await held.measure(value("05T10:00", 100.0))
        await held.settle()
        before = len(held.steps)
        await held.measure(value("05T09:59", 100.0), value("05T09:58", 200.0))
        await held.settle()
        assert not any(step.changes.windows for step in held.steps[before:])
        assert await state(held, judged) == ("met", "100/1")
        await held.save()
        found = (await held.windows(judged["target_id"]))["2026-11"]
        assert (found["good"], found["total"]) == (3, 3)
        assert (await held.windows(hour["target_id"]))["PT1H"]["total"] == 3
        await held.measure(*(value("05T09:57", 900.0 + number) for number in range(4)))
        await held.settle()
        assert (await held.breaches())[0]["target_key"] == "fast-pt1h"


async def risks(held: Monitor, cause: str) -> list[tuple[str, str]]:
    told = await held.published()
    at = {"target-at-risk": "at", "risk-cleared": "at"}
    return [(name, data[at[name]][5:16]) for name, data in told if name in at and data["cause"] == cause]


async def test_a_drop_of_an_event_budget_warns_and_clears_after_its_hour(database_url: str) -> None:
    judged = answered("99", warn_at={"budget_drop": [{"by": "10", "within": "PT1H"}]}, expected_volume=100_000)
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, judged)
        await held.measure(counts("05T10:00", 900, 999))
        await held.settle()
        assert await risks(held, "budget_drop") == []
        await held.settle("2026-11-05T10:20")
        await held.measure(counts("05T10:20", 999, 1000))
        await held.settle()
        assert await risks(held, "budget_drop") == [("target-at-risk", "11-05T10:20")]
        await held.settle("2026-11-05T11:00")
        assert (await risks(held, "budget_drop"))[1:] == [("risk-cleared", "11-05T11:00")]


async def test_a_budgets_end_comes_in_sight_by_time_alone_across_a_restart(database_url: str) -> None:
    judged = answered("90", warn_at={"time_to_exhaustion": ["PT72H"]})
    async with ground(database_url, "2026-11-02T00:00") as where:
        async with judging(*where) as held:
            await ready(held, judged)
            # Five times as many as may be bad: the budget lasts for a fifth of the month, to the 7th.
            await held.measure(counts("02T00:00", 50, 100))
            await held.settle()
            assert await risks(held, "time_to_exhaustion") == []
        async with judging(*where) as again:
            await again.settle("2026-11-04T00:00")
            assert await risks(again, "time_to_exhaustion") == []
            await again.settle("2026-11-04T00:01")
            assert await risks(again, "time_to_exhaustion") == [("target-at-risk", "11-04T00:01")]
            await again.measure(counts("04T00:01", 1000, 1000))
            await again.settle()
            assert (await risks(again, "time_to_exhaustion"))[1:] == [("risk-cleared", "11-04T00:01")]
