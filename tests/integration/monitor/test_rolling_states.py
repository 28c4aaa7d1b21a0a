"""Availability over a rolling window: crossed and recovered by time alone, exact in service hours and exclusions."""

from __future__ import annotations

from typing import Any

from tests.support.checkout import UP, ready, turns
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import available

TARGET = available()["target_id"]


def rolling(at_least: str = "90", length: str = "PT1H", **more: Any) -> dict[str, Any]:
    return {**available(at_least, **more), "window": {"rolling": length}}


async def news(held: Monitor) -> list[tuple[str, str]]:
    told = await held.published()
    at = {"target-breached": "certain_at", "target-recovered": "recovered_at"}
    return [(name, data[at[name]][11:16]) for name, data in told if name in at]


async def test_a_rolling_figure_breaches_and_recovers_as_time_goes_by(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, rolling())
        await turns(held, "2026-11-05T10:00", "down")
        # 6 minutes of an hour are a tenth: with the seventh it is missed.
        for minute in range(1, 7):
            await held.settle(f"2026-11-05T10:0{minute}")
        assert await news(held) == []
        await held.settle("2026-11-05T10:07")
        assert await news(held) == [("target-breached", "10:07")]
        await held.settle("2026-11-05T10:08")
        await turns(held, "2026-11-05T10:08", "up")
        await held.settle("2026-11-05T11:01")
        assert await news(held) == [("target-breached", "10:07")]
        # At 11:02 two of the eight minutes have left the window: six are a tenth again.
        await held.settle("2026-11-05T11:02")
        assert await news(held) == [("target-breached", "10:07"), ("target-recovered", "11:02")]
        window = (await held.windows(TARGET))["PT1H"]
        assert (window["figure"], window["verdict"]) == ("90/1", "met")


async def test_history_in_one_go_gives_what_minute_by_minute_gave(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T12:00") as held:
        await ready(held, rolling())
        await held.measure(
            {"indicator": UP, "at": "2026-11-05T10:08:00Z", "state": "up"},
            {"indicator": UP, "at": "2026-11-05T10:00:00Z", "state": "down", "previous": "up"},
        )
        await held.settle()
        assert await news(held) == [("target-breached", "10:07"), ("target-recovered", "11:02")]


async def test_a_correction_withdraws_a_run_of_minutes(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T12:00") as held:
        await ready(held, rolling())
        outage = {"from": "2026-11-05T10:00:00Z", "to": "2026-11-05T10:30:00Z"}
        await held.measure({"indicator": UP, "outage": outage, "id": "o"})
        await held.settle()
        assert [each["standing"] for each in await held.breaches()] == [True]
        await held.measure(
            {"indicator": UP, "outage": {**outage, "to": "2026-11-05T10:05:00Z"}, "id": "o", "revision": 1}
        )
        await held.settle()
        assert [each["standing"] for each in await held.breaches()] == [False]


async def test_a_restart_judges_no_minute_twice(database_url: str) -> None:
    async with ground(database_url, "2026-11-05T10:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, rolling())
            await turns(held, "2026-11-05T09:50", "down")
            before = await news(held)
        async with judging(database, log, clock) as again:
            await again.settle("2026-11-05T10:20")
            assert await news(again) == before == [("target-breached", "09:57")]
            await turns(again, "2026-11-05T10:20", "up")
            await again.settle("2026-11-05T11:13")
            assert await news(again) == before
            await again.settle("2026-11-05T11:14")
            assert await news(again) == [*before, ("target-recovered", "11:14")]


async def test_only_service_hours_count(database_url: str) -> None:
    async with monitor(database_url, "2026-11-09T08:00") as held:
        await ready(held, rolling("90", "P1D", service_hours="business"))
        # Friday's last hour and the whole weekend: only the hour counts, a tenth of the ten hours of a day.
        await turns(held, "2026-11-06T17:00", "down")
        await turns(held, "2026-11-09T07:59", "up")
        assert [name for name, _ in await news(held)] == ["target-breached", "target-recovered"]
