"""Signed terms are evaluated over the recorded past, and one event says when all results of it are published."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import StoredRecord
from slm_events.agreement import AgreementTerminated
from slm_events.envelope import from_record
from slm_events.monitor import AgreementCaughtUp, WindowClosed
from tests.integration.monitor.test_holds import CLOCK, PERCENT, target
from tests.support.monitor import CUSTOMER, PROVIDER, finalized
from tests.support.monitor_service import Service, migrated_database, publish, serving
from tests.support.service import records, until

AGREEMENT = named_id(PROVIDER, "agreement", "caught-up")
TARGETS = [
    CLOCK,
    target("in-time", None, {"compliance": "clock"}, PERCENT, window={"calendar": "month"}),
    target("fast", "held.latency", {"share_at_most": "300"}, PERCENT),
]
SIGNED = finalized(*TARGETS, agreement_id=AGREEMENT, agreement_key="caught-up", effective_at="2026-09-01T00:00:00Z")
TICKETS = 30


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving(await migrated_database()) as running:
        await recorded(running)
        yield running


async def recorded(running: Service) -> None:
    """Record tickets of October, a third of them late, and latencies, before any terms exist."""
    await running.register("held.latency", "value")
    told = [
        {"source": "held-desk", "ticket": f"{number}", "event": event, "at": at, "type": "incident", "priority": "P1"}
        for number in range(TICKETS)
        for event, at in (
            ("opened", f"2026-10-{number % 28 + 1:02}T10:00:00Z"),
            ("resolved", f"2026-10-{number % 28 + 1:02}T10:{20 if number % 3 == 0 else 5:02}:00Z"),
        )
    ]
    (await running.provider.post("/api/v1/ticket-events", json=told)).raise_for_status()
    for day in range(1, 29):
        await running.measure({"indicator": "held.latency", "at": f"2026-10-{day:02}T12:00:00Z", "value": 900.0})
    await until(lambda: judged_all(running))


async def judged_all(running: Service) -> bool:
    answer = await running.provider.get("/api/v1/tickets", params={"limit": 1000})
    return len(answer.json()["items"]) == TICKETS


def told(log: MemoryEventLog, agreement_id: str = AGREEMENT) -> list[Any]:
    """All published events of the agreement, topic by topic, each in log order."""
    found: Sequence[StoredRecord] = [*records(log, "slm.targets"), *records(log, "slm.breaches")]
    events = [from_record(record.value, record.headers).data for record in found]
    return [event for event in events if getattr(event, "agreement_id", None) == agreement_id]


def marks(log: MemoryEventLog, agreement_id: str = AGREEMENT) -> list[AgreementCaughtUp]:
    return [event for event in told(log, agreement_id) if isinstance(event, AgreementCaughtUp)]


async def caught_up(log: MemoryEventLog, versions: int = 1, agreement_id: str = AGREEMENT) -> None:
    async with asyncio.timeout(60):
        while len(marks(log, agreement_id)) < versions:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def months(log: MemoryEventLog) -> Counter[str]:
    return Counter(
        f"{event.window_id} {event.good}/{event.total}"
        for event in told(log)
        if isinstance(event, WindowClosed) and event.target_key == "in-time"
    )


async def test_all_of_the_past_is_told_before_it_is_said_to_be(service: Service) -> None:
    log: MemoryEventLog = service.log  # type: ignore[assignment]
    await service.agree(SIGNED)
    await caught_up(log)
    await asyncio.sleep(1.5)
    (mark,) = marks(log)
    events = told(log)
    marked = [event for event in events if getattr(event, "catch_up", None) is not None]
    breaches = [event for event in records_of_breaches(log) if event.catch_up == 1]
    assert (mark.agreement_version, mark.breach_events, len(breaches)) == (1, len(breaches), mark.breach_events)
    assert len(breaches) >= 10 + 28
    assert marked and all(event.catch_up == 1 for event in marked)
    on_targets = [event for event in events if type(event) not in {type(each) for each in breaches}]
    after = on_targets[on_targets.index(mark) + 1 :]
    assert [event for event in after if event in marked] == []
    assert months(log) == {"2026-09 0/0": 1, "2026-10 20/30": 1}


def records_of_breaches(log: MemoryEventLog) -> list[Any]:
    found = [from_record(record.value, record.headers).data for record in records(log, "slm.breaches")]
    return [event for event in found if event.agreement_id == AGREEMENT]


async def test_terms_without_a_past_are_caught_up_at_once(service: Service) -> None:
    log: MemoryEventLog = service.log  # type: ignore[assignment]
    other = named_id(PROVIDER, "agreement", "of-nothing")
    nothing = target("quiet", "held.nothing", "availability", PERCENT)
    await publish(log, finalized(nothing, agreement_id=other, agreement_key="of-nothing"))
    await caught_up(log, agreement_id=other)
    assert [each.agreement_version for each in marks(log, other)] == [1]


async def test_an_amendment_catches_up_anew(service: Service) -> None:
    log: MemoryEventLog = service.log  # type: ignore[assignment]
    await service.agree(SIGNED)
    await caught_up(log)
    amended = finalized(
        *TARGETS, version=2, agreement_id=AGREEMENT, agreement_key="caught-up", effective_at="2026-11-02T00:00:00Z"
    )
    await publish(log, amended)
    await caught_up(log, 2)
    assert [each.agreement_version for each in marks(log)] == [1, 2]
    assert months(log) == {"2026-09 0/0": 1, "2026-10 20/30": 1}


async def test_an_agreement_that_ends_while_it_catches_up_does_so(service: Service) -> None:
    log: MemoryEventLog = service.log  # type: ignore[assignment]
    await publish(log, SIGNED)
    await publish(log, ended())
    await caught_up(log)
    await asyncio.sleep(1.0)
    assert len(marks(log)) == 1 and months(log)["2026-10 20/30"] == 1


def ended() -> AgreementTerminated:
    return AgreementTerminated(
        agreement_id=AGREEMENT,
        version=1,
        provider_party_id=PROVIDER,
        customer_party_id=CUSTOMER,
        at="2026-11-03T00:00:00Z",
        reason="sold",
    )


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
async def test_what_a_crash_cuts_off_goes_on_after_a_restart(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies after some commits since the signature; another one goes on and publishes the completion once."""
    url = await migrated_database()
    async with serving(url) as first:
        await recorded(first)
        log: MemoryEventLog = first.log  # type: ignore[assignment]
        dying = dies_after(steps, monkeypatch)
        await publish(log, SIGNED)
        async with asyncio.timeout(20):
            await dying.wait()
    monkeypatch.undo()
    assert marks(log) == []
    async with serving(url, log=log):
        await caught_up(log)
        await asyncio.sleep(1.0)
    assert len(marks(log)) == 1
    assert months(log) == {"2026-09 0/0": 1, "2026-10 20/30": 1}
    assert marks(log)[0].breach_events == sum(event.catch_up == 1 for event in records_of_breaches(log))


def dies_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let every commit after the first few since the terms arrived fail, as if the process were killed."""
    from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore

    dying, left, commit = asyncio.Event(), [steps], SqlEvaluationStore.commit

    async def dying_commit(store: SqlEvaluationStore, partition: int, epoch: int, step: Any) -> int | None:
        if (step.inbox and not dying.is_set()) or left[0] < steps:
            if left[0] == 0:
                dying.set()
                await asyncio.Event().wait()
            left[0] -= 1
        return await commit(store, partition, epoch, step)

    monkeypatch.setattr(SqlEvaluationStore, "commit", dying_commit)
    return dying
