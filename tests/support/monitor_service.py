"""The whole of monitor-svc on a real database and its own port, with API keys of several parties."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import httpx
import uvicorn
from sqlalchemy import text

from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.clock import Clock, ScaledClock, real_now
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import EventLog, Record
from slm_events import envelope
from slm_events.catalogue import PUBLISHED
from slm_monitor import bootstrap
from slm_monitor.settings import MonitorSettings
from tests.support import postgres
from tests.support.api import BOOTSTRAP_KEY, announce, enrolled
from tests.support.monitor import CUSTOMER, PROVIDER, at

NOW = "2026-11-05T10:00"
FOREIGNER = "party-of-nobody"
PROVIDER_KEY, CUSTOMER_KEY, VIEWER_KEY, FOREIGN_KEY = "slm_provider", "slm_customer", "slm_viewer", "slm_foreigner"
SOURCES = {"/probes": PROVIDER, "/gateway": "*"}
PARTITIONS = 2


async def migrated_database() -> str:
    """Return the URL of a new database with monitor-svc's tables."""
    return await postgres.copy_tables_of("slm_monitor")


@dataclass
class Service:
    """A running monitor-svc and API keys. ``provider`` may send measurements, ``viewer`` of the same party only reads.

    ``customer`` is the agreement's other party, ``foreigner`` an unrelated one; ``operator`` runs the installation.
    """

    app: ServiceApp
    log: EventLog
    clock: Clock
    address: str
    database_url: str
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def client(self, key: str) -> httpx.AsyncClient:
        if key not in self.clients:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            self.clients[key] = httpx.AsyncClient(base_url=self.address, headers=headers, timeout=30)
        return self.clients[key]

    @property
    def provider(self) -> httpx.AsyncClient:
        return self.client(PROVIDER_KEY)

    @property
    def customer(self) -> httpx.AsyncClient:
        return self.client(CUSTOMER_KEY)

    @property
    def viewer(self) -> httpx.AsyncClient:
        return self.client(VIEWER_KEY)

    @property
    def foreigner(self) -> httpx.AsyncClient:
        return self.client(FOREIGN_KEY)

    @property
    def operator(self) -> httpx.AsyncClient:
        return self.client(BOOTSTRAP_KEY)

    async def register(self, key: str, kind: str, unit: str | None = None, scale: dict[str, str] | None = None) -> None:
        given = {"key": key, "kind": kind, "unit": unit, "initial_state": "up", "scale": scale}
        (await self.provider.post("/api/v1/indicators", json=given)).raise_for_status()

    async def measure(self, *items: dict[str, Any]) -> dict[str, Any]:
        answer = await self.provider.post("/api/v1/measurements", json=list(items))
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    async def agree(self, event: Any) -> None:
        """Publish an event of agreement-svc and wait until every partition has handled it."""
        await publish(self.log, event)
        async with asyncio.timeout(10):
            while not await self.targets(event.agreement_id) or await self.waits_in_the_inbox():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def waits_in_the_inbox(self) -> bool:
        """Whether some partition still has messages in its inbox."""
        async with self.app.database.read() as connection:
            return bool((await connection.execute(text("SELECT EXISTS (SELECT FROM judge_inbox)"))).scalar_one())

    async def targets(self, agreement_id: str) -> list[dict[str, Any]]:
        answer = await self.provider.get("/api/v1/targets", params={"agreement_id": agreement_id})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


async def publish(log: EventLog, event: Any) -> None:
    """Append an event to its topic, as the service that owns it would."""
    row = PUBLISHED[type(event)]
    attributes = envelope.Envelope(
        id=f"{real_now()}", source="/slm/test", type=row.type, subject="", time="", recorded_at="", data=event
    )
    key = str(getattr(event, row.key_field))
    await log.append(row.topic.name, [Record(key, envelope.to_json(event), envelope.to_headers(attributes))])


@asynccontextmanager
async def serving(
    database_url: str, log: EventLog | None = None, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Service]:
    """Give the block a service that is ready, on a new log in memory unless ``log`` is given."""
    if log is None:
        log = MemoryEventLog()
        await log.ensure_topics(topic_specs(PARTITIONS))
        await announce(log, enrolled(PROVIDER_KEY, "integrator", party_id=PROVIDER))
        await announce(log, enrolled(VIEWER_KEY, "viewer", party_id=PROVIDER))
        await announce(log, enrolled(CUSTOMER_KEY, "integrator", "service_level_manager", party_id=CUSTOMER))
        await announce(log, enrolled(FOREIGN_KEY, "integrator", "service_level_manager", party_id=FOREIGNER))
    clock = clock or ScaledClock(at(NOW), real_now(), Fraction(1))
    given = MonitorSettings(
        database_url=database_url, bootstrap_key=BOOTSTRAP_KEY, sources=SOURCES, installation="test", **settings
    )
    app = await bootstrap.build(given, log, clock)
    await app.start()
    try:
        async with _listening(app) as address:
            service = Service(app, log, clock, address, database_url)
            await _ready(service)
            yield service
            for client in service.clients.values():
                await client.aclose()
    finally:
        await app.stop()


@asynccontextmanager
async def _listening(app: ServiceApp) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app.http, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        app.end_streams()
        server.should_exit = True
        await task


async def _ready(service: Service) -> None:
    async with asyncio.timeout(20):
        while (await service.client("").get("/readyz")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def problem(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem document in an answer; fail if the answer is none."""
    assert answer.headers["content-type"] == "application/problem+json", (answer.status_code, answer.text[:500])
    document: dict[str, Any] = json.loads(answer.content)
    assert document["status"] == answer.status_code < 500
    assert document.get("detail") or document.get("errors"), document
    return document
