"""Retention: deleting facts changes no figure, breach or sum, and readers are told that facts were deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from slm_chassis.identity import named_id
from slm_monitor.adapters.store.compaction import Compaction
from slm_monitor.adapters.store.retention import DAY, Retention
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.application.explain import explanation
from slm_monitor.application.explain.explanation import ExplanationQuestion
from slm_monitor.application.history.fact_history import FactsNoLongerStored, TargetIdentity
from tests.integration.monitor import test_compliance as compliant
from tests.support.judged import PARTITIONS, Monitor, ground, judging, monitor
from tests.support.monitor import AGREEMENT, PROVIDER, at, available, fast, finalized
from tests.support.monitor_service import Service, problem

UP, LATENCY = "payments.checkout", "payments.checkout-latency"
TARGET, FAST = available(), fast()
ROLLING = fast(window={"rolling": "P7D"}) | {"target_id": "week", "key": "week"}


async def january(held: Monitor) -> None:
    """November and December measured and closed, on the tenth of January."""
    await held.register(UP, "availability")
    await held.register(LATENCY, "value")
    await held.hear(finalized(TARGET, FAST, ROLLING))
    await held.measure({"indicator": UP, "at": "2026-11-01T08:00:00Z", "state": "up", "id": "up"})
    for day in ("2026-11-05", "2026-12-05", "2027-01-08"):
        await held.settle(f"{day}T11:00")
        await held.measure(
            {"indicator": UP, "outage": {"from": f"{day}T10:00:00Z", "to": f"{day}T10:50:00Z"}, "id": day},
            *(
                {"indicator": LATENCY, "at": f"{day}T10:00:{second:02}Z", "value": 900 if second == 7 else 100}
                for second in range(10)
            ),
        )
        await held.settle()
        await held.save()
    await held.settle("2027-01-10T00:00")
    await held.save()


async def swept(held: Monitor, days: int = 30) -> int:
    """Compact the record, announce the deletion, let partitions process it, and delete."""
    compaction, retention = (
        Compaction(held.database, held.clock),
        Retention(held.database, held.clock, days * DAY, PARTITIONS),
    )
    while await compaction.step():
        pass
    deleted = await retention.step()
    await held.settle()
    while rows := await retention.step():
        deleted += rows
    return deleted


async def rows(held: Monitor, query: str) -> list[str]:
    async with held.database.read() as connection:
        return [str(row[0]) for row in await connection.execute(text(query))]


def record(held: Monitor) -> SqlHistory:
    return SqlHistory(held.database, held.store, PARTITIONS)


async def test_what_was_received_long_ago_is_deleted_and_figures_and_breaches_stay(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T00:00") as held:
        await january(held)
        before = {name: await held.windows(name) for name in (TARGET["target_id"], FAST["target_id"], "week")}
        breaches, told = await held.breaches(), len(await held.published())
        assert await swept(held) > 0
        # The state of all that follows stays, and what the present month and the last weeks rest on.
        assert [key.rpartition("\x1f")[2] for key in await rows(held, "SELECT key FROM fact ORDER BY at")] == [
            "up",
            "2026-12-05",
            "2027-01-08",
        ]
        assert len(await rows(held, "SELECT hour FROM fact_segment")) == 2
        after = {name: await held.windows(name) for name in before}
        assert (after, await held.breaches(), len(await held.published())) == (before, breaches, told)


async def test_a_window_that_began_before_the_record_is_never_judged_again(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T00:00") as held:
        await january(held)
        await swept(held)
        before, told = await held.windows(TARGET["target_id"]), len(await held.published())
        counted = await held.windows(FAST["target_id"])
        await held.measure(
            {"indicator": UP, "outage": {"from": "2026-11-06T10:00:00Z", "to": "2026-11-06T14:00:00Z"}},
            *({"indicator": LATENCY, "at": f"2026-11-06T10:00:{second:02}Z", "value": 900} for second in range(30)),
        )
        await held.settle()
        await held.save()
        assert (await held.windows(TARGET["target_id"]), len(await held.published())) == (before, told)
        assert (await held.windows(FAST["target_id"]))["2026-11"] == counted["2026-11"]


async def test_the_present_is_judged_as_ever_after_a_restart(database_url: str) -> None:
    async with ground(database_url, "2026-11-02T00:00") as (database, log, clock):
        async with judging(database, log, clock) as held:
            await january(held)
            await swept(held)
            before = await held.published()
        async with judging(database, log, clock) as again:
            await again.settle()
            assert await again.published() == before
            past = await again.windows(TARGET["target_id"])
            outages = ({"from": f"{day}T10:00:00Z", "to": f"{day}T12:00:00Z"} for day in ("2026-11-07", "2027-01-09"))
            await again.measure(*({"indicator": UP, "outage": outage} for outage in outages))
            await again.settle()
            windows = await again.windows(TARGET["target_id"])
            assert (windows["2027-01"]["verdict"], windows["2027-01"]["detail"]["down"]) == (
                "breached",
                170 * 60_000_000,
            )
            assert windows["2026-11"] == past["2026-11"]
            assert await again.published() == before


async def test_a_figure_older_than_the_record_says_so(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T00:00") as held:
        await january(held)
        named, now = TargetIdentity(AGREEMENT, TARGET["target_id"]), held.clock.now()
        whole = await explanation.explain_window(record(held), named, ExplanationQuestion("2026-11"), now)
        assert whole["figure"] == (await held.windows(TARGET["target_id"]))["2026-11"]["figure"]
        present = await explanation.explain_window(record(held), named, ExplanationQuestion("2027-01"), now)
        await swept(held)
        with pytest.raises(FactsNoLongerStored):
            await explanation.explain_window(record(held), named, ExplanationQuestion("2026-11"), now)
        assert await explanation.explain_window(record(held), named, ExplanationQuestion("2027-01"), now) == present


async def test_tickets_that_ended_long_ago_keep_their_clocks_without_their_events(database_url: str) -> None:
    async with monitor(database_url, "2026-11-21T00:00") as held:
        await held.hear(finalized(compliant.CLOCK, compliant.compliance()))
        await held.ticket(
            *compliant.life("met", "11-10T09:00", "11-10T12:00"),
            *compliant.life("late", "11-11T09:00", "11-20T09:00"),
            *compliant.life("open", "11-12T09:00"),
        )
        await held.settle()
        await held.settle("2027-01-10T00:00")
        clocks, breaches, told = await held.clocks(), await held.breaches(), len(await held.published())
        assert await swept(held, days=20) == 4
        assert await swept(held, days=20) == 0
        assert len(await rows(held, "SELECT key FROM fact WHERE key NOT LIKE '%forgotten'")) == 1
        # Whatever concerns them now leaves them as they are: other terms, a late event, the same again.
        await held.hear(finalized(compliant.CLOCK, version=2, effective_at="2027-02-01T00:00:00Z"))
        again = compliant.life("met", "11-10T09:00", "11-10T12:00")
        await held.ticket(*again, {**again[0], "event": "reopened", "at": "2027-01-09T09:00:00Z", "id": "late"})
        await held.settle()
        # One event more says that the terms of version 2 have been judged over the past.
        assert (await held.clocks(), await held.breaches(), len(await held.published())) == (clocks, breaches, told + 1)
        drafted = await record(held).tickets(PROVIDER, held.clock.now(), "", 10)
        assert [name.rpartition("/")[2] for name, _ in drafted] == ["open"]


async def test_without_anything_old_nothing_is_announced(database_url: str) -> None:
    async with monitor(database_url, "2026-11-02T00:00") as held:
        await january(held)
        assert await swept(held, days=365) == 0
        assert await rows(held, "SELECT subject FROM record_start") == []


async def test_readers_are_told_what_can_no_longer_be_worked_out(service: Service) -> None:
    agreement, target_id = named_id(PROVIDER, "agreement", "gone"), named_id(PROVIDER, "target", "gone")
    target = {**TARGET, "target_id": target_id, "indicator": {"owner_party_id": PROVIDER, "key": "gone"}}
    await service.register("gone", "availability")
    await service.agree(finalized(target, agreement_id=agreement, agreement_key="gone"))
    outage = {"from": "2026-11-05T06:00:00Z", "to": "2026-11-05T09:00:00Z"}
    answer = await service.measure({"indicator": "gone", "outage": outage})
    path, asked = f"/api/v1/targets/{target_id}", {"min_position": answer["position"]}
    (window,) = (await service.provider.get(f"{path}/windows", params=asked)).json()["items"]
    assert window["in_record"] is True
    async with service.app.database.begin() as transaction:
        statement = "INSERT INTO record_start VALUES (:subject, 0, :begins_at, :begins_at, :begins_at)"
        start = {"subject": f"{PROVIDER}/gone", "begins_at": at("2026-11-02T00:00")}
        await transaction.execute(text(statement), start)
    (window,) = (await service.provider.get(f"{path}/windows")).json()["items"]
    assert (window["in_record"], window["verdict"]) == (False, "breached")
    for asked in ({}, {"known_at": "2026-11-05T08:00:00Z"}):
        told = problem(await service.provider.get(f"{path}/explain", params={"window": "2026-11", **asked}))
        assert (told["status"], "2026-11-02" in told["detail"]) == (410, True)
    assert problem(await service.provider.get(f"{path}/budget", params={"window": "2026-11"}))["status"] == 410
    known = {"known_at": "2026-11-05T12:00:00Z"}
    assert problem(await service.provider.get(f"{path}/windows", params=known))["status"] == 410
