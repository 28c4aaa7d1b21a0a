"""Rolling targets: minutes judged by the terms in force at them, until the term ends, across restarts."""

from __future__ import annotations

from typing import Any

import asyncpg

from slm_events.agreement import AgreementTerminated
from tests.support import postgres
from tests.support.judged import Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, CUSTOMER, PROVIDER, available, fast, finalized

UP = "payments.checkout"
LATENCY = "payments.checkout-latency"
FIVE_MINUTES = {"rolling": "PT5M"}


def value(instant: str, measured: float, **more: Any) -> dict[str, Any]:
    return {"indicator": LATENCY, "at": f"{instant}:00Z", "value": measured, **more}


def rolling(at_least: str = "90", **more: Any) -> dict[str, Any]:
    return fast(at_least, FIVE_MINUTES, **{"warn_at": {}, **more})


async def ready(held: Monitor, *targets: dict[str, Any], **changed: Any) -> None:
    await held.register(UP, "availability")
    await held.register(LATENCY, "value")
    await held.hear(finalized(*targets, **changed))
    await held.settle()


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


async def standing(held: Monitor) -> list[tuple[str, int, str | None]]:
    return [
        (each["certain_at"][:16], each["version"], each["recovered_at"] and each["recovered_at"][:16])
        for each in await held.breaches()
        if each["standing"]
    ]


async def test_nothing_is_breached_after_a_termination(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, rolling())
        await end(held, "2026-11-05T10:02")
        held.clock.move_to(held.clock.now() + 600_000_000)
        await held.measure(value("2026-11-05T10:03", 900.0))
        await held.settle("2026-11-05T10:20")
        assert await held.breaches() == []


async def test_a_termination_heard_late_takes_back_what_was_found_after_it(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, rolling())
        await held.measure(value("2026-11-05T10:00", 900.0))
        await held.settle("2026-11-05T10:12")
        await held.measure(value("2026-11-05T10:10", 900.0))
        await held.settle()
        assert len(await standing(held)) == 2
        await end(held, "2026-11-05T10:08")
        assert await standing(held) == [("2026-11-05T10:00", 1, "2026-11-05T10:05")]


async def test_a_warning_ends_with_the_term(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, rolling("50", warn_at={"budget_consumed": ["10"]}), expires_at="2026-11-05T10:03:00Z")
        await held.measure(
            value("2026-11-05T10:01", 100.0), value("2026-11-05T10:01", 101.0), value("2026-11-05T10:01", 900.0)
        )
        await held.settle("2026-11-05T10:01")
        assert "target-at-risk" in await held.names()
        await held.settle("2026-11-05T10:10")
        cleared = [data for name, data in await held.published() if name == "risk-cleared"]
        assert [each["outcome"] for each in cleared] == ["window_closed"]


async def test_each_minute_is_evaluated_by_its_own_terms_even_for_late_facts(database_url: str) -> None:
    facts = [value("2026-11-05T09:58", 900.0), value("2026-11-05T10:04", 900.0)]
    found = []
    for late in (True, False):
        async with monitor(await copied(database_url), "2026-11-05T09:58") as held:
            await ready(held, rolling("90"))
            await held.hear(finalized(rolling("0"), version=2, effective_at="2026-11-05T10:00:00Z"))
            await held.settle()
            if not late:
                await held.measure(facts[0])
                await held.settle("2026-11-05T10:04")
                await held.measure(facts[1])
            await held.settle("2026-11-05T10:30")
            if late:
                await held.measure(*facts)
                await held.settle()
            found.append(await standing(held))
    assert found[0] == found[1] == [("2026-11-05T09:58", 1, "2026-11-05T10:00")]


async def copied(database_url: str) -> str:
    """A second database like an untouched one."""
    name = postgres.fresh_name("slm_monitor_copy")
    connection = await asyncpg.connect(postgres.session().url())
    try:
        template = database_url.rsplit("/", 1)[1].partition("?")[0]
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await connection.close()
    return postgres.session().url(name)


async def test_a_target_may_become_another_kind_of_target(database_url: str) -> None:
    month = fast("95")
    hour = {**rolling(), "target_id": month["target_id"], "key": month["key"]}
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, month)
        await held.measure(value("2026-11-05T09:59", 900.0))
        await held.settle()
        await held.hear(finalized(hour, version=2, effective_at="2026-11-05T10:02:00Z"))
        await held.settle("2026-11-05T10:10")
        await held.measure(value("2026-11-05T10:09", 900.0))
        await held.settle("2026-12-01T00:10")
        windows = await held.windows(month["target_id"])
        assert {name: (row["version"], row["total"]) for name, row in windows.items()} == {
            "2026-11": (1, 2),
            "PT5M": (2, 0),
        }
        assert [(each["window_id"], each["version"]) for each in await held.breaches()] == [("PT5M", 2), ("2026-11", 1)]


async def test_a_target_may_change_its_indicator_from_the_next_window_on(database_url: str) -> None:
    month = available()
    other = {**month, "indicator": {"owner_party_id": PROVIDER, "key": "payments.probe"}}
    async with monitor(database_url, "2026-11-10T00:00") as held:
        await ready(held, month)
        await held.register("payments.probe", "availability")
        await held.hear(finalized(other, version=2, effective_at="2026-11-15T00:00:00Z"))
        outage = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-20T02:00:00Z"}
        await held.settle("2026-11-21T00:00")
        await held.measure({"indicator": "payments.probe", "outage": outage})
        await held.settle("2026-12-02T00:00")
        windows = await held.windows(month["target_id"])
        assert {name: (row["version"], row["verdict"]) for name, row in windows.items()} == {
            "2026-11": (1, "met"),
            "2026-12": (2, "met"),
        }
        await held.measure({"indicator": UP, "outage": outage})
        await held.settle()
        assert [(each["window_id"], each["version"]) for each in await held.breaches()] == [("2026-11", 1)]


async def test_a_breach_has_the_figure_that_all_facts_of_its_minute_give(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, rolling())
        await held.measure(value("2026-11-05T10:00", 900.0))
        await held.settle()
        assert (await held.breaches())[0]["figure"] == "0/1"
        await held.measure(value("2026-11-05T10:00", 100.0))
        await held.settle()
        # While the minute lasts, facts of it are no news.
        assert (await held.breaches())[0]["figure"] == "0/1"
        await held.settle("2026-11-05T10:01")
        (breach,) = await held.breaches()
        assert (breach["figure"], breach["shortfall"]) == ("50/1", "40/1")
        names = await held.names()
        assert (names.count("target-breached"), names.count("breach-revised")) == (1, 1)


async def test_a_restart_in_the_middle_of_a_breach_finds_its_end(database_url: str) -> None:
    async with ground(database_url, "2026-11-05T10:00") as where:
        async with judging(*where) as held:
            await ready(held, rolling())
            await held.measure(value("2026-11-05T10:00", 900.0))
            await held.settle("2026-11-05T10:02")
        async with judging(*where) as again:
            await again.settle("2026-11-05T10:30")
            assert await standing(again) == [("2026-11-05T10:00", 1, "2026-11-05T10:05")]
            names = await again.names()
            assert (names.count("target-breached"), names.count("target-recovered")) == (1, 1)


async def test_a_promise_with_more_digits_than_a_machine_word_is_judged(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await ready(held, rolling("99.99999999999999999999"))
        await held.settle("2026-11-05T10:01")
        await held.measure(value("2026-11-05T10:00", 100.0))
        await held.settle()
        assert await held.breaches() == []
        await held.measure(value("2026-11-05T10:01", 900.0))
        await held.settle()
        assert len(await held.breaches()) == 1


async def test_a_rolling_target_over_a_long_past_is_judged_in_pieces(database_url: str) -> None:
    async with monitor(database_url, "2026-11-05T10:00") as held:
        await held.register(LATENCY, "value")
        await held.measure(
            value("2026-11-05T09:00", 100.0), value("2026-09-07T12:00", 900.0), value("2026-10-01T12:00", 900.0)
        )
        await held.settle()
        await held.save()
        await held.hear(finalized(rolling(), effective_at="2026-09-01T00:00:00Z"))
        await held.settle()
        assert await standing(held) == [
            ("2026-09-07T12:00", 1, "2026-09-07T12:05"),
            ("2026-10-01T12:00", 1, "2026-10-01T12:05"),
        ]
