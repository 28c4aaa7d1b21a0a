"""Recoveries on a real database: the time they took and the data they lost, in the window in which they ended."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.explain import explanation, explanation_text
from slm_monitor.application.explain.explanation import ExplanationQuestion
from slm_monitor.application.history.fact_history import TargetIdentity
from tests.integration.monitor.test_excluding import approve, ask
from tests.integration.monitor.test_series import state, target
from tests.support.judged import PARTITIONS, Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, at, finalized
from tests.support.monitor_service import migrated_database

KEY = "payments.recoveries"


def recovering(key: str, aggregation: Any, objective: dict[str, str], **more: Any) -> dict[str, Any]:
    return target(key, KEY, aggregation, objective, **more)


TIME = recovering("rto", "recovery_time", {"at_most": "240", "unit": "minutes"}, unacceptable={"at_most": "480"})
OFFICE = recovering("rto-office", "recovery_time", {"at_most": "60", "unit": "minutes"}, service_hours="business")
POINT = recovering("rpo", "recovery_point", {"at_most": "15", "unit": "minutes"})
BOTH = recovering(
    "within", {"recovered_within": {"time": "PT4H", "point": "PT15M"}}, {"at_least": "75", "unit": "percent"}
)
EVERY = recovering("every", {"recovered_within": {"time": "PT4H"}}, {"at_least": "100", "unit": "percent"})
ALL = (TIME, OFFICE, POINT, BOTH, EVERY)


def recovered(start: str, end: str, data: str | None = None, **more: Any) -> dict[str, Any]:
    told = {"outage_start": f"2026-11-{start}:00Z", "service_restored": f"2026-11-{end}:00Z"}
    if data is not None:
        told["data_restored_to"] = f"2026-11-{data}:00Z"
    return {"indicator": KEY, "recovery": told, **more}


TOLD = [
    recovered("03T17:30", "03T20:30", "03T17:20", id="a"),
    recovered("04T09:00", "04T09:20", id="b", test=True),
    recovered("04T12:00", "04T17:00", "04T11:40", id="c"),
]


async def ready(held: Monitor) -> None:
    await held.register(KEY, "recovery")
    await held.hear(finalized(*ALL))
    await held.settle()


async def explained(held: Monitor, judged: dict[str, Any]) -> dict[str, Any]:
    record = SqlHistory(held.database, held.store, PARTITIONS)
    named = TargetIdentity(AGREEMENT, judged["target_id"])
    return await explanation.explain_window(record, named, ExplanationQuestion("2026-11"), held.clock.now())


async def figures(held: Monitor) -> dict[str, tuple[str, str | None]]:
    found = {each["key"]: await state(held, each) for each in ALL}
    for each in ALL:
        assert (await explained(held, each))["figure"] == found[each["key"]][1]
    return found


FOUND = {
    "rto": ("breached", "300/1"),
    "rto-office": ("breached", "300/1"),
    "rpo": ("breached", "20/1"),
    "within": ("at_risk", "200/3"),
    "every": ("breached", "200/3"),
}


async def test_recoveries_are_judged_against_time_and_point_in_any_order(postgres: object) -> None:
    for number, order in enumerate(list(permutations(TOLD))[::2]):
        async with ground(await migrated_database(), "2026-11-05T10:00") as place:
            async with judging(*place) as held:
                await ready(held)
                for each in order:
                    await held.measure(each, *order[:number])
                    await held.settle()
                assert await figures(held) == FOUND
            async with judging(*place) as held:
                await held.settle()
                assert await figures(held) == FOUND


async def test_a_slow_recovery_breaches_at_its_end_and_is_withdrawn_with_it(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held)
        await held.measure(*TOLD)
        await held.settle()
        certain = {each["target_key"]: each["certain_at"] for each in await held.breaches()}
        assert certain == dict.fromkeys(("rto", "rpo", "every", "rto-office"), "2026-11-04T17:00:00.000000Z")
        await held.measure(recovered("04T12:00", "04T12:40", "04T11:50", id="c", revision=1))
        await held.settle()
        assert await figures(held) == {
            "rto": ("met", "180/1"),
            "rto-office": ("met", "40/1"),
            "rpo": ("met", "10/1"),
            "within": ("met", "100/1"),
            "every": ("met", "100/1"),
        }
        assert (await held.names()).count("breach-withdrawn") == 4
        await held.measure({"indicator": KEY, "retract": "a"})
        await held.settle()
        assert await state(held, TIME) == ("met", "40/1")


async def test_a_recovery_counts_service_hours_and_tests_are_marked(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held)
        await held.measure(*TOLD[:2])
        await held.settle()
        told = await explained(held, OFFICE)
        first, second = told["derivation"]["intervals"]
        assert (first["recovery_time"], first["recovery_point"], first["facts"]) == ("PT30M", "PT10M", ["a"])
        assert (second["recovery_time"], second["test"]) == ("PT20M", True)
        assert told["derivation"]["sums"]["mean_minutes"] == "25/1"
        assert "recovery time PT30M" in explanation_text.format_explanation(told)


async def test_a_recovery_that_means_nothing_is_refused_with_its_field(database_url: str) -> None:
    wrong = [
        ("recovery.service_restored", recovered("04T12:00", "04T11:59")),
        ("recovery.data_restored_to", recovered("04T12:00", "04T13:00", "04T13:01")),
        ("recovery", {"indicator": KEY, "recovery": {"outage_start": "2026-11-04T12:00:00Z"}}),
        ("recovery", {"indicator": KEY, "at": "2026-11-04T12:00:00Z"}),
        (
            "recovery.outage_start",
            recovered("04T12:00", "04T13:00")
            | {"recovery": {"outage_start": "2026-11-04T12:00:00", "service_restored": "2026-11-04T13:00:00Z"}},
        ),
    ]
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held)
        for field, item in wrong:
            answer = await held.measure(item, TOLD[0])
            assert (answer.accepted, [each.field for each in answer.refusals]) == (1, [field]), item
        ahead = await held.measure(recovered("04T12:00", "05T10:06"))
        assert [(each.outcome, each.field) for each in ahead.refusals] == [("quarantined", "recovery.service_restored")]


async def test_a_recovery_counts_while_its_end_lies_in_the_rolling_window(database_url: str) -> None:
    day = recovering("rto-day", "recovery_time", {"at_most": "60", "unit": "minutes"}, window={"rolling": "P1D"})
    each = recovering(
        "within-by-site",
        {"recovered_within": {"time": "PT1H"}},
        {"at_least": "50", "unit": "percent"},
        window={"rolling": "P1D"},
        group_by=["site"],
    )
    async with ground(database_url, "2026-11-05T10:00") as where:
        async with judging(*where) as held:
            await held.register(KEY, "recovery")
            await held.hear(finalized(day, each))
            await held.settle()
            await held.measure(
                recovered("05T07:00", "05T09:00", labels={"site": "M"}, id="a"),
                recovered("05T08:00", "05T08:30", labels={"site": "M"}),
                recovered("05T08:00", "05T08:30"),
                recovered("05T07:00", "05T09:59", labels={"site": "N"}),
            )
            await held.settle()
            told = [(row["target_key"], row["certain_at"][11:16], row["figure"]) for row in await held.breaches()]
            assert told == [("rto-day", "09:01", "120/1"), ("within-by-site[N]", "10:00", "0/1")]
        async with judging(*where) as again:
            await again.settle("2026-11-06T08:31")
            # The short one of M has left, the long one has not.
            told = [(row["target_key"], row["certain_at"][5:16]) for row in await again.breaches()]
            assert ("within-by-site[M]", "11-06T08:31") in told
            await again.settle("2026-11-06T10:00")
            recoveries = [
                (data["target_key"], data["recovered_at"][5:16])
                for name, data in await again.published()
                if name == "target-recovered"
            ]
            assert sorted(recoveries) == [
                ("rto-day", "11-06T10:00"),
                ("within-by-site[M]", "11-06T09:01"),
                ("within-by-site[N]", "11-06T10:00"),
            ]


async def test_a_recovery_is_explained_with_time_excluded_before_its_window(database_url: str) -> None:
    hour = recovering("rto-hour", "recovery_time", {"at_most": "60", "unit": "minutes"}, window={"rolling": "PT1H"})
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await held.register(KEY, "recovery")
        await held.hear(finalized(hour))
        await held.settle()
        await approve(held, await ask(held, "2026-11-05T06:00", "2026-11-05T07:00"))
        await held.measure(recovered("05T06:30", "05T09:00"))
        await held.settle()
        (breach,) = await held.breaches()
        record = SqlHistory(held.database, held.store, PARTITIONS)
        asked = ExplanationQuestion("PT1H", at(breach["certain_at"][:16]))
        told = await explanation.explain_window(
            record, TargetIdentity(AGREEMENT, hour["target_id"]), asked, held.clock.now()
        )
        assert told["figure"] == breach["figure"] == "120/1"
