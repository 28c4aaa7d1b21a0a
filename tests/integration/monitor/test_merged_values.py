"""Histograms in the place of values, on a real database: exact where they tell enough, no figure where they do not."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from slm_chassis.identity import named_id
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.explain import explanation
from slm_monitor.application.explain.explanation import ExplanationQuestion
from slm_monitor.application.history.fact_history import TargetIdentity
from tests.integration.monitor.test_series import LATENCY, ready, state, target
from tests.support.judged import PARTITIONS, Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, PROVIDER, at, finalized
from tests.support.monitor_service import Service, migrated_database

FAST = target("fast", LATENCY, {"share_at_most": "300"}, {"at_least": "80", "unit": "percent"})
HOURLY = target(
    "fast-hourly", LATENCY, {"share_at_most": "300"}, {"at_least": "80", "unit": "percent"}, window={"rolling": "PT1H"}
)
P90 = target("p90", LATENCY, {"quantile": "0.9"}, {"at_most": "500", "unit": "ms"})
MEAN = target("mean", LATENCY, "mean", {"at_most": "300", "unit": "ms"})
COARSE = {"bounds": [100, 1000], "counts": [1, 1, 0]}


def merged(instant: str, counts: list[int], bounds: list[float] | None = None, **more: Any) -> dict[str, Any]:
    summed = {name: more.pop(name) for name in ("sum", "min", "max") if name in more}
    histogram = {"bounds": bounds or [100, 300, 500], "counts": counts, **summed}
    return {"indicator": LATENCY, "at": f"2026-11-{instant}:00Z", "histogram": histogram, **more}


async def explained(
    held: Monitor, judged: dict[str, Any], window: str = "2026-11", instant: str | None = None
) -> dict[str, Any]:
    record = SqlHistory(held.database, held.store, PARTITIONS)
    asked = ExplanationQuestion(window, None if instant is None else at(instant))
    return await explanation.explain_window(
        record, TargetIdentity(AGREEMENT, judged["target_id"]), asked, held.clock.now()
    )


async def test_shares_and_quantiles_are_exact_where_a_bucket_ends_at_the_limit(postgres: object) -> None:
    told = [
        merged("05T09:00", [5, 3, 2, 0]),
        merged("05T09:10", [0, 10, 0, 0], sum=2500, min=120, max=290),
        {"indicator": LATENCY, "at": "2026-11-05T09:20:00Z", "value": 301.0},
        merged("05T09:30", [9, 9, 9, 9], id="x"),
        merged("05T09:30", [0, 0, 0, 1], id="x", revision=1),
        merged("04T09:30", [9, 9, 9, 9], id="y"),
        {"indicator": LATENCY, "retract": "y"},
    ]
    for seed in range(3):
        order = Random(seed).sample(told, len(told))
        async with ground(await migrated_database(), "2026-11-05T10:01") as place:
            async with judging(*place) as held:
                await ready(held, FAST, P90)
                for each in order:
                    answer = await held.measure(each, *order[:seed])
                    assert answer.refusals == []
                    await held.settle()
                # In some orders the figure was below 80 for a while; that warning clears only from 82 on.
                assert (await state(held, FAST))[1] == "900/11"
                assert await state(held, P90) == ("met", "1050/11")
            async with judging(*place) as held:
                await held.settle()
                await held.measure(merged("05T10:00", [1, 0, 0, 0]))
                await held.settle()
                assert await state(held, FAST) == ("met", "1900/23")
                assert (await explained(held, FAST))["figure"] == "1900/23"


async def test_a_histogram_without_the_targets_limit_is_refused_with_the_missing_bucket(
    database_url: str,
) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, FAST, P90)
        answer = await held.measure({**merged("05T09:00", []), "histogram": COARSE}, merged("05T09:00", [1, 1, 1, 1]))
        (refusal,) = answer.refusals
        assert (answer.accepted, refusal.field, refusal.reason) == (1, "histogram.bounds", "no_such_bound")
        assert "send a bucket that ends at 300" in refusal.remedy or "ends at 500" in refusal.remedy
        empty_there = {"bounds": [100, 1000], "counts": [4, 0, 1]}
        assert (await held.measure({**merged("05T09:01", []), "histogram": empty_there})).refusals == []


async def test_a_later_target_has_no_figure_where_histograms_lack_its_limit(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held)
        await held.measure(
            {**merged("05T09:30", []), "histogram": COARSE, "id": "coarse"}, merged("05T09:40", [4, 0, 0, 0])
        )
        await held.settle()
        await held.hear(finalized(FAST, HOURLY, MEAN, version=2))
        await held.settle()
        for judged in (FAST, MEAN):
            assert await state(held, judged) == ("no_data", None)
            told = await explained(held, judged)
            assert (told["figure"], told["verdict"]) == (None, "no_data")
            assert "histograms do not tell" in told["derivation"]["arithmetic"][0]
        assert await state(held, HOURLY, "PT1H") == ("no_data", None)
        reason = (await held.windows(FAST["target_id"]))["2026-11"]["detail"]["reason"]
        assert "a bucket that ends at 300" in reason
        await held.settle("2026-11-05T10:30")
        assert await state(held, HOURLY, "PT1H") == ("met", "100/1")
        assert (await explained(held, HOURLY, "PT1H", "2026-11-05T10:29"))["figure"] is None
        assert (await explained(held, HOURLY, "PT1H", "2026-11-05T10:30"))["figure"] == "100/1"
        whole = {"bounds": [300], "counts": [1, 1], "sum": 500, "min": 80, "max": 420}
        await held.measure({**merged("05T09:30", []), "histogram": whole, "id": "coarse", "revision": 1})
        await held.settle()
        assert await state(held, FAST) == ("met", "250/3")


async def test_mean_and_extremes_are_those_that_histograms_tell(database_url: str) -> None:
    highest = target("highest", LATENCY, "max", {"at_most": "400", "unit": "ms"})
    hourly = {**MEAN, "target_id": named_id(PROVIDER, "target", "mean-hourly"), "window": {"rolling": "PT1H"}}
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, MEAN, highest, hourly)
        told = {"sum": 1000.5, "min": 90.25, "max": 399.0}
        first = {"bounds": [300], "counts": [3, 1], **told}
        refused = await held.measure({**merged("05T09:30", []), "histogram": {"bounds": [300], "counts": [3, 1]}})
        assert [each.reason for each in refused.refusals] == ["not_summed"]
        await held.measure(
            {**merged("05T09:30", []), "histogram": first},
            {"indicator": LATENCY, "at": "2026-11-05T09:30:00Z", "value": 99.5},
            {**merged("05T09:40", []), "histogram": {**first, "max": 401.0}, "id": "h"},
        )
        await held.settle()
        assert await state(held, MEAN) == ("met", "4201/18")
        assert await state(held, hourly, "PT1H") == ("met", "4201/18")
        assert await state(held, highest) == ("breached", "401/1")
        assert (await explained(held, highest))["derivation"]["sums"]["min"] == "361/4"
        await held.measure({**merged("05T09:40", []), "histogram": first, "id": "h", "revision": 1})
        await held.settle()
        assert await state(held, highest) == ("met", "399/1")
        await held.measure({"indicator": LATENCY, "retract": "h"})
        await held.settle()
        assert await state(held, MEAN) == await state(held, hourly, "PT1H") == ("met", "220/1")
        for judged in (MEAN, highest):
            assert (await explained(held, judged))["figure"] == (await state(held, judged))[1]


async def test_what_is_no_histogram_is_refused_with_its_field(database_url: str) -> None:
    wrong: list[dict[str, Any]] = [
        {"bounds": [1], "counts": [1]},
        {"bounds": [2, 1], "counts": [1, 1, 1]},
        {"counts": [1]},
        {"bounds": [1], "counts": [-1, 0]},
        {"bounds": [1], "counts": [0.5, 0]},
        {"bounds": ["1"], "counts": [1, 1]},
        {"bounds": [1], "counts": [1, 1], "sum": "much"},
        {"bounds": [1], "counts": [1, 1], "count": 3},
        {},
        {"bounds": [1], "counts": [1, 1], "min": 2, "max": 1},
    ]
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held)
        for histogram in wrong:
            answer = await held.measure(
                {**merged("05T09:00", []), "histogram": histogram}, merged("05T09:00", [1, 0, 0, 0])
            )
            assert (answer.accepted, [each.field for each in answer.refusals]) == (1, ["histogram"]), histogram
        other = await held.measure({**merged("05T09:00", [1, 0, 0, 0]), "indicator": "payments.requests"})
        assert [each.reason for each in other.refusals] == ["wrong_kind"]
        both = await held.measure({**merged("05T09:00", [1, 0, 0, 0]), "value": 1.0})
        assert [each.reason for each in both.refusals] == ["wrong_kind"]


async def test_histograms_and_cumulative_sums_of_open_telemetry_are_judged(service: Service) -> None:
    await service.register("otlp.sizes", "value")
    await service.register("otlp.requests", "ratio")
    sizes = {**FAST, "target_id": named_id(PROVIDER, "target", "otlp-sizes"), "key": "sizes"}
    sizes["indicator"] = {"owner_party_id": PROVIDER, "key": "otlp.sizes"}
    requests = {**sizes, "target_id": named_id(PROVIDER, "target", "otlp-requests"), "key": "requests"}
    requests |= {"indicator": {"owner_party_id": PROVIDER, "key": "otlp.requests"}, "aggregation": "ratio"}
    agreement = named_id(PROVIDER, "agreement", "otlp-merged")
    await service.agree(finalized(sizes, requests, agreement_id=agreement, agreement_key="otlp-merged"))
    instants = [str(at(f"2026-11-05T09:{minute:02}") * 1000) for minute in (0, 10, 20)]
    histogram = {
        "name": "otlp.sizes",
        "histogram": {
            "aggregationTemporality": 1,
            "dataPoints": [
                {
                    "timeUnixNano": instants[0],
                    "explicitBounds": [100, 300],
                    "bucketCounts": ["5", "4", "1"],
                    "sum": 900.0,
                },
                {"timeUnixNano": instants[1], "explicitBounds": [100, 400], "bucketCounts": ["5", "4", "1"]},
            ],
        },
    }
    parts = [
        {
            "name": part,
            "sum": {
                "aggregationTemporality": 2,
                "isMonotonic": True,
                "dataPoints": [
                    {
                        "timeUnixNano": instant,
                        "asInt": str(count),
                        "attributes": [
                            {"key": "slm.indicator", "value": {"stringValue": "otlp.requests"}},
                            {"key": "slm.part", "value": {"stringValue": part}},
                        ],
                    }
                    for instant, count in zip(instants, counts, strict=True)
                ],
            },
        }
        for part, counts in (("good", (500, 598, 80)), ("total", (500, 600, 80)))
    ]
    export = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [histogram, *parts]}]}]}
    answer = (await service.provider.post("/api/v1/otlp/v1/metrics", json=export)).json()
    assert answer["partialSuccess"]["rejectedDataPoints"] == "1"
    assert "ends at 300" in answer["partialSuccess"]["errorMessage"]
    for _ in range(100):
        read = (await service.provider.get("/api/v1/targets", params={"agreement_id": agreement})).json()
        found = {each["key"]: (each["window"] or {}).get("figure") for each in read["items"]}
        if found == {"sizes": "90/1", "requests": "890/9"}:
            break
        await asyncio.sleep(0.05)
    assert found == {"sizes": "90/1", "requests": "890/9"}
