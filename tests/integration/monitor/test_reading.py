"""Reads of the store: evaluation never reads again what it needs all the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_monitor.domain.series.hour_buckets import HourChunk
from tests.support.judged import Monitor, monitor
from tests.support.monitor import fast, finalized

LATENCY = "payments.checkout-latency"


def counting(held: Monitor) -> list[str]:
    """The indicators whose hours are read from now on."""
    asked: list[str] = []
    read = held.store.hours

    async def counted(subject: str, hours: Sequence[int]) -> Mapping[int, list[HourChunk]]:
        asked.append(subject)
        return await read(subject, hours)

    held.store.hours = counted  # type: ignore[method-assign]
    return asked


def value(instant: str) -> dict[str, Any]:
    return {"indicator": LATENCY, "at": f"{instant}Z", "value": 120}


async def test_a_target_with_a_shorter_look_back_keeps_the_others_hours(database_url: str) -> None:
    async with monitor(database_url, "2026-11-20T10:00") as held:
        await held.register(LATENCY, "value")
        await held.hear(finalized(fast("99", warn_at={"burn_rate": "default"}), fast("99", {"rolling": "PT1H"})))
        await held.settle()
        await held.measure(value("2026-11-20T09:58:00"))
        await held.settle()
        asked = counting(held)
        for second in range(3):
            await held.measure(value(f"2026-11-20T09:59:0{second}"))
            await held.settle()
        assert asked == []
