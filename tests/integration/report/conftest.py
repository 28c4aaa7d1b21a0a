"""A running report-svc on a real database and a log in memory, driven turn by turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.clock import ManualClock
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.outbox import OutboxRelay
from slm_chassis.subscriptions import Subscriptions
from slm_events.envelope import from_record
from slm_events.instants import to_text
from slm_events.report import ReportPublished
from slm_report.application.publishing import Publisher
from slm_report.bootstrap import build
from slm_report.settings import ReportSettings
from tests.support.api import enrolled
from tests.support.report import AGREEMENT, CUSTOMER, PROVIDER, at
from tests.support.report_log import tell
from tests.support.service import records


@dataclass
class ToldFigures:
    """Stands in for monitor-svc's door: answers ``GET /figures`` with what a test says is judged, or with a status."""

    clock: ManualClock
    windows: list[dict[str, Any]] = field(default_factory=list)
    breaches: list[dict[str, Any]] = field(default_factory=list)
    risks: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """(key, query) of each request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        assert request.url.path == "/api/v1/figures"
        self.asked.append((request.headers["authorization"], dict(request.query_params)))
        answer = {
            "agreement_id": AGREEMENT,
            "as_of": to_text(self.clock.now()),
            "position": {"slm.measurements:0": 7},
            "windows": self.windows,
            "breaches": self.breaches,
            "risks": self.risks,
        }
        await JSONResponse(answer, self.status)(scope, receive, send)


KEYS = {"provider": PROVIDER, "customer": CUSTOMER, "stranger": "somebody-else"}


@dataclass
class Running:
    """The service, and what a test does with it."""

    app: ServiceApp
    log: MemoryEventLog
    clock: ManualClock
    figures: ToldFigures

    async def hears(self, *events: Any, twice: bool = False, catch_up: bool = True) -> None:
        """The events arrive, are handled, and whatever is due or stale is settled."""
        await tell(self.log, *events, twice=twice, catch_up=catch_up)
        while await self._worker(Subscriptions).step(0.01):
            pass
        await self.settles()

    async def settles(self) -> None:
        while await self._worker(Publisher).step():
            pass
        while await self._worker(OutboxRelay).step():
            pass

    async def waits_until(self, when: str) -> None:
        self.clock.move_to(at(when))
        await self.settles()

    def published(self) -> list[ReportPublished]:
        events = [from_record(record.value, record.headers).data for record in records(self.log, "slm.reports")]
        assert all(isinstance(event, ReportPublished) for event in events)
        return events

    def client(self, who: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app.http),
            base_url="http://report",
            headers={"Authorization": f"Bearer {who}"},
        )

    async def gets(self, path: str, who: str = "customer") -> Any:
        async with self.client(who) as client:
            response = await client.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    def _worker(self, kind: type[Any]) -> Any:
        return next(worker for worker in self.app.workers if isinstance(worker, kind))


@pytest.fixture
def tables_of() -> str:
    return "slm_report"


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Running]:
    log, clock = MemoryEventLog(), ManualClock(at("2026-11-22T10:00"))
    await log.ensure_topics(topic_specs(2))
    app = await build(ReportSettings(database_url=database_url, quiet_seconds=0.0), log, clock)
    for name, party in KEYS.items():
        app.access.learn(enrolled(name, "service_level_manager", party_id=party))
    app.access.learn(enrolled("viewer", "viewer", party_id=CUSTOMER))
    app.access.learn(enrolled("operator", "operator", party_id=None))
    figures = ToldFigures(clock)
    (monitor,) = app.peers
    monitor.lend(figures)
    yield Running(app, log, clock, figures)
    for worker in app.workers:
        if isinstance(worker, Subscriptions):
            await worker.close()
    await app.stop()
