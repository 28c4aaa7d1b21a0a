"""agreement-svc on a real database, with a log in memory and a clock that only the test moves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from argon2 import PasswordHasher
from pydantic import SecretStr

from slm_agreement import bootstrap
from slm_agreement.adapters.argon2_passwords import Argon2Passwords
from slm_agreement.adapters.term_timer import TermTimer
from slm_agreement.api import dependencies
from slm_agreement.settings import AgreementSettings
from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.clock import ManualClock
from slm_chassis.identity import new_id
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Record
from slm_chassis.outbox import OutboxRelay
from slm_chassis.subscriptions import Subscriptions
from slm_events import envelope, instants
from slm_events.catalogue import PUBLISHED
from tests.support.operator_key import KEY
from tests.support.service import records

OPERATOR_KEY = KEY
T = TypeVar("T")

NOW = "2026-11-22T10:00:00Z"
EFFECTIVE = "2026-12-01T00:00:00Z"


@dataclass
class AgreementUnderTest:
    """agreement-svc, its log and its clock. Time passes only when a test moves the clock."""

    app: ServiceApp
    log: MemoryEventLog
    clock: ManualClock
    client: httpx.AsyncClient
    reading: asyncio.Task[None]
    """The task in which the registry of keys reads its topic."""

    @classmethod
    async def open(cls, database_url: str, **more: Any) -> AgreementUnderTest:
        """Open the service on this migrated database; ``more`` are settings."""
        log, clock = MemoryEventLog(), ManualClock(instants.from_text(NOW))
        await log.ensure_topics(topic_specs(2))
        settings = AgreementSettings(database_url=database_url, bootstrap_key=SecretStr(OPERATOR_KEY), **more)
        app = await bootstrap.build(settings, log, clock)
        # Nothing leaves unless a test lets it, so there is nothing to wait for.
        app.access.logged_wait_seconds = 0.0
        # The parameters of production take a second on a busy machine.
        dependencies.PASSWORDS.put(app.http, Argon2Passwords(PasswordHasher(1, 64, 1)))
        reading = asyncio.create_task(app.access.run())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app.http), base_url="http://agreement")
        return cls(app, log, clock, client, reading)

    async def close(self) -> None:
        self.reading.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)
        await self._worker(Subscriptions).close()
        await self.client.aclose()
        await self.app.database.close()

    async def ask(
        self, key: str, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a request with a key; return status and JSON. Header names are written with ``_`` instead of ``-``."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.client.request(
            method, path, json=body, headers={"Authorization": f"Bearer {key}", **given}
        )
        return response.status_code, response.json() if response.content else {}

    async def told(self, *kinds: type[T]) -> list[T]:
        """Return the published events of these classes, in the order of each topic's partitions."""
        while await self._worker(OutboxRelay).step():
            pass
        names = {PUBLISHED[kind].topic.name for kind in kinds}
        found = [each for name in sorted(names) for each in records(self.log, name)]
        events = [envelope.from_record(each.value, each.headers).data for each in found]
        return [event for event in events if type(event) in kinds]

    async def hear(self, event: Any, event_id: str | None = None) -> None:
        """Append another service's event to the log, and let the service handle all waiting events."""
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
        record = Record(str(getattr(event, row.key_field)), envelope.to_json(event), envelope.to_headers(attributes))
        await self.log.append(row.topic.name, [record])
        while await self._worker(Subscriptions).step(0.0):
            pass

    async def move_to(self, when: str) -> int:
        """Set the clock and run the timer once; return the number of transitions applied."""
        self.clock.move_to(instants.from_text(when))
        return await self._worker(TermTimer).step()

    def _worker(self, kind: type[T]) -> T:
        return next(worker for worker in self.app.workers if isinstance(worker, kind))
