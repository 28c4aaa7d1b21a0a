"""Targets of states at work: levels, warnings that time moves, windows cut by an amendment, breaches kept current."""

from __future__ import annotations

from tests.support.checkout import down, ready, turns
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import available, finalized

TARGET = available()["target_id"]


async def risks(held: Monitor, cause: str) -> list[tuple[str, str]]:
    """(event, at) of every warning of a cause, in the order of leaving."""
    told = await held.published()
    return [
        (name, data["at"][:19])
        for name, data in told
        if name in ("target-at-risk", "risk-cleared") and data["cause"] == cause
    ]


async def test_unacceptable_service_is_a_breach_of_its_own_at_its_own_instant(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, available("99.9", unacceptable={"at_least": "99"}))
        await turns(held, "2026-11-05T10:00", "down")
        await held.settle("2026-11-05T17:11")
        assert [breach["level"] for breach in await held.breaches()] == ["objective"]
        await held.settle("2026-11-05T17:12")
        breaches = await held.breaches()
        assert [(each["level"], each["certain_at"][:19]) for each in breaches] == [
            ("objective", "2026-11-05T10:43:12"),
            ("unacceptable", "2026-11-05T17:12:00"),
        ]
        assert breaches[1]["objective"] == {"at_least": "99/1", "unit": "percent"}


async def test_a_correction_withdraws_the_second_level_and_leaves_the_first(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available("99.9", unacceptable={"at_least": "99"}))
        await down(held, "2026-11-05T10:00", "2026-11-05T20:00", id="o")
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00", id="o", revision=1)
        assert {each["level"]: each["standing"] for each in await held.breaches()} == {
            "objective": True,
            "unacceptable": False,
        }


async def test_a_breach_follows_its_facts_without_being_published_again(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available())
        await down(held, "2026-11-05T10:00", "2026-11-05T12:00")
        (before,) = await held.breaches()
        await down(held, "2026-11-04T10:00", "2026-11-04T10:30")
        (after,) = await held.breaches()
        assert (before["certain_at"], after["certain_at"]) == (
            "2026-11-05T10:43:12.000000Z",
            "2026-11-05T10:13:12.000000Z",
        )
        assert after["evidence"]["down"] == [
            {"from": "2026-11-04T10:00:00.000000Z", "to": "2026-11-04T10:30:00.000000Z"},
            {"from": "2026-11-05T10:00:00.000000Z", "to": "2026-11-05T10:13:12.000000Z"},
        ]
        assert after["figure"] != before["figure"] and after["published_at"] == before["published_at"]
        assert (await held.names()).count("target-breached") == 1


async def test_a_projection_clears_by_time_alone(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T00:00") as held:
        await ready(held, available(warn_at={"projected": True}))
        await turns(held, "2026-11-02T00:00", "down")
        await held.settle("2026-11-02T00:30")
        await turns(held, "2026-11-02T00:30", "up")
        # It clears where 30 minutes, carried on to the month's end, come to nine tenths of the budget of 43.2 minutes:
        # after 30 / 38.88 of 30 days.
        await held.settle("2026-11-24T03:33")
        assert [name for name, _ in await risks(held, "projection")] == ["target-at-risk"]
        await held.settle("2026-11-24T03:33:20")
        assert (await risks(held, "projection"))[-1] == ("risk-cleared", "2026-11-24T03:33:20")


async def test_a_budget_about_to_end_warns_with_the_time_left(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, available(warn_at={"time_to_exhaustion": ["PT30M"]}))
        await turns(held, "2026-11-05T10:00", "down")
        await held.settle("2026-11-05T10:13")
        assert await risks(held, "time_to_exhaustion") == []
        await held.settle("2026-11-05T10:14")
        (risk,) = [data for name, data in await held.published() if name == "target-at-risk"]
        assert (risk["threshold"], risk["at"]) == ("PT30M", "2026-11-05T10:13:12.000001Z")
        assert risk["time_left_seconds"] == 29 * 60 + 12


async def test_a_sudden_drop_of_the_budget_warns_and_clears_when_past(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, available(warn_at={"budget_drop": [{"by": "20", "within": "PT1H"}]}))
        await turns(held, "2026-11-05T10:00", "down")
        await held.settle("2026-11-05T10:08")
        assert await risks(held, "budget_drop") == []
        await held.settle("2026-11-05T10:09")
        await turns(held, "2026-11-05T10:09", "up")
        assert await risks(held, "budget_drop") == [("target-at-risk", "2026-11-05T10:09:00")]
        for minute in range(5):
            await held.settle(f"2026-11-05T11:0{minute}")
        assert (await risks(held, "budget_drop"))[-1][0] == "risk-cleared"


async def test_an_amendment_that_splits_cuts_the_window_in_two(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, available("99.9"))
        await down(held, "2026-11-05T10:00", "2026-11-05T10:10")
        stricter = available("99.99", on_amendment="split")
        await held.hear(finalized(stricter, version=2, effective_at="2026-11-16T00:00:00Z"))
        await held.settle("2026-11-17T00:00")
        windows = await held.windows(TARGET)
        assert {name: (each["end_at"][:10], each["version"]) for name, each in windows.items()} == {
            "2026-11": ("2026-11-16", 1),
            "2026-11.v2": ("2026-12-01", 2),
        }
        assert windows["2026-11.v2"]["start_at"] == "2026-11-16T00:00:00.000000Z"
        assert windows["2026-11"]["closed_at"] is not None
        # 0.01 % of fifteen days are 129.6 seconds.
        await down(held, "2026-11-16T10:00", "2026-11-16T10:03")
        (breach,) = await held.breaches()
        assert (breach["window_id"], breach["certain_at"]) == ("2026-11.v2", "2026-11-16T10:02:09.600000Z")
        await held.settle("2027-01-02T00:00")
        assert set(await held.windows(TARGET)) == {"2026-11", "2026-11.v2", "2026-12", "2027-01"}


async def test_an_amendment_to_another_indicator_begins_a_new_history_at_the_cut(database_url: str) -> None:
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await held.register("payments.other", "availability")
        await ready(held, available("99.9"))
        other = available("99.9", on_amendment="split")
        other["indicator"] = {**other["indicator"], "key": "payments.other"}
        await held.hear(finalized(other, version=2, effective_at="2026-11-16T00:00:00Z"))
        await held.settle("2026-12-02T00:00")
        windows = await held.windows(TARGET)
        assert {name: each["end_at"][:10] for name, each in windows.items()} == {
            "2026-11": "2026-11-16",
            "2026-11.v2": "2026-12-01",
            "2026-12": "2027-01-01",
        }
        await down(held, "2026-11-17T10:00", "2026-11-17T12:00")
        assert await held.breaches() == []


async def test_a_restart_between_facts_measures_what_goes_on_measures(database_url: str) -> None:
    async with ground(database_url, "2026-11-10T00:00") as (database, log, clock):
        target = available("99.9", degraded={"weight": "0.5"}, warn_at={"projected": True, "budget_consumed": ["50"]})
        async with judging(database, log, clock) as held:
            await ready(held, target)
            await turns(held, "2026-11-05T10:00", "degraded")
            await turns(held, "2026-11-05T10:40", "down")
            await turns(held, "2026-11-05T10:50", "up")
            going_on = (await held.windows(TARGET))["2026-11"]
            told = await held.published()
        async with judging(database, log, clock) as again:
            await again.settle()
            await down(again, "2026-11-05T10:45", "2026-11-05T10:50", id="inside")
            anew = (await again.windows(TARGET))["2026-11"]
            assert (anew["figure"], anew["detail"]) == (going_on["figure"], going_on["detail"])
            assert await again.published() == told
