"""``kill -9`` of notification-svc while it tells a simulated PagerDuty of breaches: each alert opens, then ends."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import EventLog, Record
from slm_events import envelope
from slm_events.instants import to_text
from slm_notification.domain.endpoints import SENT
from tests.e2e.test_webhook_kills import BREACH, ENDPOINTS, MANAGER, WAITS_SECONDS, Sender
from tests.support.api import announce, enrolled
from tests.support.pagerduty import ROUTING_KEY, PagerDuty
from tests.support.postgres import fresh_name, session
from tests.support.receiver import receiving
from tests.support.service import until
from tests.unit.notification.test_event_filters import parties_of, sample

WITHDRAWN = "slm.monitor.breach-withdrawn.v1"


async def tell(log: EventLog, kind: str, number: int) -> None:
    """Append an event of the breach with this number to the log."""
    data, now = sample(kind, breach_id=f"b{number}").data, to_text(SystemClock().now())
    event_id = f"0193a5c0-000{int(kind == WITHDRAWN)}-7000-8000-{number:012}"
    event = envelope.Envelope(
        id=event_id, source="/slm/test/monitor", type=kind, subject="s", time=now, recorded_at=now, data=data
    )
    record = Record(data.agreement_id, envelope.to_json(data), envelope.to_headers(event))
    await log.append(SENT[kind].topic.name, [record])


async def test_kills_and_refusals_leave_no_alert_open_and_none_that_ends_first(
    tmp_path: Path, postgres: object
) -> None:
    await survived(tmp_path, seed=1, kills=4)


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_a_hundred_kills_leave_no_alert_open(tmp_path: Path, postgres: object) -> None:
    await survived(tmp_path, seed=2, kills=100)


async def survived(folder: Path, *, seed: int, kills: int) -> None:
    """Tell of breaches and their withdrawals, refuse a third of the requests, and kill the process at random times."""
    chance, tool = random.Random(seed), PagerDuty()
    log_url, database_url = session().url(fresh_name("slm_log")), session().url(fresh_name("slm_notification"))
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving())
        receiver.pause = 0.05
        receiver.answering = lambda got: (503, b"") if chance.random() < 0.33 else tool(got)
        sender = Sender(folder, stack, log_url, database_url, parallel=4)
        await sender.start()
        log = await open_log(log_url, clock=SystemClock(), client="test")
        stack.push_async_callback(log.close)
        await announce(log, enrolled(MANAGER, "service_level_manager", party_id=parties_of(sample(BREACH))[0]))
        body = {"title": "T", "url": receiver.url(), "kind": "pagerduty", "secret": ROUTING_KEY}

        async def made() -> bool:
            return (await sender.ask("POST", ENDPOINTS, json=body)).status_code == 201

        await until(made, WAITS_SECONDS)
        told = 0
        for _ in range(kills):
            for _ in range(8):
                await tell(log, BREACH, told)
                await tell(log, WITHDRAWN, told)
                told += 1
                await asyncio.sleep(chance.uniform(0.0, 0.2))
            await sender.kill()
            await sender.start()

        async def all_over() -> bool:
            return len(tool.of) == told and all(actions[-1] == "resolve" for actions in tool.of.values())

        await until(all_over, 600.0)
        repeats = sum(len(actions) - 2 for actions in tool.of.values())
        print(f"{kills} kills: {told} alerts opened and resolved, {len(receiver.got)} requests, {repeats} repeats")
        for key, actions in tool.of.items():
            assert actions == sorted(actions, reverse=True), (key, actions)
            assert tool.state(key) == "resolved"
        # Up to four requests are on their way at a kill.
        assert repeats <= 4 * kills
