"""The share of tickets whose clocks were kept: by calendar window, in which each clock ended."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, finalized, resolved

CLOCK = resolved()
SHARE = named_id(PROVIDER, "target", "checkout", "p1-compliance")


def compliance(of: Any = CLOCK["key"], **more: Any) -> dict[str, Any]:
    return {
        "target_id": SHARE,
        "key": "p1-compliance",
        "title": "P1 in time",
        "service_id": "service",
        "indicator": None,
        "aggregation": {"compliance": of},
        "objective": {"at_least": "75", "unit": "percent"},
        "window": {"calendar": "month"},
        "service_hours": "24x7",
        "warn_at": {},
        "weight": "1",
        "responsible": {},
        **more,
    }


def life(ticket: str, opened: str, resolved_at: str | None = None) -> list[dict[str, Any]]:
    told = {"source": "desk", "ticket": ticket, "type": "incident", "priority": "P1"}
    events = [{**told, "event": "opened", "at": f"2026-{opened}:00Z", "id": "o"}]
    return events + ([{**told, "event": "resolved", "at": f"2026-{resolved_at}:00Z"}] if resolved_at else [])


async def figures(held: Monitor) -> dict[str, tuple[int, int, str]]:
    return {name: (row["good"], row["total"], row["verdict"]) for name, row in (await held.windows(SHARE)).items()}


@pytest.mark.parametrize("of", [CLOCK["key"], {"target": CLOCK["key"]}])
async def test_a_ticket_counts_in_the_window_in_which_its_clock_ended(database_url: str, of: Any) -> None:
    async with monitor(database_url, "2026-12-01T00:05") as held:
        await held.hear(finalized(CLOCK, compliance(of)))
        await held.ticket(
            *life("met", "11-10T09:00", "11-10T12:00"),
            *life("late", "11-11T09:00", "12-01T00:01"),
            *life("over", "11-30T22:00", "12-01T00:04"),
            *life("ends-next-month", "11-30T21:00"),
            *life("breached", "11-20T09:00"),
        )
        await held.settle()
        # At midnight one clock had stopped in time and two were past their deadlines; one stopped after it.
        assert await figures(held) == {"2026-11": (1, 3, "at_risk"), "2026-12": (1, 1, "met")}
        await held.settle("2026-12-01T01:00")
        assert await figures(held) == {"2026-11": (1, 3, "breached"), "2026-12": (1, 2, "at_risk")}
        (breach,) = [each for each in await held.breaches() if each["target_key"] == "p1-compliance"]
        assert breach["certain_at"] == "2026-12-01T00:00:00.000000Z"


async def test_a_correction_removes_a_ticket_from_a_closed_window_and_restates_it(database_url: str) -> None:
    async with ground(database_url, "2026-12-02T00:00") as where:
        async with judging(*where) as held:
            await held.hear(finalized(CLOCK, compliance()))
            await held.ticket(*life("1", "11-10T09:00"), *life("2", "11-10T09:00", "11-10T10:00"))
            await held.settle()
            assert (await figures(held))["2026-11"] == (1, 2, "breached")
        async with judging(*where) as again:
            corrected = {**life("1", "12-01T22:00")[0], "revision": 1}
            await again.ticket(corrected)
            await again.settle()
            assert (await figures(again))["2026-11"] == (1, 1, "met")
            names = await again.names()
            assert names.count("window-restated") == 1
            assert names.count("breach-withdrawn") == 2
