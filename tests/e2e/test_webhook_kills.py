"""``kill -9`` of notification-svc, and an endpoint that is away: no webhook is lost, and a repeat has the same id."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import EventLog, Record
from slm_events import envelope
from slm_events.instants import to_text
from slm_notification.domain.endpoints import SENT
from tests.support.api import announce, enrolled
from tests.support.operator_key import KEY
from tests.support.postgres import fresh_name, session
from tests.support.processes import Running, free_port, started
from tests.support.receiver import Receiver, receiving
from tests.support.service import until
from tests.unit.notification.test_event_filters import parties_of, sample

BREACH = "slm.monitor.target-breached.v1"
MANAGER = "slm_" + "m" * 43
ENDPOINTS = "/api/v1/webhook-endpoints"
WAITS_SECONDS = 240.0
LONGEST_SECONDS = 5.0 if os.environ.get("SLM_JUDGE_WAITING") == "1" else 60.0
"""Longest time from the log to the receiver; generous where the machine may be busy."""


@dataclass
class Sender:
    """notification-svc in a process of its own, that can be killed and started again on its data."""

    folder: Path
    stack: AsyncExitStack
    log_url: str
    database_url: str
    port: int = field(default_factory=free_port)
    running: Running | None = None
    parallel: int = 1

    async def start(self) -> None:
        environment = {
            "SLM_LOG": self.log_url,
            "SLM_BOOTSTRAP_KEY": KEY,
            "SLM_NOTIFICATION_DATABASE_URL": self.database_url,
            "SLM_NOTIFICATION_PORT": str(self.port),
            "SLM_NOTIFICATION_ALLOWED_NETWORKS": "127.0.0.0/8",
            "SLM_NOTIFICATION_ATTEMPT_SECONDS": "2",
            "SLM_NOTIFICATION_FIRST_RETRY_SECONDS": "0.3",
            "SLM_NOTIFICATION_PARALLEL": str(self.parallel),
        }
        running = started(["slm_notification"], self.folder / "output", self.port, environment)
        self.running = await self.stack.enter_async_context(running)
        await self.running.ready(WAITS_SECONDS)

    async def kill(self) -> None:
        assert self.running is not None
        await self.running.stop(signal.SIGKILL)

    async def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as client:
            headers = {"Authorization": f"Bearer {MANAGER}"}
            return await client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]


@dataclass
class Scene:
    """The process, the log that it reads, and the receiver, with one endpoint of the provider."""

    sender: Sender
    log: EventLog
    receiver: Receiver
    endpoint_id: str = ""
    told: dict[str, float] = field(default_factory=dict)
    """Event id → when it was appended, in seconds of the loop's clock."""

    async def tell(self, count: int) -> None:
        """Append events of a breach to the log."""
        for _ in range(count):
            data = sample(BREACH).data
            now, event_id = to_text(SystemClock().now()), f"0193a5c0-0000-7000-8000-{len(self.told):012}"
            event = envelope.Envelope(
                id=event_id, source="/slm/test/monitor", type=BREACH, subject="s", time=now, recorded_at=now, data=data
            )
            record = Record(data.agreement_id, envelope.to_json(data), envelope.to_headers(event))
            self.told[event_id] = asyncio.get_running_loop().time()
            await self.log.append(SENT[BREACH].topic.name, [record])

    async def all_arrived(self) -> bool:
        return {each.event["id"] for each in self.receiver.got} >= self.told.keys()

    async def nothing_waits(self) -> bool:
        return bool((await self.sender.ask("GET", f"{ENDPOINTS}/{self.endpoint_id}/status")).json()["waiting"] == 0)


@asynccontextmanager
async def played(folder: Path) -> AsyncIterator[tuple[Scene, str]]:
    """Run the process with an endpoint; give the block the scene and the endpoint's secret."""
    log_url, database_url = session().url(fresh_name("slm_log")), session().url(fresh_name("slm_notification"))
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving())
        sender = Sender(folder, stack, log_url, database_url)
        await sender.start()
        log = await open_log(log_url, clock=SystemClock(), client="test")
        stack.push_async_callback(log.close)
        await announce(log, enrolled(MANAGER, "service_level_manager", party_id=parties_of(sample(BREACH))[0]))
        scene = Scene(sender, log, receiver)

        async def made() -> bool:
            answer = await sender.ask("POST", ENDPOINTS, json={"title": "T", "url": receiver.url()})
            secrets.append(answer.json().get("secret", ""))
            scene.endpoint_id = answer.json().get("endpoint_id", "")
            return answer.status_code == 201

        secrets: list[str] = []
        await until(made, WAITS_SECONDS)
        yield scene, secrets[-1]


async def test_a_breach_is_at_the_receiver_within_seconds(tmp_path: Path, postgres: object) -> None:
    async with played(tmp_path) as (scene, _):
        arrived: dict[str, float] = {}
        for _ in range(60):
            await scene.tell(1)
            # One at a time: what is measured is how long a webhook takes, not a queue of them.
            await asyncio.sleep(0.25)
            for each in scene.receiver.got[len(arrived) :]:
                arrived.setdefault(each.event["id"], asyncio.get_running_loop().time())
        await until(scene.all_arrived, WAITS_SECONDS)
        now = asyncio.get_running_loop().time()
        late = sorted(arrived.get(each, now) - told for each, told in scene.told.items())
        print(f"webhooks: median {late[len(late) // 2]:.2f} s, longest {late[-1]:.2f} s")
        assert late[-1] < LONGEST_SECONDS


async def test_kills_lose_nothing_and_repeat_at_most_one_each(tmp_path: Path, postgres: object) -> None:
    await survived(tmp_path, seed=1, kills=4, away_seconds=3.0)


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_a_hundred_kills_and_half_an_hour_of_a_dead_endpoint(tmp_path: Path, postgres: object) -> None:
    await survived(tmp_path, seed=2, kills=100, away_seconds=1_800.0)


async def survived(folder: Path, *, seed: int, kills: int, away_seconds: float) -> None:
    """Tell of breaches all the time, kill the process at random instants, and let the receiver be away once."""
    chance = random.Random(seed)
    async with played(folder) as (scene, secret):
        scene.receiver.pause = 0.05
        telling = asyncio.create_task(endlessly(scene))
        try:
            for number in range(kills):
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                await scene.sender.kill()
                await scene.sender.start()
                if number == kills // 2:
                    await scene.receiver.stop()
                    await asyncio.sleep(away_seconds)
                    await scene.receiver.start()
                # What was on its way waits for the end of its lease; then it goes on.
                await until(progress_after(scene, len(scene.receiver.got)), 700.0)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
        await until(scene.all_arrived, 900.0)
        await until(scene.nothing_waits, 900.0)
        counts = scene.receiver.counts()
        repeats = sum(counts.values()) - len(counts)
        print(f"{kills} kills: {len(scene.told)} told, {len(counts)} arrived, {repeats} repeats")
        assert len({each.event["id"] for each in scene.receiver.got}) == len(counts) == len(scene.told)
        assert repeats <= kills
        assert all(each.is_signed_with(secret) for each in scene.receiver.got[-100:])


def progress_after(scene: Scene, count: int) -> Callable[[], Awaitable[bool]]:
    async def has_gone_on() -> bool:
        return len(scene.receiver.got) > count

    return has_gone_on


async def endlessly(scene: Scene) -> None:
    while True:
        await scene.tell(1)
        await asyncio.sleep(0.4)
