"""Rolling windows of a year and more: what happened a year ago counts to the minute, and no longer."""

from __future__ import annotations

from typing import Any

from tests.support.checkout import LATENCY, UP, ready
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import available, fast

YEAR = {"rolling": "P365D"}
AT = {"target-breached": "certain_at", "target-recovered": "recovered_at"}


async def news(held: Monitor) -> list[tuple[str, str]]:
    return [(name, data[AT[name]][:16]) for name, data in await held.published() if name in AT]


def outage(start: str, end: str) -> dict[str, Any]:
    return {"indicator": UP, "outage": {"from": f"{start}:00Z", "to": f"{end}:00Z"}}


def values(instant: str, *measured: float) -> list[dict[str, Any]]:
    return [{"indicator": LATENCY, "at": f"{instant}:00Z", "value": each, "id": f"{instant}/{n}"}
            for n, each in enumerate(measured)]  # fmt: skip


async def test_downtime_counts_for_a_year_to_the_minute(database_url: str) -> None:
    """0.1 % of 365 days, 525 600 minutes, is 525.6 minutes.

    Of 525 minutes in June and two in January the 526th is certain at 12:01. A year after the first of them began, one
    has left at 00:01, which leaves 526, and two have left at 00:02, which leaves 525.
    """
    async with monitor(database_url, "2026-07-01T00:00") as held:
        await ready(held, {**available("99.9"), "window": YEAR}, effective_at="2024-01-01T00:00:00Z")
        await held.measure(
            outage("2025-06-01T00:00", "2025-06-01T08:45"), outage("2026-01-10T12:00", "2026-01-10T12:02")
        )
        await held.settle()
        assert await news(held) == [
            ("target-breached", "2026-01-10T12:01"),
            ("target-recovered", "2026-06-01T00:02"),
        ]
        # Of the two minutes of January alone: 525598/525600.
        window = (await held.windows(available()["target_id"]))["P365D"]
        assert (window["figure"], window["verdict"]) == ("262799/2628", "met")


async def test_values_count_for_a_year_to_the_minute_and_after_a_restart(database_url: str) -> None:
    """Two slow values beside 199 fast ones are met at 99 %. When 100 of the fast ones are a year old, two of 101 are
    missed, and when one of the slow ones is, too, one of 100 is met.
    """
    async with ground(database_url, "2026-02-02T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, fast("99", YEAR), effective_at="2024-01-01T00:00:00Z")
            await held.measure(*values("2025-02-20T10:00", *[100.0] * 100), *values("2025-09-01T10:00", *[100.0] * 99))
            await held.measure(*values("2025-03-01T10:00", 900.0), *values("2026-02-01T10:00", 900.0))
            await held.settle()
            assert await news(held) == []
            await held.save()
        async with judging(database, log, clock) as again:
            await again.settle("2026-02-20T09:59")
            assert await news(again) == []
            await again.settle("2026-02-20T10:05")
            assert await news(again) == [("target-breached", "2026-02-20T10:00")]
        async with judging(database, log, clock) as again:
            await again.settle("2026-03-01T10:05")
            assert (await news(again))[1:] == [("target-recovered", "2026-03-01T10:00")]
