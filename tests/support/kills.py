"""A workload for an installation that is killed while it runs. Clients repeat each request until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import asyncpg
import httpx

from slm_monitor.application.intake.intake import parse_min_position
from tests.support.killable import Killable
from tests.support.operator_key import KEY
from tests.support.workload import HELD, INDICATORS, Batch, Workload

SENDERS = 4
BREATH_SECONDS = 0.03
"""The pause between two batches of a sender, so that the import lasts longer than a checkpoint."""
PATIENCE_SECONDS = 180.0

_UNFLUSHED = """
SELECT EXISTS (SELECT FROM judge_partition WHERE figures_blob < blob_seq) OR EXISTS (SELECT FROM outbox)
    OR EXISTS (SELECT FROM judge_inbox) OR EXISTS (SELECT FROM ticket WHERE waiting)
"""
_POSITIONS = "SELECT partition, measurements, tickets FROM judge_partition"
_EPOCHS = "SELECT array_agg(epoch ORDER BY partition) FROM judge_partition"


@dataclass(frozen=True)
class Kill:
    """A kill after ``after`` answers and ``pause`` seconds; with ``at_rest`` only once everything sent is evaluated."""

    after: int
    pause: float
    with_postgres: bool
    at_rest: bool


Fate = Callable[["Player"], Coroutine[Any, Any, None]]


def schedule(seed: int, count: int, work: Workload) -> list[Kill]:
    """Return the kills of a run. Half of them kill PostgreSQL, too; one is at the end of the import."""
    random = Random(seed)
    completed = len(work.during) + 1
    possible = [number for number in range(1, completed + len(work.after) - 15) if number != completed]
    taking = [True, False] * ((count + 1) // 2)
    random.shuffle(taking)
    return [
        Kill(after, random.uniform(0, 0.1), taking.pop(), random.random() < 0.85)
        for after in sorted([completed, *random.sample(possible, count - 1)])
    ]


def killed(kills: Iterable[Kill]) -> Fate:
    async def fate(player: Player) -> None:
        for kill in kills:
            await player.strike(kill)

    return fate


def dying(*lives: Mapping[str, str]) -> Fate:
    """Return the fate of a process that kills itself. ``lives``: the environment of each restart, the last of which
    lives on.
    """

    async def fate(player: Player) -> None:
        for environment in lives:
            await asyncio.wait_for(player.server.running.process.wait(), PATIENCE_SECONDS)
            await player.server.start(**environment)

    return fate


async def spared(player: Player) -> None:
    """Run a workload without any kill."""


class Player:
    """Sends a workload for the party ``owner`` while the process is killed."""

    def __init__(self, server: Killable, work: Workload, owner: str) -> None:
        self.server = server
        self.kills: list[str] = []
        self._work = work
        self._owner = owner
        self._answers = 0
        self._acknowledged: dict[tuple[str, int], int] = {}
        self._may_send = asyncio.Event()
        self._may_send.set()

    async def play(self, fate: Fate) -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(base_url=self.server.url, headers=headers, timeout=60) as client:
            for indicator in INDICATORS:
                owned = {**indicator, "owner_party_id": self._owner}
                await self._ask(client, "POST", "/api/v1/indicators", owned)
            async with asyncio.TaskGroup() as group:
                group.create_task(fate(self))
                await self._send(client)

    async def _send(self, client: httpx.AsyncClient) -> None:
        history = {"key": "history", "owner_party_id": self._owner, **HELD}
        held = f"/api/v1/imports/{(await self._ask(client, 'POST', '/api/v1/imports', history))['import_id']}"
        await self._send_all(client, self._work.during)
        await self._ask(client, "POST", f"{held}/complete")
        self._answers += 1
        while (await self._ask(client, "GET", held))["state"] != "judged":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await self._send_all(client, self._work.after)

    async def _send_all(self, client: httpx.AsyncClient, batches: list[Batch]) -> None:
        waiting = iter(batches)

        async def send() -> None:
            for batch in waiting:
                await self._may_send.wait()
                items = [{**item, "owner": self._owner} for item in batch.items]
                answer = await self._ask(client, "POST", f"/api/v1/{batch.door}", items)
                assert answer["accepted"] == len(items), answer
                for source, position in parse_min_position(answer["position"]).items():
                    self._acknowledged[source] = max(self._acknowledged.get(source, 0), position)
                self._answers += 1
                await asyncio.sleep(BREATH_SECONDS)

        async with asyncio.TaskGroup() as group:
            for _ in range(SENDERS):
                group.create_task(send())

    async def _ask(self, client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
        """Repeat a request until it is answered; return the answer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await client.request(method, path, json=body)
                    if answer.status_code < 500:
                        assert answer.is_success, answer.text
                        return answer.json()
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def strike(self, kill: Kill) -> None:
        """Kill the process while something acknowledged is not stored at its final place yet, and start it again."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._answers < kill.after:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            await asyncio.sleep(kill.pause)
            while not await self._is_caught_unflushed():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        epochs = (await self._fetch(_EPOCHS))[0][0]
        if kill.at_rest:
            self._may_send.clear()
        await self.server.kill(with_postgres=kill.with_postgres)
        self.kills.append("server and PostgreSQL" if kill.with_postgres else "server")
        await self.server.start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while kill.at_rest and not await self._is_back(epochs):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        self._may_send.set()

    async def _is_caught_unflushed(self) -> bool:
        """Freeze the server and return whether acknowledged data is unflushed. Only then the server stays frozen."""
        self.server.freeze()
        if await self._is_behind() or (await self._fetch(_UNFLUSHED))[0][0]:
            return True
        self.server.thaw()
        return False

    async def _is_back(self, epochs: list[int]) -> bool:
        """Whether every partition is owned again since these epochs, and everything acknowledged is evaluated."""
        now: list[int] = (await self._fetch(_EPOCHS))[0][0]
        return all(after > before for before, after in zip(epochs, now, strict=True)) and not await self._is_behind()

    async def _is_behind(self) -> bool:
        judged = {}
        for partition, measurements, tickets in await self._fetch(_POSITIONS):
            judged["slm.measurements", partition] = measurements
            judged["slm.tickets", partition] = tickets
        return any(judged[source] < position for source, position in self._acknowledged.items())

    async def _fetch(self, query: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.server.database_url)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()
