"""A published breach is revised when facts move it, and refuted content is not shown any more."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.support.checkout import LATENCY, UP, ready
from tests.support.judged import Monitor, monitor
from tests.support.monitor import PROVIDER, available, fast, resolved

ORDERS = "payments.orders"


def outage(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"indicator": UP, "outage": {"from": f"{start}Z", "to": f"{end}Z"}, **more}


def counts(instant: str, good: int, total: int, **more: Any) -> dict[str, Any]:
    return {"indicator": ORDERS, "at": f"{instant}Z", "good": good, "total": total, **more}


def ratio(at_least: str, **more: Any) -> dict[str, Any]:
    return {
        **fast(at_least, {"calendar": "day"}),
        "target_id": named_id(PROVIDER, "target", "checkout", "orders"),
        "key": "orders",
        "aggregation": "ratio",
        "indicator": {"owner_party_id": PROVIDER, "key": ORDERS},
        **more,
    }


async def revised(held: Monitor) -> list[dict[str, Any]]:
    return [data for name, data in await held.published() if name == "breach-revised"]


async def test_a_breach_that_late_facts_move_in_an_open_window_says_so(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T09:00") as held:
        await ready(held, available(window="day"))
        await held.settle("2026-11-05T12:00")
        await held.measure(outage("2026-11-05T10:00:00", "2026-11-05T10:10:00", id="o"))
        await held.settle()
        (before,) = await held.breaches()
        assert before["certain_at"] == "2026-11-05T10:01:26.400000Z"
        # The outage is corrected, and an earlier one turns up: the day's budget was spent by that.
        await held.measure(
            outage("2026-11-05T09:50:00", "2026-11-05T09:51:00"),
            outage("2026-11-05T10:00:00", "2026-11-05T10:05:00", id="o", revision=1),
        )
        await held.settle()
        (breach,) = await held.breaches()
        assert (breach["breach_id"], breach["certain_at"]) == (before["breach_id"], "2026-11-05T10:00:26.400000Z")
        assert breach["figure"] != before["figure"]
        assert breach["evidence"]["down"][0]["from"] == "2026-11-05T09:50:00.000000Z"
        (event,) = await revised(held)
        assert (event["breach_id"], event["revision"]) == (before["breach_id"], 1)
        assert {name: event["before"][name] for name in ("certain_at", "figure", "evidence")} == {
            name: before[name] for name in ("certain_at", "figure", "evidence")
        }
        assert [event[name] for name in ("certain_at", "figure")] == [breach[name] for name in ("certain_at", "figure")]


@pytest.mark.parametrize("closed", [False, True])
async def test_what_follows_a_breach_moves_nothing_of_it(database_url: str, closed: bool) -> None:
    async with monitor(database_url, "2026-11-05T09:00") as held:
        limited = {**fast("95", {"calendar": "day"}), "aggregation": "max", "objective": {"at_most": "500"}}
        await ready(held, available(window="day"), limited, ratio("99", expected_volume=100), resolved("PT1H"))
        await held.register(ORDERS, "ratio")
        told = {"source": "desk", "ticket": "1", "type": "incident", "priority": "P1"}
        await held.ticket({**told, "event": "opened", "at": "2026-11-05T09:00:00Z"})
        await held.settle("2026-11-05T09:15")
        await held.measure(outage("2026-11-05T09:00:00", "2026-11-05T09:10:00"), counts("2026-11-05T09:00:00", 0, 9))
        await held.measure({"indicator": LATENCY, "at": "2026-11-05T09:00:00Z", "value": 900.0})
        await held.settle("2026-11-05T10:30")
        before = {each["target_key"]: each for each in await held.breaches()}
        assert len(before) == 4
        await held.measure(outage("2026-11-05T10:20:00", "2026-11-05T10:30:00"), counts("2026-11-05T10:30:00", 3, 9))
        await held.measure({"indicator": LATENCY, "at": "2026-11-05T10:30:00Z", "value": 800.0})
        await held.ticket({**told, "event": "resolved", "at": "2026-11-05T10:30:00Z"})
        await held.settle("2026-11-07T00:00" if closed else None)
        after = {each["target_key"]: each for each in await held.breaches() if each["target_key"] in before}
        assert await revised(held) == []
        for name in ("certain_at", "figure", "evidence"):
            assert {key: each[name] for key, each in after.items()} == {key: each[name] for key, each in before.items()}


async def test_a_closed_window_whose_breach_moves_tells_both(database_url: str) -> None:
    async with monitor(database_url, "2026-11-07T00:00") as held:
        await held.register(ORDERS, "ratio")
        await ready(held, ratio("99"))
        await held.measure(counts("2026-11-05T09:00:00", 90, 100))
        await held.settle()
        await held.measure(counts("2026-11-05T10:00:00", 5, 100))
        await held.settle()
        (event,) = await revised(held)
        assert (event["before"]["figure"], event["figure"], event["late"]) == ("90/1", "95/2", True)
        (breach,) = await held.breaches()
        assert (breach["figure_display"], breach["revision"]) == ("47.5000", 1)


async def test_a_tickets_breach_moves_with_its_deadline(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T18:00") as held:
        await ready(held, resolved())
        told = {"source": "desk", "ticket": "1", "type": "incident", "priority": "P1", "id": "o"}
        await held.ticket({**told, "event": "opened", "at": "2026-11-05T09:00:00Z"})
        await held.settle()
        await held.ticket({**told, "event": "opened", "at": "2026-11-05T10:00:00Z", "revision": 1})
        await held.settle()
        (breach,) = await held.breaches()
        assert breach["certain_at"] == "2026-11-05T14:00:00.000000Z"
        assert breach["evidence"]["started_at"] == "2026-11-05T10:00:00.000000Z"
        (event,) = await revised(held)
        assert event["before"]["certain_at"] == "2026-11-05T13:00:00.000000Z"


async def test_a_rolling_breach_is_revised_once_its_first_minute_is_over(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        rolling = fast("95", {"rolling": "PT1H"})
        await ready(held, rolling)
        for second in range(0, 50, 10):
            await held.measure({"indicator": LATENCY, "at": f"2026-11-05T10:00:{second:02d}Z", "value": 900.0 - second})
            await held.measure({"indicator": LATENCY, "at": f"2026-11-05T10:00:{second:02d}Z", "value": 100.0 + second})
            await held.settle(f"2026-11-05T10:00:{second:02d}")
        assert await revised(held) == []
        await held.settle("2026-11-05T10:01")
        seen = await revised(held)
        assert len(seen) <= 1
        (breach,) = await held.breaches()
        assert (breach["figure_display"], breach["evidence"]) == ("50.0000", {"good": 5, "total": 10})
        await held.measure({"indicator": LATENCY, "at": "2026-11-05T10:00:30Z", "value": 950.0})
        await held.settle("2026-11-05T10:02")
        (breach,) = await held.breaches()
        assert (breach["evidence"], len(await revised(held))) == ({"good": 5, "total": 11}, len(seen) + 1)


# -- an objective of 100 percent ----------------------------------------------------------------------------------


async def test_an_objective_of_all_breaches_with_the_first_bad_event(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T09:00") as held:
        await held.register(ORDERS, "ratio")
        await ready(held, available("100"), ratio("100", window={"calendar": "month"}))
        await held.measure(counts("2026-11-05T08:00:00", 500, 500), counts("2026-11-05T08:30:00", 499, 500))
        await held.measure(outage("2026-11-05T08:00:00", "2026-11-05T08:00:01"))
        await held.settle()
        states, events = await held.breaches()
        assert (events["certain_at"], events["figure_display"]) == ("2026-11-05T08:30:00.000000Z", "99.9000")
        assert events["evidence"] == {"good": 999, "total": 1000}
        assert (states["certain_at"], states["figure_display"]) == ("2026-11-05T08:00:00.000000Z", "99.9999")
        assert states["shortfall"] != "0/1" and states["evidence"]["down"] != []
        for target in (available("100"), ratio("100")):
            detail = (await held.windows(target["target_id"]))["2026-11"]["detail"]
            assert detail.get("budget") is None and detail["consumed_percent"] is None
            assert detail.get("burn_rate") is None
        await held.measure(counts("2026-11-05T08:40:00", 100, 100))
        await held.settle()
        assert await revised(held) == []
        # A good minute before the first bad one is part of what it had come to by then.
        await held.measure(counts("2026-11-05T08:10:00", 1000, 1000))
        await held.settle()
        (event,) = await revised(held)
        assert event["evidence"] == {"good": 1999, "total": 2000}


# -- counts behind a figure ---------------------------------------------------------------------------------------


async def test_counts_that_change_behind_an_unchanged_figure_are_restated(database_url: str) -> None:
    async with monitor(database_url, "2026-11-07T00:00") as held:
        await held.register(ORDERS, "ratio")
        await ready(held, ratio("99"), available(window="day"))
        await held.measure(counts("2026-11-05T09:00:00", 1, 1))
        await held.settle()
        told = len(await held.published())
        await held.measure(counts("2026-11-05T10:00:00", 1, 1))
        # An hour without a state: all that is known is up, as before.
        await held.measure(
            {"indicator": UP, "at": "2026-11-05T09:00:00Z", "state": "unknown"},
            {"indicator": UP, "at": "2026-11-05T10:00:00Z", "state": "up"},
        )
        await held.settle()
        restated = [data for name, data in (await held.published())[told:] if name == "window-restated"]
        found = {
            (each["target_key"], each["before"]["good"], each["good"], each["unknown_seconds"]) for each in restated
        }
        assert found == {("orders", "1", "2", 0), ("availability", f"{86400 * 10**6}", f"{82800 * 10**6}", 3600)}


async def test_closed_slices_below_their_objective_are_breached(database_url: str) -> None:
    slices = {"time_slices": {"width": "PT5M", "good_if": "0.95", "budget": "slices"}}
    async with monitor(database_url, "2026-11-07T00:00") as held:
        await held.register(ORDERS, "ratio")
        await ready(held, ratio("99", aggregation=slices))
        # 100 of the day's 288 slices have data, and two of those are bad: 98 percent, with a budget of one.
        items = [counts(f"2026-11-05T{minute // 60:02d}:{minute % 60:02d}:00", 1, 1) for minute in range(0, 490, 5)]
        items += [counts("2026-11-05T08:10:00", 0, 1), counts("2026-11-05T08:15:00", 0, 1)]
        await held.measure(*items)
        await held.settle()
        window = (await held.windows(ratio("99")["target_id"]))["2026-11-05"]
        assert (window["figure_display"], window["verdict"], window["detail"]["budget"]) == (
            "98.0000",
            "breached",
            "1/1",
        )
        (breach,) = await held.breaches()
        assert breach["figure_display"] < "99" and breach["evidence"]["bad_slices"]
