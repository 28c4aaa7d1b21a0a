"""Outages that are counted: when they reach the length in service time, in the window in which they start."""

from __future__ import annotations

from typing import Any

import pytest

from slm_monitor.domain.terms.terms import TermsNotEvaluable
from tests.support.checkout import down, ready, turns
from tests.support.judged import monitor
from tests.support.monitor import available, finalized

TARGET = available()["target_id"]


def few(at_most: str = "2", at_least: str = "PT5M", **more: Any) -> dict[str, Any]:
    return {
        **available(**more),
        "aggregation": {"outages": {"at_least": at_least}},
        "objective": {"at_most": at_most, "unit": "count"},
    }


async def test_the_first_outage_beyond_the_allowed_number_breaches_at_its_length(
    database_url: str,
) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, few("1"))
        await down(held, "2026-11-02T10:00", "2026-11-02T10:05")
        await down(held, "2026-11-03T10:00", "2026-11-03T10:04")
        await turns(held, "2026-11-05T10:00", "down")
        await held.settle("2026-11-05T10:04")
        assert await held.breaches() == []
        await held.settle("2026-11-05T10:05")
        (breach,) = await held.breaches()
        assert (breach["certain_at"][:19], breach["figure"], breach["shortfall"]) == (
            "2026-11-05T10:05:00",
            "2/1",
            "1/1",
        )
        assert (await held.windows(TARGET))["2026-11"]["figure"] == "2/1"


async def test_only_service_time_brings_an_outage_to_its_length(database_url: str) -> None:
    async with monitor(database_url, "2026-11-06T17:58") as held:
        await ready(held, few("0", service_hours="business"))
        await turns(held, "2026-11-06T17:58", "down")
        await held.settle("2026-11-09T08:02")
        assert await held.breaches() == []
        await held.settle("2026-11-09T08:03")
        (breach,) = await held.breaches()
        assert breach["certain_at"] == "2026-11-09T08:03:00.000000Z"


async def test_an_outage_counts_in_the_window_of_its_start_even_if_closed(database_url: str) -> None:
    async with monitor(database_url, "2026-11-30T23:50") as held:
        await ready(held, few("0", "PT1H"))
        await turns(held, "2026-11-30T23:50", "down")
        await held.settle("2026-12-01T00:11")
        assert (await held.windows(TARGET))["2026-11"]["verdict"] == "met"
        await held.settle("2026-12-01T00:50")
        (breach,) = await held.breaches()
        assert (breach["window_id"], breach["certain_at"], breach["late"]) == (
            "2026-11",
            "2026-12-01T00:50:00.000000Z",
            True,
        )
        assert "window-restated" in await held.names()
        assert (await held.windows(TARGET))["2026-12"]["figure"] == "0/1"


async def test_a_correction_that_splits_an_outage_withdraws_the_breach(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, few("0"))
        await down(held, "2026-11-05T10:00", "2026-11-05T10:06", id="o")
        assert [each["standing"] for each in await held.breaches()] == [True]
        await down(held, "2026-11-05T10:00", "2026-11-05T10:03", id="o", revision=1)
        await down(held, "2026-11-05T10:04", "2026-11-05T10:06")
        assert [each["standing"] for each in await held.breaches()] == [False]


@pytest.mark.parametrize(
    "made",
    [
        few(at_least="a while"),
        {**few(), "objective": {"at_least": "2", "unit": "count"}},
        {**few(), "aggregation": {"outages": {}}},
    ],
)
async def test_what_counts_no_outages_is_not_taken_up(database_url: str, made: dict[str, Any]) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        with pytest.raises(TermsNotEvaluable, match="PT5M"):
            await held.hear(finalized(made))
