"""Cumulative counters on a real database: each reading counts by its increment, in any order of arrival."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.explain import explanation
from slm_monitor.application.explain.explanation import ExplanationQuestion
from slm_monitor.application.history.fact_history import TargetIdentity
from tests.integration.monitor.test_series import ERRORS, REQUESTS, answered, ready, state, target
from tests.support.judged import PARTITIONS, Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, at
from tests.support.monitor_service import migrated_database


def read(instant: str, good: int, total: int, **more: Any) -> dict[str, Any]:
    counters = {"good": good, "total": total}
    return {"indicator": REQUESTS, "at": f"2026-11-{instant}:00Z", "cumulative": counters, **more}


READINGS = [
    read("05T09:00", 1000, 1000),
    read("05T09:10", 1090, 1100),
    read("05T09:20", 10, 10),
    read("05T09:30", 109, 110),
    read("05T09:30", 50, 60, source="two"),
    read("05T09:40", 59, 70, source="two"),
]
GOOD, TOTAL = 90 + 10 + 99 + 9, 100 + 10 + 100 + 10


async def explained(held: Monitor, judged: dict[str, Any], known_at: str | None = None) -> tuple[int, int]:
    record = SqlHistory(held.database, held.store, PARTITIONS)
    asked = ExplanationQuestion("2026-11", known_at=None if known_at is None else at(known_at))
    named = TargetIdentity(AGREEMENT, judged["target_id"])
    sums = (await explanation.explain_window(record, named, asked, held.clock.now()))["derivation"]["sums"]
    return sums["good"], sums["total"]


async def counted(held: Monitor, judged: dict[str, Any]) -> tuple[int, int]:
    """As the judge put it away, which is what the record explains."""
    await held.save()
    window = (await held.windows(judged["target_id"]))["2026-11"]
    assert (window["good"], window["total"]) == await explained(held, judged)
    return window["good"], window["total"]


async def test_what_is_judged_is_what_the_counters_rose_by_in_any_order(postgres: object) -> None:
    judged = answered()
    for number, order in enumerate(Random(7).sample(list(permutations(READINGS)), 4)):
        async with ground(await migrated_database(), "2026-11-05T10:00") as place:
            async with judging(*place) as held:
                await ready(held, judged)
                await held.measure(*order[: number + 1])
                await held.settle()
                for each in order[number + 1 :]:
                    await held.measure(each, order[0])
                    await held.settle()
                    if number % 2:
                        await held.save()
                assert await counted(held, judged) == (GOOD, TOTAL)
            async with judging(*place) as held:
                await held.settle()
                await held.measure(*READINGS)
                await held.measure(read("05T09:50", 110, 111))
                await held.settle()
                assert await counted(held, judged) == (GOOD + 1, TOTAL + 1)


async def test_late_corrected_and_retracted_readings_change_what_their_neighbours_add(database_url: str) -> None:
    judged = answered()
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, judged)
        await held.measure(read("04T10:00", 0, 0, id="a"), read("05T09:00", 100, 110, id="c"))
        await held.settle()
        assert await counted(held, judged) == (100, 110)
        await held.settle("2026-11-05T11:00")
        await held.measure(read("05T08:00", 200, 250, id="b"))
        await held.settle()
        assert await counted(held, judged) == (300, 360)
        assert await explained(held, judged, "2026-11-05T10:59") == (100, 110)
        await held.measure(read("05T08:00", 40, 90, id="b", revision=1))
        await held.settle()
        assert await counted(held, judged) == (60, 110)
        await held.measure({"indicator": REQUESTS, "retract": "b"})
        await held.settle()
        assert await counted(held, judged) == (100, 110)
        await held.measure({"indicator": REQUESTS, "retract": "a"})
        await held.settle()
        await held.save()
        assert (await held.windows(judged["target_id"]))["2026-11"]["figure"] is None


async def test_occurrences_may_be_read_off_a_counter(database_url: str) -> None:
    judged = target("all-errors", ERRORS, "count", {"at_most": "4", "unit": "count"})
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, judged)
        for minute, count in (("00", 7), ("10", 9), ("20", 2), ("30", 2)):
            await held.measure(
                {"indicator": ERRORS, "at": f"2026-11-05T09:{minute}:00Z", "cumulative": {"count": count}}
            )
        await held.settle()
        assert await state(held, judged) == ("met", "4/1")


async def test_a_reading_that_means_nothing_is_refused_with_its_field(database_url: str) -> None:
    wrong = {
        "cumulative.good": [{"good": 5, "total": 4}, {"good": -1, "total": 4}, {"total": 4}],
        "cumulative.total": [{"good": 5}, {"good": 0, "total": -4}, {"good": 0, "total": 2**53 + 1}],
        "cumulative.since": [{"good": 1, "total": 1, "since": "2026-11-05T09:01:00Z"}],
    }
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, answered())
        for field, contents in wrong.items():
            for content in contents:
                answer = await held.measure({**read("05T09:00", 0, 0), "cumulative": content}, read("05T09:00", 1, 1))
                assert (answer.accepted, [each.field for each in answer.refusals]) == (1, [field]), content
        both = await held.measure({**read("05T09:00", 1, 1), "total": 1})
        assert [each.reason for each in both.refusals] == ["two_contents"]
        other = await held.measure({**read("05T09:00", 1, 1), "indicator": "payments.checkout-latency"})
        assert [each.reason for each in other.refusals] == ["wrong_kind"]
