"""Results of an import are published once, then its completion, and never a figure of half the history."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, available, finalized, resolved
from tests.support.monitor_service import migrated_database

UP = "payments.checkout"
LATENCY = "payments.latency"
CLOCK = resolved()
SHARE = {
    "target_id": named_id(PROVIDER, "target", "checkout", "in-time"),
    "key": "in-time",
    "title": "in time",
    "service_id": "service",
    "indicator": None,
    "aggregation": {"compliance": CLOCK["key"]},
    "objective": {"at_least": "50", "unit": "percent"},
    "window": {"calendar": "month"},
    "service_hours": "24x7",
    "warn_at": {},
    "weight": "1",
    "responsible": {},
}
TICKETS, MANY = 600, 2_700
"""``MANY`` tickets are more than both partitions evaluate in two steps."""
YEAR = {"effective_at": "2026-01-01T00:00:00Z"}


def outage(start: str, end: str) -> dict[str, Any]:
    return {"indicator": UP, "outage": {"from": f"{start}:00Z", "to": f"{end}:00Z"}}


def history(first: int, last: int) -> list[dict[str, Any]]:
    """Tickets of January to March; every third of them was resolved in time."""
    found = []
    for number in range(first, last):
        told = {"source": "desk", "ticket": f"{number}", "type": "incident", "priority": "P1"}
        day = f"2026-{number % 3 + 1:02d}-{number % 27 + 1:02d}"
        hour = "10" if number % 9 < 3 else "20"
        found += [
            {**told, "event": "opened", "at": f"{day}T09:00:00Z", "id": "o"},
            {**told, "event": "resolved", "at": f"{day}T{hour}:00:00Z", "id": "r"},
        ]
    return found


async def told(held: Monitor) -> dict[tuple[str, str], list[str]]:
    """(target, window) → its published figures, in order."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, data in await held.published():
        if name in ("window-closed", "window-restated"):
            key = (data["target_key"], data["window_id"])
            found.setdefault(key, []).append(f"{data['good']} of {data['total']}")
    return found


async def stands(held: Monitor) -> dict[str, Any]:
    """Figures, verdicts and breaches in force."""
    windows = {
        (target["key"], name): (row["verdict"], row["figure"], row["good"], row["total"])
        for target in (available(), SHARE)
        for name, row in (await held.windows(target["target_id"])).items()
    }
    breaches = sorted(
        (each["breach_id"], each["certain_at"], each["figure"] or "")
        for each in await held.breaches()
        if each["standing"]
    )
    return {"windows": windows, "breaches": breaches}


async def load(held: Monitor, tickets: int = TICKETS) -> None:
    for first in range(0, tickets, 300):
        await held.ticket(*history(first, first + 300))
        await held.settle()
    await held.measure(outage("2026-02-10T10:00", "2026-02-10T12:00"))
    await held.settle()


async def test_a_window_of_an_import_is_published_once_with_all_tickets(database_url: str) -> None:
    async with monitor(database_url, "2026-06-10T00:00") as held:
        await held.register(UP, "availability")
        await held.hear(finalized(available(), CLOCK, SHARE, **YEAR))
        await held.settle()
        before = len(await held.published())
        import_id = await held.hold(UP, sources=["desk"])
        await load(held, MANY)
        # Until it is complete, nothing is told of what had ended before it was opened.
        assert [name for name, _ in (await held.published())[before:]] == []
        await held.release(import_id)
        await held.settle()
        of_import = await told(held)
        assert {name: figures[1:] for name, figures in of_import.items() if name[0] == "in-time"} == {
            ("in-time", "2026-01"): ["300 of 900"],
            ("in-time", "2026-02"): ["300 of 900"],
            ("in-time", "2026-03"): ["300 of 900"],
            ("in-time", "2026-04"): [],
            ("in-time", "2026-05"): [],
        }
        assert len(of_import["availability", "2026-02"]) == 2


async def test_an_import_that_is_judged_says_so_for_each_agreement_it_touched(database_url: str) -> None:
    async with monitor(database_url, "2026-06-10T00:00") as held:
        await held.register(UP, "availability")
        await held.hear(finalized(available(), CLOCK, SHARE, **YEAR))
        await held.settle()
        import_id = await held.hold(UP, sources=["desk"])
        await load(held)
        await held.release(import_id)
        await held.settle()
        published = await held.published()
        (judged,) = [data for name, data in published if name == "import-judged"]
        # Three months of tickets, the month of the outage, and three later ones whose state is known since the outage.
        assert (judged["import_id"], judged["windows_closed"], judged["windows_restated"]) == (import_id, 0, 7)
        assert judged["clocks_ended"] == TICKETS
        of_import = [(name, data) for name, data in published if data.get("import_id") == import_id]
        on_breaches = [name for name, _ in of_import if name in ("target-breached", "breach-withdrawn")]
        assert judged["breach_events"] == len(on_breaches) > 400
        assert of_import[-1][0] == "import-judged"


async def test_signing_or_importing_first_comes_to_the_same(database_url: str) -> None:
    found = []
    for signs_first in (True, False):
        async with monitor(await fresh(database_url, signs_first), "2026-06-10T00:00") as held:
            await held.register(UP, "availability")
            if signs_first:
                await held.hear(finalized(available(), CLOCK, SHARE, **YEAR))
                await held.settle()
            import_id = await held.hold(UP, sources=["desk"])
            await load(held, MANY)
            await held.release(import_id)
            await held.settle()
            if not signs_first:
                await held.hear(finalized(available(), CLOCK, SHARE, **YEAR))
                await held.settle()
                # Each window closes once, by all of its tickets.
                assert {name: len(figures) for name, figures in (await told(held)).items()} == {
                    (key, f"2026-{month:02d}"): 1 for key in ("availability", "in-time") for month in range(1, 6)
                }
            found.append(await stands(held))
    assert found[0] == found[1]


async def fresh(database_url: str, is_first: bool) -> str:
    return database_url if is_first else await migrated_database()


@pytest.mark.parametrize(
    "live",
    [outage("2026-06-10T01:10", "2026-06-10T01:11"), {"indicator": LATENCY, "at": "2026-06-10T01:10:00Z", "value": 7}],
)
async def test_an_import_ends_by_itself_an_hour_after_its_last_facts(database_url: str, live: dict[str, Any]) -> None:
    async with monitor(database_url, "2026-06-10T00:00") as held:
        await held.register(UP, "availability")
        await held.register(LATENCY, "value")
        await held.hear(finalized(available(), **YEAR))
        await held.settle()
        await held.hold(UP, LATENCY)
        await held.settle("2026-06-10T00:50")
        await held.measure(outage("2026-02-10T10:00", "2026-02-10T12:00"))
        await held.settle()
        # What is measured now says nothing of the past, and keeps nothing open.
        await held.settle("2026-06-10T01:20")
        await held.measure(live)
        await held.settle()
        await held.settle("2026-06-10T01:49")
        assert len((await told(held))["availability", "2026-02"]) == 1
        await held.settle("2026-06-10T01:51")
        assert len((await told(held))["availability", "2026-02"]) == 2
        (judged,) = [data for name, data in await held.published() if name == "import-judged"]
        assert judged["ended_as"] == "expired"


async def test_a_restart_in_the_middle_of_an_import_tells_nothing_twice(database_url: str) -> None:
    async with ground(database_url, "2026-06-10T00:00") as where:
        async with judging(*where) as held:
            await held.register(UP, "availability")
            await held.hear(finalized(available(), CLOCK, SHARE, **YEAR))
            await held.settle()
            import_id = await held.hold(UP, sources=["desk"])
            await held.ticket(*history(0, 300))
            await held.settle()
        async with judging(*where) as held:
            await held.ticket(*history(300, TICKETS))
            await held.settle()
            await held.release(import_id)
            for _ in range(8):
                await held.judge.step(0.0)
        async with judging(*where) as held:
            await held.settle()
            assert all(len(figures) <= 2 for figures in (await told(held)).values())
            assert [name for name, _ in await held.published()].count("import-judged") == 1
            assert (await told(held))["in-time", "2026-03"][-1] == "67 of 200"
