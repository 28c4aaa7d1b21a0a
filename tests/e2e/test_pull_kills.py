"""``kill -9`` of monitor-svc in the middle of a pull: every ticket is read in the end, and no event is there twice."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_events.instants import to_text
from tests.support.api import announce, enrolled
from tests.support.operator_key import KEY
from tests.support.postgres import fresh_name, session
from tests.support.processes import Running, free_port, started
from tests.support.service import until
from tests.support.simulated_servicenow import SimulatedServiceNow
from tests.support.simulated_tool import PASSWORD, USER, SimulatedRequest, simulated

MANAGER = "slm_" + "m" * 43
PARTY = "11111111-1111-4111-8111-111111111111"
WAITS_SECONDS = 240.0
TICKETS, KILLS = 600, 3
MINUTE = 60_000_000


@dataclass
class Monitor:
    """monitor-svc in a process of its own, that can be killed and started again on its data."""

    folder: Path
    stack: AsyncExitStack
    log_url: str
    database_url: str
    port: int = field(default_factory=free_port)
    running: Running | None = None

    async def start(self) -> None:
        environment = {
            "SLM_LOG": self.log_url,
            "SLM_BOOTSTRAP_KEY": KEY,
            "SLM_MONITOR_DATABASE_URL": self.database_url,
            "SLM_MONITOR_PORT": str(self.port),
            "SLM_MONITOR_ALLOWED_NETWORKS": "127.0.0.0/8",
            "SLM_MONITOR_PULL_REQUEST_SECONDS": "0.75",
        }
        running = started(["slm_monitor"], self.folder / "output", self.port, environment)
        self.running = await self.stack.enter_async_context(running)
        await self.running.ready(WAITS_SECONDS)

    async def kill(self) -> None:
        assert self.running is not None
        await self.running.stop(signal.SIGKILL)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as client:
            return await client.request(method, path, headers={"Authorization": f"Bearer {MANAGER}"}, **more)


def shown(at: int) -> str:
    """Return an instant as ServiceNow writes it."""
    return to_text(at)[:19].replace("T", " ")


async def test_kills_lose_no_ticket_and_double_no_event(tmp_path: Path, postgres: object) -> None:
    chance = random.Random(7)
    began = SystemClock().now() - 180 * MINUTE
    tool = SimulatedServiceNow(pause=0.2)
    for number in range(TICKETS):
        at = shown(began + number // 10 * 1_000_000)
        # Every second one is closed: what a pull lost of those, no reconciliation would bring.
        tool.open(f"INC{number:04}", at, **({"state": "7", "closed_at": at} if number % 2 else {}))
    lasting = [number for number, row in tool.rows.items() if row["state"] != "7"]
    changed: dict[str, int] = {}

    def disturb(request: SimulatedRequest) -> None:
        for number in chance.sample(lasting, 3):
            at = began + (90 + len(changed)) * MINUTE // 10
            changed[number] = at
            tool.change(number, shown(at), state=chance.choice("23"))

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(simulated(tool))
        log_url, database_url = session().url(fresh_name("slm_log")), session().url(fresh_name("slm_monitor"))
        monitor = Monitor(tmp_path, stack, log_url, database_url)
        await monitor.start()
        log = await open_log(log_url, clock=SystemClock(), client="test")
        stack.push_async_callback(log.close)
        await announce(log, enrolled(MANAGER, "service_level_manager", party_id=PARTY))
        made: list[httpx.Response] = []

        async def is_made() -> bool:
            body = {"title": "T", "connector": "servicenow", "address": tool.address, "secret": PASSWORD}
            proof = {"authentication": {"kind": "basic", "user": USER}}
            made.append(await monitor.ask("POST", "/api/v1/pulls", json={**body, **proof}))
            return made[-1].status_code == 201

        await until(is_made, WAITS_SECONDS)
        path = f"/api/v1/pulls/{made[-1].json()['pull_id']}"
        tool.before = disturb
        for _ in range(KILLS):
            asked = len(tool.asked)
            await until(lambda count=asked: answered(tool, count + 2), WAITS_SECONDS)  # type: ignore[misc]
            await asyncio.sleep(chance.uniform(0.0, 1.0))
            await monitor.kill()
            await monitor.start()
        tool.before = lambda request: None
        runs: list[dict[str, Any]] = []

        async def is_read() -> bool:
            runs[:] = (await monitor.ask("GET", f"{path}/runs")).json()["items"]
            return {each["kind"] for each in runs if each["outcome"] == "done"} == {"changes", "reconciliation"}

        await until(is_read, WAITS_SECONDS)
        await monitor.ask("POST", f"{path}/runs", json={})
        last = runs[0]["run_id"]

        async def is_read_again() -> bool:
            runs[:] = (await monitor.ask("GET", f"{path}/runs")).json()["items"]
            return runs[0]["run_id"] != last and runs[0]["outcome"] == "done"

        await until(is_read_again, WAITS_SECONDS)
        outcomes = Counter(each["outcome"] for each in runs)
        print(f"{KILLS} kills: {len(tool.asked)} requests, {dict(outcomes)}")
        assert outcomes["interrupted"] >= KILLS - 1
        names = {"1": "new", "2": "in-progress", "3": "on-hold", "7": "closed"}
        for number, row in tool.rows.items():
            ticket = (await monitor.ask("GET", f"/api/v1/tickets/servicenow/{number}")).json()
            assert ticket["state"] == names[row["state"]], ticket
            told = Counter((each["event"], each["at"], each.get("state")) for each in ticket["events"])
            assert set(told.values()) == {1}, ticket
            if number not in changed and number in lasting:
                assert sorted(event for event, _, _ in told) == ["opened"], ticket
        assert tool.at_once == 1


async def answered(tool: SimulatedServiceNow, count: int) -> bool:
    return len(tool.asked) >= count
