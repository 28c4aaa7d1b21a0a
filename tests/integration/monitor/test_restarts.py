"""What a restart must not lose: timers of indicators nobody measures any more."""

from __future__ import annotations

from typing import Any

from tests.support.judged import Monitor, ground, judging
from tests.support.monitor import available, fast, finalized

UP = "payments.checkout"
LATENCY = "payments.checkout-latency"


async def ready(held: Monitor, *targets: dict[str, Any]) -> None:
    await held.register(UP, "availability")
    await held.register(LATENCY, "value")
    await held.hear(finalized(*targets))
    await held.settle()


async def test_windows_close_after_a_restart_though_no_fact_comes_any_more(database_url: str) -> None:
    async with ground(database_url, "2026-11-05T10:01") as where:
        async with judging(*where) as held:
            await ready(held, available(), fast("95"))
        async with judging(*where) as again:
            await again.settle("2026-12-01T00:10")
            assert (await again.names()).count("window-closed") == 2
