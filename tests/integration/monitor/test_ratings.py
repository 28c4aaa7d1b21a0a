"""Ratings on a real database: mean, share, net promoter score and how many there were, by touch-point."""

from __future__ import annotations

from random import Random
from typing import Any

from slm_monitor.adapters.commands.sql_terms import SqlIndicators
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.explain import explanation
from slm_monitor.application.explain.explanation import ExplanationQuestion
from slm_monitor.application.history.fact_history import TargetIdentity
from slm_monitor.domain.facts.intake_items import Indicator
from tests.integration.monitor.test_series import state, target
from tests.support.judged import INTEGRATOR, PARTITIONS, Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, PROVIDER, finalized
from tests.support.monitor_service import migrated_database

STARS, ADVOCACY = "service-desk.stars", "service-desk.recommended"


def rating(key: str, indicator: str, aggregation: Any, objective: dict[str, str], **more: Any) -> dict[str, Any]:
    document = target(key, indicator, aggregation, objective, **more)
    return {**document, "indicator": {**document["indicator"], "kind": "rating"}}


MEAN = rating("stars", STARS, "mean", {"at_least": "4"})
CONTENT = rating("content", STARS, {"share_at_least": "4"}, {"at_least": "60", "unit": "percent"})
ANSWERS = rating("answers", STARS, "count", {"at_least": "5", "unit": "count"})
PHONED = rating(
    "by-touch-point", STARS, {"share_at_least": "4"}, {"at_least": "50", "unit": "percent"}, group_by=["touch_point"]
)
NPS = rating("advocacy", ADVOCACY, "nps", {"at_least": "30", "unit": "points"}, unacceptable={"at_least": "0"})
ALL = (MEAN, CONTENT, ANSWERS, PHONED, NPS)


def rated(instant: str, score: float, indicator: str = STARS, **more: Any) -> dict[str, Any]:
    return {"indicator": indicator, "at": f"2026-11-{instant}:00Z", "score": score, **more}


async def ready(held: Monitor, *targets: dict[str, Any]) -> None:
    for key, highest in ((STARS, "5"), (ADVOCACY, "10")):
        lowest = "1" if key == STARS else "0"
        named = Indicator(f"{PROVIDER}/{key}", PROVIDER, key, "rating", lowest=lowest, highest=highest)
        await SqlIndicators(held.database).register(named, [])
    await held.hear(finalized(*targets))
    await held.settle()


async def explained(held: Monitor, judged: dict[str, Any]) -> dict[str, Any]:
    record = SqlHistory(held.database, held.store, PARTITIONS)
    named = TargetIdentity(AGREEMENT, judged["target_id"])
    return await explanation.explain_window(record, named, ExplanationQuestion("2026-11"), held.clock.now())


async def test_scores_come_to_a_mean_a_share_and_a_number_of_answers(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, *ALL)
        same = {"respondent": "anna", "touch_point": "phone"}
        await held.measure(
            rated("05T09:00", 5, **same),
            rated("05T09:00", 5, respondent="bert"),
            rated("05T09:00", 5, **same),
            rated("05T09:10", 2, touch_point="chat"),
            rated("05T09:20", 4.5),
        )
        await held.settle()
        assert await state(held, MEAN) == ("met", "33/8")
        assert await state(held, CONTENT) == ("met", "75/1")
        assert (await state(held, ANSWERS))[1] == "4/1"
        told = await explained(held, MEAN)
        assert told["derivation"]["sums"]["scores"] == {"2/1": 1, "9/2": 1, "5/1": 2}
        grouped = {row["key"]: row for row in await instances(held, PHONED)}
        assert sorted(grouped) == ["by-touch-point[chat]", "by-touch-point[phone]"]


async def instances(held: Monitor, judged: dict[str, Any]) -> list[dict[str, Any]]:
    async with held.database.read() as connection:
        rows = await connection.exec_driver_sql(
            f"SELECT key, target_id FROM target WHERE instance_of = '{judged['target_id']}'"
        )
        return [dict(row) for row in rows.mappings()]


async def test_promoters_less_detractors_are_judged_at_the_close(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, NPS)
        for minute, score in enumerate((10, 9, 9, 8, 7, 6, 0)):
            await held.measure(rated(f"05T09:{minute:02}", score, ADVOCACY))
        await held.settle()
        assert await state(held, NPS) == ("at_risk", "100/7")
        told = await explained(held, NPS)
        assert {name: told["derivation"]["sums"][name] for name in ("number", "promoters", "detractors")} == {
            "number": 7,
            "promoters": 3,
            "detractors": 2,
        }
        assert told["figure"] == "100/7"
        await held.settle("2026-12-01T00:11")
        (breach,) = await held.breaches()
        assert (breach["level"], breach["figure"], breach["shortfall"]) == ("objective", "100/7", "110/7")


async def test_corrected_and_retracted_ratings_come_to_the_same_in_any_order(postgres: object) -> None:
    told = [
        rated("05T09:00", 1, id="a"),
        rated("05T09:00", 5, id="a", revision=1),
        rated("05T09:30", 3, id="b"),
        rated("05T09:40", 4),
        rated("05T09:40", 4, respondent="bert"),
        {"indicator": STARS, "retract": "b"},
    ]
    for seed in range(3):
        order = Random(seed).sample(told, len(told))
        async with ground(await migrated_database(), "2026-11-05T10:00") as place:
            async with judging(*place) as held:
                await ready(held, *ALL)
                for each in order:
                    await held.measure(each, *order[:seed])
                    await held.settle()
            async with judging(*place) as held:
                await held.settle()
                assert (await state(held, MEAN))[1] == "13/3"
                assert (await explained(held, MEAN))["figure"] == "13/3"


async def test_a_rating_that_means_nothing_is_refused_with_its_field(database_url: str) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("score", {"score": 6}),
        ("score", {"score": 0.9}),
        ("score", {"score": None}),
        ("score", {"score": -1}),
        ("touch_point", {"touch_point": "pigeon"}),
        ("respondent", {"respondent": ""}),
        ("state", {"state": "up"}),
    ]
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held)
        for field, content in wrong:
            answer = await held.measure({**rated("05T09:00", 3), **content}, rated("05T09:00", 3))
            assert (answer.accepted, [each.field for each in answer.refusals]) == (1, [field]), content
        body = b'[{"indicator": "service-desk.stars", "at": "2026-11-05T09:00:00Z", "score": NaN}]'
        told = await held.door.take_measurements(body, "application/json", INTEGRATOR)
        assert [each.reason for each in told.refusals] == ["not_a_number"]


async def test_a_rolling_promoter_score_is_missed_as_answers_arrive_and_leave(database_url: str) -> None:
    judged = rating("advocacy-day", ADVOCACY, "nps", {"at_least": "0", "unit": "points"}, window={"rolling": "P1D"})
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, judged)
        await held.measure(rated("05T09:00", 10, ADVOCACY), rated("05T09:30", 3, ADVOCACY))
        await held.settle()
        assert await held.breaches() == []
        await held.settle("2026-11-06T09:00")
        # The promoter has left, the detractor has not.
        (breach,) = await held.breaches()
        assert (breach["certain_at"][5:16], breach["figure"]) == ("11-06T09:00", "-100/1")
        await held.settle("2026-11-06T09:30")
        told = [data for name, data in await held.published() if name == "target-recovered"]
        assert [(each["recovered_at"][5:16], each["figure"]) for each in told] == [("11-06T09:30", None)]
