"""``min_coverage``: a window of which too little is known closes without a verdict, unless it is surely breached.

The arithmetic is written out beside each answer. November 2026 has 720 hours.
"""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.integration.monitor.test_compliance import CLOCK, compliance, life
from tests.support.checkout import LATENCY, down, ready, turns
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import PROVIDER, available, fast, finalized
from tests.support.monitor_service import Service
from tests.support.service import until

DAY = {"calendar": "day"}
REASON = "insufficient_coverage"


def of_values(key: str, aggregation: Any, objective: dict[str, str], least: str, **more: Any) -> dict[str, Any]:
    return {**fast(window=DAY, **more), "key": key, "target_id": named_id(PROVIDER, "target", key)} | {
        "aggregation": aggregation,
        "objective": objective,
        "min_coverage": least,
    }


async def values(held: Monitor, *instants: str, value: float = 100.0, **more: Any) -> None:
    await held.measure(*({"indicator": LATENCY, "at": f"{each}:00Z", "value": value, **more} for each in instants))
    await held.settle()


async def closed(held: Monitor, target: dict[str, Any], window_id: str) -> tuple[str, str | None, str | None]:
    window = (await held.windows(target["target_id"]))[window_id]
    detail = window["detail"]
    return window["verdict"], detail.get("coverage_percent"), detail.get("no_data_reason")


async def causes(held: Monitor) -> list[str]:
    return [data["cause"] for kind, data in await held.published() if kind == "breach-withdrawn"]


async def test_a_breach_of_a_window_half_unknown_is_withdrawn_at_the_close(database_url: str) -> None:
    """30 minutes of 1,000 × 30 minutes = 500 hours: once 220 hours are unknown, 16 November + 220 h, they are too many.

    Known are 15 of 30 days, 50 percent, less than 95. If all the unknown time was up, the budget would be 0.1 percent
    of 720 hours = 43.2 minutes: more than the 30 that were down, so that the breach is not sure.
    """
    target = available(min_coverage="95")
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await ready(held, target)
        await turns(held, "2026-11-01T00:00", "up")
        await down(held, "2026-11-05T10:00", "2026-11-05T10:30")
        await turns(held, "2026-11-16T00:00", "unknown")
        await held.settle("2026-12-01T00:00")
        (breach,) = await held.breaches()
        assert (breach["standing"], breach["certain_at"][:16]) == (True, "2026-11-25T04:00")
        await held.settle("2026-12-01T00:10")
        assert await closed(held, target, "2026-11") == ("no_data", "50/1", REASON)
        assert await causes(held) == [REASON]
        told = [data for kind, data in await held.published() if kind == "window-closed"]
        assert [(each["verdict"], each["no_data_reason"], each["figure_display"]) for each in told] == [
            ("no_data", REASON, "99.8611")
        ]
        # Later facts: up all the time but for one minute. 30 minutes are within 0.1 percent of 43,199: 43.199.
        await turns(held, "2026-11-16T00:01", "up")
        await held.settle()
        assert await closed(held, target, "2026-11") == ("met", "43199/432", None)


async def test_more_downtime_than_the_whole_budget_is_a_breach_whatever_is_unknown(database_url: str) -> None:
    """44 minutes down are more than 0.1 percent of 720 hours, 43.2 minutes, although half of the month is unknown."""
    target = available(min_coverage="95")
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await ready(held, target)
        await turns(held, "2026-11-01T00:00", "up")
        await down(held, "2026-11-05T10:00", "2026-11-05T10:44")
        await turns(held, "2026-11-16T00:00", "unknown")
        await held.settle("2026-12-02T00:00")
        assert await closed(held, target, "2026-11") == ("breached", "50/1", None)
        assert await causes(held) == []


async def test_unknown_time_that_counts_as_down_is_no_known_downtime(database_url: str) -> None:
    """With ``unknown: down`` the 360 unknown hours are a breach while the window is open, and none at its close."""
    target = available(unknown="down", min_coverage="60")
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await ready(held, target)
        await turns(held, "2026-11-01T00:00", "up")
        await turns(held, "2026-11-16T00:00", "unknown")
        assert [each["standing"] for each in await held.breaches()] == [True]
        await held.settle("2026-12-02T00:00")
        assert await closed(held, target, "2026-11") == ("no_data", "50/1", REASON)
        assert [each["standing"] for each in await held.breaches() if each["window_id"] == "2026-11"] == [False]


async def test_an_indicator_that_was_never_measured_gets_no_verdict(database_url: str) -> None:
    target = available(min_coverage="0.1")
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await ready(held, target)
        await held.settle("2026-12-02T00:00")
        assert await closed(held, target, "2026-11") == ("no_data", "0/1", REASON)


async def test_outages_beyond_the_allowed_number_stand_whatever_is_unknown(database_url: str) -> None:
    most = available(min_coverage="60") | {
        "aggregation": {"outages": {"at_least": "PT5M"}},
        "objective": {"at_most": "0", "unit": "count"},
    }
    calm = most | {"key": "calm", "target_id": named_id(PROVIDER, "target", "calm")}
    calm["objective"] = {"at_most": "1", "unit": "count"}
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await ready(held, most, calm)
        await turns(held, "2026-11-01T00:00", "up")
        await down(held, "2026-11-05T10:00", "2026-11-05T10:06")
        await turns(held, "2026-11-16T00:00", "unknown")
        await held.settle("2026-12-02T00:00")
        assert await closed(held, most, "2026-11") == ("breached", "50/1", None)
        assert await closed(held, calm, "2026-11") == ("no_data", "50/1", REASON)


async def test_minutes_near_measurements_are_the_coverage_of_counted_figures(database_url: str) -> None:
    """Each value covers its minute and the 60 after it. Values at 10:00, 10:30 and 20:00 cover 10:00 to 11:30 (91
    minutes) and 20:00 to 21:00 (61): 152 of 1,440 minutes = 10 5/9 percent. One of the day before, at 23:30, covers
    00:00 to 00:30: 31 more, 183 of 1,440.
    """
    enough, more = (
        of_values("enough", {"share_at_most": "300"}, {"at_least": "99", "unit": "percent"}, "12.7"),
        of_values("more", {"share_at_most": "300"}, {"at_least": "99", "unit": "percent"}, "12.8"),
    )
    async with monitor(database_url, "2026-11-12T00:00") as held:
        await ready(held, enough, more)
        await values(held, "2026-11-10T10:00", "2026-11-10T10:30", "2026-11-10T20:00")
        await values(held, "2026-11-10T20:00", value=900.0)
        assert await closed(held, enough, "2026-11-10") == ("no_data", "95/9", REASON)
        await values(held, "2026-11-09T23:30")
        # One of four values was too slow: the figure misses its objective.
        assert await closed(held, enough, "2026-11-10") == ("breached", "305/24", None)
        assert await closed(held, more, "2026-11-10") == ("no_data", "305/24", REASON)


async def test_minutes_of_the_night_are_not_expected_to_be_measured(database_url: str) -> None:
    """10 November is open from 08:00 to 18:00, 600 minutes. A value at 07:30 covers 08:00 to 08:30, 31 minutes; one at
    17:00 covers 17:00 to 17:59, 60 of the 61: 91 of 600.
    """
    target = of_values(
        "open", {"share_at_most": "300"}, {"at_least": "99", "unit": "percent"}, "15.2", service_hours="business"
    )
    async with monitor(database_url, "2026-11-12T00:00") as held:
        await ready(held, target)
        await values(held, "2026-11-10T07:30", "2026-11-10T17:00")
        assert await closed(held, target, "2026-11-10") == ("no_data", "91/6", REASON)


async def test_a_removed_measurement_leaves_its_minutes_unmeasured(database_url: str) -> None:
    """A value with an id that moves from 10:00 to 10:30 covers 61 minutes, as before: 61 of 1,440."""
    target = of_values("moved", {"share_at_most": "300"}, {"at_least": "99", "unit": "percent"}, "1")
    async with monitor(database_url, "2026-11-12T00:00") as held:
        await ready(held, target)
        await values(held, "2026-11-10T10:00", id="v")
        await values(held, "2026-11-10T20:00", id="w")
        assert await closed(held, target, "2026-11-10") == ("met", "305/36", None)
        await values(held, "2026-11-10T20:30", id="v", revision=1)
        assert await closed(held, target, "2026-11-10") == ("met", "455/72", None)


async def test_coverage_of_values_survives_a_restart(database_url: str) -> None:
    """Values at 10:00 and 12:00 cover 61 minutes each, 122 of 1,440."""
    target = of_values("kept", {"share_at_most": "300"}, {"at_least": "99", "unit": "percent"}, "8")
    async with ground(database_url, "2026-11-10T12:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, target)
            await values(held, "2026-11-10T10:00")
            await held.save()
        async with judging(database, log, clock) as again:
            await values(again, "2026-11-10T12:00")
            await again.settle("2026-11-12T00:00")
            assert await closed(again, target, "2026-11-10") == ("met", "305/36", None)


@pytest.mark.parametrize(
    ("aggregation", "objective", "verdict"),
    [
        ("max", {"at_most": "800"}, "breached"),
        ("min", {"at_least": "50"}, "no_data"),
        ("mean", {"at_most": "300"}, "no_data"),
        ({"share_at_most": "300"}, {"at_least": "100", "unit": "percent"}, "breached"),
        ({"quantile": "0.95"}, {"at_most": "300"}, "no_data"),
    ],
)
async def test_one_bad_value_is_a_breach_only_where_no_other_value_could_repair_it(
    database_url: str, aggregation: Any, objective: dict[str, str], verdict: str
) -> None:
    target = of_values("one", aggregation, objective, "90")
    async with monitor(database_url, "2026-11-12T00:00") as held:
        await ready(held, target)
        await values(held, "2026-11-10T10:00", value=900.0)
        assert (await closed(held, target, "2026-11-10"))[0] == verdict


async def test_a_miss_certain_by_the_expected_volume_needs_no_coverage(database_url: str) -> None:
    """Of 100 expected values 1 may be bad. 2 bad ones are too many, even if the other 98 are good."""
    target = of_values(
        "volume", {"share_at_most": "300"}, {"at_least": "99", "unit": "percent"}, "90", expected_volume=100
    )
    async with monitor(database_url, "2026-11-12T00:00") as held:
        await ready(held, target)
        await values(held, "2026-11-10T10:00", value=900.0)
        assert (await closed(held, target, "2026-11-10"))[0] == "no_data"
        await values(held, "2026-11-10T10:01", value=901.0)
        assert (await closed(held, target, "2026-11-10"))[0] == "breached"


async def test_judged_slices_of_those_scheduled_are_the_coverage_of_time_slices(database_url: str) -> None:
    """24 slices of an hour, 3 with data: 12.5 percent. One bad slice of 24 keeps 90 percent, three do not."""
    target = of_values("sliced", {"time_slices": {"width": "PT1H"}}, {"at_least": "90", "unit": "percent"}, "50")
    target["indicator"] = {"owner_party_id": PROVIDER, "key": "payments.orders"}
    async with monitor(database_url, "2026-11-12T00:00") as held:
        await held.register("payments.orders", "ratio")
        await ready(held, target)

        async def orders(hour: int, good: int) -> None:
            at = f"2026-11-10T{hour:02}:30:00Z"
            await held.measure({"indicator": "payments.orders", "at": at, "good": good, "total": 10})
            await held.settle()

        await orders(1, 10)
        await orders(2, 9)
        await orders(3, 10)
        assert await closed(held, target, "2026-11-10") == ("no_data", "25/2", REASON)
        await orders(4, 0)
        assert await closed(held, target, "2026-11-10") == ("no_data", "50/3", REASON)
        await orders(5, 1)
        # Three bad slices of 24 are 12.5 percent, more than 10.
        assert await closed(held, target, "2026-11-10") == ("breached", "125/6", None)


async def test_inconsistent_tickets_are_not_covered(database_url: str) -> None:
    """Two tickets are judged and one is inconsistent: 66 2/3 percent. One missed of three keeps 50 percent."""
    target = compliance(objective={"at_least": "50", "unit": "percent"}, min_coverage="70")
    async with monitor(database_url, "2026-12-02T00:00") as held:
        await held.hear(finalized(CLOCK, target))
        await held.ticket(
            *life("met", "11-10T09:00", "11-10T10:00"),
            *life("late", "11-11T09:00", "11-12T09:00"),
            *life("odd", "11-13T09:00", "11-13T08:00"),
        )
        await held.settle()
        assert await closed(held, target, "2026-11") == ("no_data", "200/3", REASON)
        await held.ticket(
            *life("late-2", "11-14T09:00", "11-15T09:00"),
            *life("late-3", "11-14T09:00", "11-15T09:00"),
            *life("odd-2", "11-13T09:00", "11-13T08:00"),
        )
        await held.settle()
        # Three missed of six, four judged: 3 is not more than 50 percent of 6.
        assert await closed(held, target, "2026-11") == ("no_data", "200/3", REASON)
        await held.ticket(*life("late-4", "11-14T09:00", "11-15T09:00"))
        await held.settle()
        assert await closed(held, target, "2026-11") == ("breached", "500/7", None)


async def test_rest_answers_say_how_much_is_known_and_why_there_is_no_verdict(service: Service) -> None:
    agreement = named_id(PROVIDER, "agreement", "covered")
    target = available("99", min_coverage="95") | {"target_id": named_id(PROVIDER, "target", "covered")}
    target["indicator"] = {"owner_party_id": PROVIDER, "key": "covered.up"}
    await service.register("covered.up", "availability")
    await service.measure(
        {"indicator": "covered.up", "at": "2026-10-01T00:00:00Z", "state": "up"},
        {"indicator": "covered.up", "at": "2026-10-16T12:00:00Z", "state": "unknown"},
    )
    began: dict[str, Any] = {"effective_at": "2026-10-01T00:00:00Z"}
    await service.agree(finalized(target, agreement_id=agreement, agreement_key="covered", **began))
    found: list[dict[str, Any]] = []

    async def is_evaluated() -> bool:
        answer = await service.customer.get(f"/api/v1/targets/{target['target_id']}/windows")
        found[:] = [each for each in answer.json()["items"] if each["window_id"] == "2026-10"]
        return bool(found)

    # The terms may be read before the worker knows how late it is, so that the windows follow with its next step.
    await until(is_evaluated)
    (window,) = found
    # 15.5 of 31 days are known.
    assert (window["verdict"], window["figure"]) == ("no_data", "100/1")
    assert (window["detail"]["coverage_percent"], window["detail"]["no_data_reason"]) == ("50/1", REASON)
    asked = {"window": "2026-10"}
    explained = (await service.customer.get(f"/api/v1/targets/{target['target_id']}/explain", params=asked)).json()
    assert (explained["verdict"], explained["derivation"]["sums"]["no_data_reason"]) == ("no_data", REASON)
    assert explained["derivation"]["arithmetic"][-1] == (
        "coverage = 50/1 percent, less than 95/1 percent: the window has no verdict"
    )


async def test_coverage_of_an_open_window_does_not_depend_on_when_it_is_evaluated(database_url: str) -> None:
    """A value at 01:00 covers 01:00 to 02:00, 61 minutes of the 121 from midnight to the end of what is measured."""
    target = of_values("open", {"share_at_most": "300"}, {"at_least": "99", "unit": "percent"}, "8")
    async with ground(database_url, "2026-11-10T01:10") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await ready(held, target)
            await values(held, "2026-11-10T01:00")
            assert await closed(held, target, "2026-11-10") == ("met", "6100/121", None)
        # Exclusions and changed terms have the window evaluated without a new value, as a restart may.
        async with judging(database, log, clock) as again:
            await again.hear(finalized(target | {"min_coverage": "9"}, version=2, effective_at="2026-11-10T00:00:00Z"))
            await again.settle("2026-11-10T09:30")
            assert await closed(again, target, "2026-11-10") == ("met", "6100/121", None)
