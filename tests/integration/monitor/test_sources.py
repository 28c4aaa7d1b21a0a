"""Sources: when each sent its last fact, how much it sends, what was refused, and who sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from slm_chassis.access import Principal
from slm_chassis.clock import ManualClock
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_monitor.adapters.commands.sql_sources import DAY, MINUTE, SILENT_SOURCES_KEPT_FOR, SourceCountWriter
from slm_monitor.adapters.queries.source_queries import SourceQueries
from slm_monitor.application.intake.source_counts import (
    MOST_KEPT,
    MOST_NAMES,
    RefusedSample,
    SourceCounts,
    SourceTally,
    tally_batch,
)
from slm_monitor.domain.facts.intake_items import SentMeasurement
from slm_monitor.domain.facts.rejections import IntakeRejection
from tests.support.monitor import CUSTOMER, PROVIDER, at
from tests.support.monitor_service import NOW, Service, problem

PATH = "/api/v1/sources"
HOUR = 60 * MINUTE
PROBE = Principal("p", PROVIDER, "Probe", frozenset({"integrator"}))
OPERATOR = Principal("o", None, "Operator", frozenset({"operator"}))
ALL = Page(100, None)


async def source(
    service: Service,
    name: str,
    until: Callable[[dict[str, Any]], bool],
    reader: httpx.AsyncClient | None = None,
) -> dict[str, Any]:
    """The reader's source of this name, as soon as it is as it should be; the provider's if no reader is given."""
    async with asyncio.timeout(10):
        while True:
            items = (await (reader or service.provider).get(PATH, params={"limit": 1000})).json()["items"]
            found = next((each for each in items if each["source"] == name), None)
            if found is not None and until(found):
                return dict(found)
            await asyncio.sleep(0.1)


async def test_what_a_source_sends_is_counted_and_what_was_refused_is_shown(service: Service) -> None:
    await service.register("source.up", "availability")
    good = {"indicator": "source.up", "at": "2026-11-05T09:00:00Z", "state": "up", "source": "probes-berlin"}
    items = [good, {**good, "at": "2026-11-05T09:01:00Z"}, {**good, "indicator": "source.nobody"}]
    await service.provider.post("/api/v1/measurements", json=[*items, {**good, "at": "2026-11-09T09:00:00Z"}])
    found = await source(service, "probes-berlin", lambda each: each["facts_last_day"] == 2)
    assert (found["topic"], found["state"], found["facts_last_hour"]) == ("slm.measurements", "sending", 2)
    assert found["principal_name"] == "owner of slm_provider" and found["owner_party_id"] == PROVIDER
    assert found["refused_last_day"] == [
        {"code": "in_the_future", "items": 1},
        {"code": "unknown_indicator", "items": 1},
    ]
    one = (await service.provider.get(f"{PATH}/{found['source_id']}")).json()
    assert {name: one[name] for name in found} == found
    assert [(each["code"], each["subject"], each["outcome"]) for each in one["refused"]] == [
        ("in_the_future", "source.up", "quarantined"),
        ("unknown_indicator", "source.nobody", "rejected"),
    ]
    assert one["refused"][1]["remedy"] == "register it first with POST /api/v1/indicators"


async def test_tickets_snapshots_and_bodies_that_cannot_be_read_count_too(service: Service) -> None:
    await service.provider.put(
        "/api/v1/tickets/desk-a/INC1", json={"opened_at": "2026-11-05T09:00:00Z", "state": "new"}
    )
    await service.provider.put(
        "/api/v1/tickets/desk-a/INC1", json={"opened_at": "2026-11-05T09:00:00Z", "state": "new"}
    )
    found = await source(service, "desk-a", lambda each: each["facts_last_day"] > 0)
    assert (found["topic"], found["state"]) == ("slm.tickets", "sending")
    await service.provider.post("/api/v1/ticket-events", content=b"{never closed")
    found = await source(
        service, "", lambda each: any(one["code"] == "malformed_body" for one in each["refused_last_day"])
    )
    assert found["topic"] == "slm.tickets" and found["last_fact_at"] is None and found["state"] == "silent"


async def test_a_party_sees_its_own_sources_only(service: Service) -> None:
    await service.register("seen.up", "availability")
    good = {"indicator": "seen.up", "at": "2026-11-05T09:00:00Z", "state": "up", "source": "mine"}
    await service.measure(good)
    mine = await source(service, "mine", lambda each: True)
    for client in (service.customer, service.foreigner):
        assert mine["source_id"] not in str((await client.get(PATH, params={"limit": 1000})).json())
        foreign = problem(await client.get(f"{PATH}/{mine['source_id']}"))
        unknown = problem(await client.get(f"{PATH}/{'0' * 32}"))
        assert foreign["status"] == unknown["status"] == 404
        assert foreign["detail"].replace(mine["source_id"], "0" * 32) == unknown["detail"]
    assert (await service.viewer.get(f"{PATH}/{mine['source_id']}")).status_code == 200
    assert (await service.operator.get(f"{PATH}/{mine['source_id']}")).status_code == 200


async def test_nobody_writes_into_what_another_party_sees_of_its_sources(service: Service) -> None:
    item = {"indicator": "their.up", "at": "2026-11-05T09:00:00Z", "state": "up", "source": "forged"}
    await service.customer.post("/api/v1/measurements", json=[{**item, "owner": PROVIDER}])
    async with asyncio.timeout(10):
        while "forged" not in (await service.customer.get(PATH)).text:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert "forged" not in (await service.provider.get(PATH, params={"limit": 1000})).text


async def test_sources_come_in_pages_the_longest_silent_first(database_url: str) -> None:
    clock = ManualClock(at(NOW))
    database = await Database.open(database_url, clock=clock, source="/slm/test/monitor")
    counts = SourceCounts()
    keeper, queries = SourceCountWriter(database, counts), SourceQueries(database)
    try:
        for name in ("old", "older"):
            counts.count_accepted(
                PROBE, "slm.tickets", name, 1, clock.now() - (2 * DAY if name == "older" else 2 * HOUR)
            )
        counts.count_accepted(PROBE, "slm.tickets", "busy", 5, clock.now())
        counts.count_unreadable(PROBE, "slm.tickets", "it is no JSON", clock.now())
        await keeper.look()
        seen, page = [], ALL.__class__(1, None)
        while True:
            answer = await queries.page(PROBE, page, clock.now())
            seen += [(each["source"], each["state"]) for each in answer["items"]]
            if answer["next"] is None:
                break
            last = (await queries.page(PROBE, ALL, clock.now()))["items"][len(seen) - 1]
            page = Page(1, (-1 if last["last_fact_at"] is None else at(last["last_fact_at"][:19]), last["source_id"]))
        assert seen == [("", "silent"), ("older", "silent"), ("old", "quiet"), ("busy", "sending")]
        # A busy source costs one write a minute, and nothing is counted twice.
        counts.count_accepted(PROBE, "slm.tickets", "busy", 3, clock.now())
        await keeper.look()
        assert await facts(queries, clock, "busy") == 5
        clock.move_to(clock.now() + MINUTE)
        await keeper.look()
        assert await facts(queries, clock, "busy") == 8
        clock.move_to(clock.now() + HOUR + 10 * MINUTE)
        (busy,) = [each for each in await listed(queries, clock) if each["source"] == "busy"]
        assert (busy["state"], busy["facts_last_hour"], busy["facts_last_day"]) == ("quiet", 0, 8)
        clock.move_to(clock.now() + SILENT_SOURCES_KEPT_FOR + DAY)
        await keeper.look()
        assert await listed(queries, clock) == []
    finally:
        await database.close()


async def listed(queries: SourceQueries, clock: ManualClock) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await queries.page(PROBE, ALL, clock.now()))["items"]
    return items


async def facts(queries: SourceQueries, clock: ManualClock, name: str) -> int:
    return next(int(each["facts_last_day"]) for each in await listed(queries, clock) if each["source"] == name)


async def test_the_last_refused_items_are_kept_whatever_they_contain(database_url: str) -> None:
    clock = ManualClock(at(NOW))
    database = await Database.open(database_url, clock=clock, source="/slm/test/monitor")
    counts = SourceCounts()
    try:
        for number in range(MOST_KEPT + 5):
            refusal = IntakeRejection(0, "rejected", "unsupported_text", "unit", f"{number}\0\ud800", "leave NUL out")
            counts.count_refused(PROBE, "slm.measurements", "odd\0name", RefusedSample(clock.now(), "x\0", refusal))
            if number == MOST_KEPT:
                await SourceCountWriter(database, counts).look()
        await SourceCountWriter(database, counts).look()
        queries = SourceQueries(database)
        (found,) = await listed(queries, clock)
        assert (found["source"], found["refused_last_day"]) == (
            "",
            [{"code": "unsupported_text", "items": MOST_KEPT + 5}],
        )
        one = await queries.one(OPERATOR, found["source_id"], clock.now())
        assert one is not None and len(one["refused"]) == MOST_KEPT
        assert one["refused"][0]["value"].startswith(f"{MOST_KEPT + 4}\0")
    finally:
        await database.close()


async def test_counts_that_could_not_be_stored_are_stored_later(database_url: str) -> None:
    clock = ManualClock(at(NOW))
    database = await Database.open(database_url, clock=clock, source="/slm/test/monitor")
    counts = SourceCounts()
    counts.count_accepted(PROBE, "slm.tickets", "desk", 2, clock.now())
    keeper = SourceCountWriter(database, counts)
    real, keeper._store = keeper._store, _away  # type: ignore[method-assign, assignment]
    try:
        with pytest.raises(OSError, match="away"):
            await keeper.look()
        counts.count_accepted(PROBE, "slm.tickets", "desk", 3, clock.now())
        keeper._store = real  # type: ignore[method-assign]
        await keeper.look()
        assert await facts(SourceQueries(database), clock, "desk") == 5
    finally:
        await database.close()


async def test_a_request_without_items_stops_no_counts(database_url: str) -> None:
    clock = ManualClock(at(NOW))
    database = await Database.open(database_url, clock=clock, source="/slm/test/monitor")
    counts = SourceCounts()
    counts.count_source(PROBE, "slm.measurements", "empty", SourceTally())
    counts.count_accepted(PROBE, "slm.tickets", "beside", 2, clock.now())
    try:
        await SourceCountWriter(database, counts).look()
        assert await facts(SourceQueries(database), clock, "beside") == 2
        assert await facts(SourceQueries(database), clock, "empty") == 0
    finally:
        await database.close()


async def _away(*_: object) -> None:
    raise OSError("the database is away")


def test_an_operators_accepted_items_count_for_their_owner_and_names_are_bounded() -> None:
    items = {0: SentMeasurement("a", owner=CUSTOMER, source="s"), 1: SentMeasurement("b")}
    found = tally_batch(OPERATOR, "slm.measurements", items, [], 1)
    assert [(name.owner_party_id, name.source) for name in found] == [(CUSTOMER, "s")]
    counts = SourceCounts()
    for number in range(3 * MOST_NAMES):
        counts.count_accepted(PROBE, "slm.tickets", f"name {number}", 1, 1)
    taken = counts.take(lambda name: True)
    assert len(taken) == MOST_NAMES + 1
    assert sum(sum(tally.items.values()) for tally in taken.values()) == 3 * MOST_NAMES
