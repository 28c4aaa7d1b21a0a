"""review-svc as it runs, on a real database, a log in memory and a clock that stands still until moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest

from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.clock import ManualClock
from slm_chassis.identity import new_id
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record
from slm_chassis.outbox import OutboxRelay
from slm_chassis.subscriptions import Subscriptions
from slm_events import envelope
from slm_events.catalogue import PUBLISHED, REVIEWS
from slm_review import bootstrap
from slm_review.adapters.calendar_watch import CalendarWatch
from slm_review.settings import ReviewSettings
from tests.support.api import enrolled
from tests.support.review import CUSTOMER, PROVIDER, at, id_of
from tests.support.service import records

T = TypeVar("T")

KEYS = {
    "customer": ("service_level_manager", CUSTOMER),
    "provider": ("provider_signatory", PROVIDER),
    "viewer": ("viewer", CUSTOMER),
    "agent": ("integrator", PROVIDER),
    "stranger": ("service_level_manager", id_of("a stranger's party")),
    "operator": ("operator", None),
}


@dataclass
class Service:
    """The service, its log and its clock; nothing moves unless a test lets it."""

    app: ServiceApp
    log: MemoryEventLog
    clock: ManualClock

    async def hear(self, *events: Any, event_id: str | None = None) -> None:
        """Append the events to their topics and let the service handle all that waits."""
        for event in events:
            row = PUBLISHED[type(event)]
            attributes = envelope.Envelope(
                id=event_id or new_id(),
                source="/slm/test/other",
                type=row.type,
                subject="",
                time="",
                recorded_at="",
                data=event,
            )
            record = Record(
                str(getattr(event, row.key_field)), envelope.to_json(event), envelope.to_headers(attributes)
            )
            await self.log.append(row.topic.name, [record])
        subscriptions = self.worker(Subscriptions)
        while await subscriptions.step(0.0):
            pass

    async def move_to(self, when: str) -> int:
        """Set the clock and look at the calendar; how many reviews opened."""
        self.clock.move_to(at(when))
        return await self.worker(CalendarWatch).step()

    async def told(self, kind: type[T]) -> list[T]:
        """What of that kind it has published on its topic."""
        while await self.worker(OutboxRelay).step():
            pass
        published = [envelope.from_record(record.value, record.headers) for record in records(self.log, REVIEWS.name)]
        return [each.data for each in published if type(each.data) is kind]

    def client(self, who: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app.http),
            base_url="http://review",
            headers={"Authorization": f"Bearer {who}"} if who else {},
        )

    def worker(self, kind: type[T]) -> T:
        return next(worker for worker in self.app.workers if isinstance(worker, kind))


@pytest.fixture
def tables_of() -> str:
    return "slm_review"


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    log, clock = MemoryEventLog(), ManualClock(at("2026-11-22T10:00"))
    await log.ensure_topics(topic_specs(2))
    app = await bootstrap.build(ReviewSettings(database_url=database_url), log, clock)
    for key, (role, party_id) in KEYS.items():
        app.access.learn(enrolled(key, role, party_id=party_id))
    service = Service(app, log, clock)
    yield service
    await service.worker(Subscriptions).close()
    await app.database.close()
