"""Windows of calendar targets: each is judged and closed in its time, also beside its neighbours and other terms."""

from __future__ import annotations

from typing import Any

from slm_events.agreement import AgreementTerminated
from tests.support.checkout import LATENCY, UP, ready
from tests.support.judged import Monitor, monitor
from tests.support.monitor import AGREEMENT, CUSTOMER, PROVIDER, available, fast, finalized


def state(instant: str, value: str, **more: Any) -> dict[str, Any]:
    return {"indicator": UP, "at": f"{instant}:00Z", "state": value, **more}


def value(instant: str, measured: float) -> dict[str, Any]:
    return {"indicator": LATENCY, "at": f"{instant}:00Z", "value": measured}


async def closed(held: Monitor, target: dict[str, Any]) -> dict[str, bool]:
    return {name: row["closed_at"] is not None for name, row in (await held.windows(target["target_id"])).items()}


async def end(held: Monitor, instant: str) -> None:
    event = AgreementTerminated(
        agreement_id=AGREEMENT,
        version=1,
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        at=f"{instant}:00Z",
        reason="sold",
    )
    await held.hear(event)
    await held.settle()


async def test_a_window_closes_in_time_though_facts_of_the_next_arrived(database_url: str) -> None:
    month, share = available(), fast("95")
    async with monitor(database_url, "2026-11-30T23:00") as held:
        await ready(held, month, share)
        await held.settle("2026-12-01T00:05")
        await held.measure(state("2026-12-01T00:04", "down"), value("2026-12-01T00:04", 100.0))
        await held.settle("2026-12-01T00:10")
        for target in (month, share):
            assert await closed(held, target) == {"2026-11": True, "2026-12": False}


async def test_a_closed_window_says_how_much_of_it_is_known(database_url: str) -> None:
    """An indicator that starts as up and was never measured would show 100 percent without any data."""
    month, unmeasured = available(), {**available(), "target_id": "unmeasured", "key": "unmeasured"}
    unmeasured["indicator"] = {"owner_party_id": PROVIDER, "key": "payments.nobody"}
    async with monitor(database_url, "2026-11-20T00:00") as held:
        await held.register("payments.nobody", "availability")
        await ready(held, month, unmeasured)
        await held.measure(state("2026-11-01T00:00", "up"), state("2026-11-16T00:00", "unknown"))
        await held.settle("2026-12-02T00:00")
        told = {data["target_key"]: data for kind, data in await held.published() if kind == "window-closed"}
        assert told["availability"]["coverage_percent"] == "50/1"
        assert told["unmeasured"]["coverage_percent"] == "0/1"


async def test_no_window_is_skipped_where_facts_of_a_later_one_come_first(database_url: str) -> None:
    share = fast("95")
    async with monitor(database_url, "2026-10-31T23:59") as held:
        await ready(held, share)
        held.clock.move_to(held.clock.now() + 40 * 86_400_000_000)
        await held.measure(value("2026-12-05T10:00", 100.0))
        await held.settle()
        assert await closed(held, share) == {"2026-11": True, "2026-12": False}


async def test_a_renewal_before_expiry_lengthens_the_last_window(database_url: str) -> None:
    month, share = available(), fast("95")
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, month, share, expires_at="2026-11-15T00:00:00Z")
        await held.hear(finalized(month, share, version=2, effective_at="2026-11-15T00:00:00Z"))
        await held.settle("2026-11-20T00:00")
        await held.measure(value("2026-11-18T00:00", 100.0))
        await held.settle()
        for target in (month, share):
            window = (await held.windows(target["target_id"]))["2026-11"]
            assert (window["end_at"], window["closed_at"]) == ("2026-12-01T00:00:00.000000Z", None)
        assert (await held.windows(share["target_id"]))["2026-11"]["total"] == 1


async def test_a_window_begun_as_month_ends_as_month_despite_weeks_agreed_since(database_url: str) -> None:
    month, weeks = available(), available(window="week")
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, month)
        await held.hear(finalized(weeks, version=2, effective_at="2026-11-15T00:00:00Z"))
        await held.settle("2026-12-09T00:00")
        windows = await held.windows(month["target_id"])
        spans = {name: (row["start_at"][:10], row["end_at"][:10]) for name, row in windows.items()}
        assert spans == {
            "2026-11": ("2026-11-01", "2026-12-01"),
            "2026-W49": ("2026-12-01", "2026-12-07"),
            "2026-W50": ("2026-12-07", "2026-12-14"),
        }


async def test_values_after_a_termination_are_not_counted_though_it_was_heard_late(database_url: str) -> None:
    share = fast("95")
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, share)
        await held.measure(value("2026-11-08T00:00", 100.0), value("2026-11-09T12:00", 900.0))
        await held.settle()
        await held.save()
        await end(held, "2026-11-09T00:00")
        window = (await held.windows(share["target_id"]))["2026-11"]
        assert (window["good"], window["total"], window["verdict"]) == (1, 1, "met")


async def test_values_counted_before_an_amendment_was_heard_are_counted_by_it(database_url: str) -> None:
    strict = {**fast("95"), "aggregation": {"share_at_most": "100"}}
    async with monitor(database_url, "2026-12-02T00:00") as held:
        await ready(held, fast("95"))
        await held.measure(value("2026-11-20T00:00", 200.0), value("2026-12-01T12:00", 200.0))
        await held.settle()
        await held.save()
        await held.hear(finalized(strict, version=2, effective_at="2026-12-01T00:00:00Z"))
        await held.settle()
        windows = await held.windows(strict["target_id"])
        assert {name: (row["good"], row["total"], row["version"]) for name, row in windows.items()} == {
            "2026-11": (1, 1, 1),
            "2026-12": (0, 1, 2),
        }


async def test_a_breach_by_terms_that_turn_out_superseded_is_withdrawn(database_url: str) -> None:
    async with monitor(database_url, "2026-12-02T00:00") as held:
        await ready(held, available("99.9"))
        await held.measure({"indicator": UP, "outage": {"from": "2026-12-01T00:00:00Z", "to": "2026-12-01T02:00:00Z"}})
        await held.settle()
        assert [each["version"] for each in await held.breaches()] == [1]
        await held.hear(finalized(available("90"), version=2, effective_at="2026-12-01T00:00:00Z"))
        await held.settle()
        assert [each["standing"] for each in await held.breaches()] == [False]


async def test_a_window_that_a_termination_undoes_leaves_no_warning_behind(database_url: str) -> None:
    month = available(warn_at={"budget_consumed": ["50"]})
    async with monitor(database_url, "2026-12-02T00:00") as held:
        await ready(held, month)
        await held.measure({"indicator": UP, "outage": {"from": "2026-12-01T00:00:00Z", "to": "2026-12-01T00:30:00Z"}})
        await held.settle()
        assert (await held.names()).count("target-at-risk") == 1
        await end(held, "2026-12-01T00:00")
        assert (await held.names()).count("risk-cleared") == 1
        assert list(await held.windows(month["target_id"])) == ["2026-11"]


async def test_a_first_measurement_about_the_past_restates_the_windows_before_it(database_url: str) -> None:
    month = available("90")
    async with monitor(database_url, "2026-12-20T00:00") as held:
        await ready(held, month)
        await held.settle("2026-12-20T00:01")
        assert (await held.windows(month["target_id"]))["2026-11"]["verdict"] == "met"
        await held.measure(state("2026-12-15T00:00", "up", previous="down"))
        await held.settle()
        november = (await held.windows(month["target_id"]))["2026-11"]
        assert (november["verdict"], november["revision"]) == ("breached", 1)
        await held.measure(state("2026-10-15T00:00", "up"))
        await held.settle()
        november = (await held.windows(month["target_id"]))["2026-11"]
        assert (november["verdict"], november["revision"]) == ("met", 2)


async def test_nobody_watching_takes_back_the_time_since_the_last_word(database_url: str) -> None:
    month = available("90")
    async with monitor(database_url, "2026-12-20T00:00") as held:
        await ready(held, month)
        await held.measure(state("2026-11-15T00:00", "up"))
        await held.settle("2026-12-20T00:01")
        await held.measure(state("2026-12-15T00:00", "up", previous="none"))
        await held.settle()
        november = (await held.windows(month["target_id"]))["2026-11"]
        # The first restatement says that the month, which had closed unmeasured, is known: its coverage was 0.
        assert (november["total"], november["revision"]) == (14 * 86_400_000_000, 2)


async def test_a_billing_month_is_judged_from_its_own_day_and_hour_to_the_next(database_url: str) -> None:
    """Berlin, from the 15th at noon: 15 October 12:00 is 10:00 UTC, 15 November and 15 December 12:00 are 11:00 UTC.

    The first of these windows has 31 days and 1 h, 745 h. An hour of downtime that crosses the border at 11:00 counts
    half in each: (745 - 0.5) / 745 = 1489/1490. The second has 30 days, 720 h: (720 - 0.5) / 720 = 1439/1440.
    """
    target = {**available("99.95"), "window": {"calendar": "month", "begin": 15, "at": "12:00"}}
    async with monitor(database_url, "2026-10-14T00:00") as held:
        await ready(held, target, timezone="Europe/Berlin", effective_at="2026-10-15T10:00:00Z")
        await held.settle("2026-12-15T12:00")
        await held.measure(state("2026-11-15T10:30", "down"), state("2026-11-15T11:30", "up"))
        await held.settle()
        found = await held.windows(target["target_id"])
        assert {name: (row["figure"], row["verdict"]) for name, row in found.items() if row["closed_at"]} == {
            "2026-10-15T12:00/P1M": ("14890/149", "breached"),
            "2026-11-15T12:00/P1M": ("7195/72", "breached"),
        }


async def test_a_week_may_begin_on_sunday_at_noon(database_url: str) -> None:
    """Downtime on Sunday, 8 November, from 11:30 to 12:30 is half of one week's and half of the next one's."""
    target = {**available("99"), "window": {"calendar": "week", "begin": "sunday", "at": "12:00"}}
    async with monitor(database_url, "2026-11-01T00:00") as held:
        await ready(held, target)
        await held.settle("2026-11-15T12:30")
        await held.measure(state("2026-11-08T11:30", "down"), state("2026-11-08T12:30", "up"))
        await held.settle()
        found = dict(sorted((await held.windows(target["target_id"])).items()))
        # The agreement begins on Sunday at 00:00, so that its first window has half a day.
        assert [*found] == [
            "2026-10-25T12:00/P1W",
            "2026-11-01T12:00/P1W",
            "2026-11-08T12:00/P1W",
            "2026-11-15T12:00/P1W",
        ]
        assert [row["figure"] for row in found.values()][:3] == ["100/1", "8375/84", "8375/84"]


async def test_a_billing_month_follows_a_calendar_month_when_an_amendment_says_so(database_url: str) -> None:
    """The month that had begun is judged by its own terms to its end; the billing month around it begins there."""
    month = available("99.9")
    billed = {**month, "window": {"calendar": "month", "begin": 15}}
    async with monitor(database_url, "2026-11-01T00:00") as held:
        await ready(held, month)
        await held.hear(finalized(billed, version=2, effective_at="2026-11-20T00:00:00Z"))
        await held.settle("2026-12-20T00:00")
        rows = await held.windows(month["target_id"])
        spans = {name: (row["start_at"][:10], row["end_at"][:10]) for name, row in rows.items()}
        assert spans == {
            "2026-11": ("2026-11-01", "2026-12-01"),
            "2026-11-15/P1M": ("2026-12-01", "2026-12-15"),
            "2026-12-15/P1M": ("2026-12-15", "2027-01-15"),
        }
