"""Edge cases of timers: none fires any more, none has fired yet, or one belongs to a clock that never ran."""

from __future__ import annotations

from tests.support.checkout import ready
from tests.support.judged import ground, judging
from tests.support.monitor import available, fast, resolved


async def test_windows_close_after_a_restart_though_no_fact_comes_any_more(database_url: str) -> None:
    async with ground(database_url, "2026-11-05T10:01") as where:
        async with judging(*where) as held:
            await ready(held, available(), fast("95"))
        async with judging(*where) as again:
            await again.settle("2026-12-01T00:10")
            assert (await again.names()).count("window-closed") == 2


async def test_a_whole_life_received_at_once_is_breached_without_a_timer(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as where, judging(*where) as held:
        await ready(held, resolved())
        told = {"source": "desk", "ticket": "1", "type": "incident", "priority": "P1"}
        await held.ticket(
            {**told, "event": "opened", "at": "2026-11-02T09:00:00Z"},
            {**told, "event": "resolved", "at": "2026-11-02T17:00:00Z"},
        )
        await held.settle()
        (breach,) = await held.breaches()
        assert breach["certain_at"] == "2026-11-02T13:00:00.000000Z"


async def test_a_late_opening_undoes_a_clock_that_never_ran(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as where, judging(*where) as held:
        await ready(held, resolved())
        told = {"source": "desk", "ticket": "1", "type": "incident", "priority": "P1"}
        await held.ticket({**told, "event": "assigned", "at": "2026-11-02T09:00:00Z"})
        await held.settle()
        assert [clock["state"] for clock in await held.clocks()] == ["breached"]
        await held.ticket({**told, "event": "opened", "at": "2026-10-30T09:00:00Z"})
        await held.settle()
        assert await held.clocks() == []
        assert (await held.names())[-2:] == ["breach-withdrawn", "clock-cancelled"]
