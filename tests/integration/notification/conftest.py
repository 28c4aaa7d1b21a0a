"""notification-svc as it runs, on a real database, with a log in memory and a real receiver on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest

from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.clock import SystemClock
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record
from slm_chassis.subscriptions import Subscriptions
from slm_events import envelope
from slm_events.instants import to_text
from slm_notification import bootstrap
from slm_notification.application.sending import WebhookSender
from slm_notification.domain.endpoints import SENT
from slm_notification.settings import NotificationSettings
from tests.support.api import enrolled
from tests.support.receiver import Receiver, receiving
from tests.unit.notification.test_event_filters import parties_of, sample

T = TypeVar("T")

BREACH = "slm.monitor.target-breached.v1"
RISK = "slm.monitor.target-at-risk.v1"
PROVIDER, CUSTOMER = parties_of(sample(BREACH))
STRANGER = "99999999-9999-4999-8999-999999999999"
KEYS = {
    "provider": ("integrator", PROVIDER),
    "manager": ("service_level_manager", PROVIDER),
    "viewer": ("viewer", PROVIDER),
    "customer": ("integrator", CUSTOMER),
    "stranger": ("integrator", STRANGER),
    "operator": ("operator", None),
}
ENDPOINTS, DELIVERIES = "/api/v1/webhook-endpoints", "/api/v1/webhook-deliveries"


class Names:
    """Addresses of host names for a test; every other name is one of this machine."""

    def __init__(self) -> None:
        self.of: dict[str, list[str]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return self.of.get(host, ["127.0.0.1"])


@dataclass
class Service:
    """The service and its log; nothing is heard or sent unless a test lets it."""

    app: ServiceApp
    log: MemoryEventLog
    names: Names = field(default_factory=Names)
    number: int = 0

    async def hear(self, kind: str, count: int = 1, at: int | None = None, **changed: Any) -> list[str]:
        """Append events of a type and let the service handle all that waits; return their ids."""
        ids = []
        for _ in range(count):
            self.number += 1
            ids.append(f"0193a5c0-0000-7000-8000-{self.number:012}")
            await self.append(kind, ids[-1], at, **changed)
        await self.handle()
        return ids

    async def append(self, kind: str, event_id: str, at: int | None = None, **changed: Any) -> None:
        known = sample(kind, **changed)
        recorded = to_text(SystemClock().now() if at is None else at)
        attributes = envelope.Envelope(
            id=event_id,
            source="/slm/test/other",
            type=kind,
            subject=known.subject,
            time=recorded,
            recorded_at=recorded,
            data=known.data,
        )
        record = Record(
            str(getattr(known.data, SENT[kind].key_field)),
            envelope.to_json(known.data),
            envelope.to_headers(attributes),
        )
        await self.log.append(SENT[kind].topic.name, [record])

    async def handle(self) -> None:
        while await self.worker(Subscriptions).step(0.0):
            pass

    async def send(self) -> int:
        """Send what is due, and wait for the answers; how much was sent."""
        sent = 0
        while begun := await self.worker(WebhookSender).step():
            await self.worker(WebhookSender).settle()
            sent += begun
        return sent

    def worker(self, kind: type[T]) -> T:
        return next(worker for worker in self.app.workers if isinstance(worker, kind))

    def client(self, who: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app.http),
            base_url="http://notification",
            headers={"Authorization": f"Bearer {who}"},
        )

    async def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        async with self.client(who) as client:
            return await client.request(method, path, **more)

    async def make(self, who: str, url: str, **more: Any) -> dict[str, Any]:
        """Make an endpoint and return the answer, with the secret."""
        answer = await self.ask(who, "POST", ENDPOINTS, json={"title": "Test", "url": url, **more})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def deliveries(self, who: str = "provider", **query: str) -> list[dict[str, Any]]:
        answer = await self.ask(who, "GET", DELIVERIES, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def status(self, endpoint_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask("provider", "GET", f"{ENDPOINTS}/{endpoint_id}/status")).json()
        return found


@pytest.fixture
def tables_of() -> str:
    return "slm_notification"


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of the service, which a file or test may override."""
    return {}


@pytest.fixture
async def service(database_url: str, settings: dict[str, Any]) -> AsyncIterator[Service]:
    log = MemoryEventLog()
    await log.ensure_topics(topic_specs(2))
    usual = {"allowed_networks": "127.0.0.0/8", "attempt_seconds": 0.5, "first_retry_seconds": 0.05}
    names = Names()
    app = await bootstrap.build(
        NotificationSettings(database_url=database_url, **{**usual, **settings}), log, SystemClock(), resolve=names
    )
    for key, (role, party_id) in KEYS.items():
        app.access.learn(enrolled(key, role, party_id=party_id))
    service = Service(app, log, names)
    yield service
    await service.worker(Subscriptions).close()
    await app.database.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found
