"""A small service for tests of the chassis' HTTP layer: real registry, log in memory, routes that fail on request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import httpx
from fastapi import APIRouter, FastAPI

from slm_chassis.access import hash_of
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.app import topic_specs
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database
from slm_chassis.engine import open_engine
from slm_chassis.foundation import Foundation
from slm_chassis.http.api import build_api
from slm_chassis.http.limits import Limits
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import EventLog, Record
from slm_chassis.metrics import Metrics
from slm_events import envelope
from slm_events.access_tokens import TokenKeyAnnounced
from slm_events.agreement import PrincipalEnrolled
from slm_events.catalogue import ACCESS
from tests.support.operator_key import KEY

BOOTSTRAP_KEY = KEY


async def memory_log() -> MemoryEventLog:
    """Return an empty log in memory with every topic."""
    log = MemoryEventLog()
    await log.ensure_topics(topic_specs(2))
    return log


def enrolled(key: str, *roles: str, party_id: str | None = "party-a", **more: object) -> PrincipalEnrolled:
    """Return the event that enrols a principal with this key.

    ``more``: fields of the key (``scopes``, ``revoked_at``, ``expires_at``, ``limited_to``) or ``person_id``.
    """
    of_key = {"key_id": f"id of {key}", "sha256": hash_of(key), "scopes": more.get("scopes", [])}
    of_key |= {name: more.get(name) for name in ("revoked_at", "expires_at", "limited_to")}
    person_id = more.get("person_id")
    return PrincipalEnrolled(
        principal_id=f"principal of {key}",
        party_id=party_id,
        name=f"owner of {key}",
        roles=list(roles),
        keys=[of_key],
        person_id=str(person_id) if person_id else None,
    )


async def announce(log: EventLog, event: PrincipalEnrolled | TokenKeyAnnounced) -> None:
    """Append the event to ``slm.access``, as agreement-svc does."""
    attributes = envelope.Envelope(
        id="1", source="/slm/test", type=envelope.type_of(event), subject="", time="", recorded_at="", data=event
    )
    key = event.token_key_id if isinstance(event, TokenKeyAnnounced) else event.principal_id
    record = Record(key, envelope.to_json(event), envelope.to_headers(attributes))
    await log.append(ACCESS.name, [record])


@contextlib.asynccontextmanager
async def running(registry: AccessRegistry) -> AsyncIterator[AccessRegistry]:
    """Run the registry, so that it reads its topic, inside the block."""
    task = asyncio.create_task(registry.run())
    try:
        yield registry
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def nowhere() -> Database:
    """Return a database whose server does not exist."""
    engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing", client="test", pool_size=1)
    return Database(engine, clock=SystemClock(), source="/slm/test/none")


def api_of(
    routers: Sequence[APIRouter],
    registry: AccessRegistry,
    log: EventLog,
    database: Database | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """Return the API of a service called ``trial`` with these routers."""
    return build_api(foundation_of(registry, log, database, limits), title="Trial", routers=routers)


def foundation_of(
    registry: AccessRegistry, log: EventLog, database: Database | None = None, limits: Limits | None = None
) -> Foundation:
    """Return the foundation of a service called ``trial``."""
    clock, metrics = SystemClock(), Metrics("trial")
    return Foundation("trial", database or nowhere(), log, clock, registry, metrics, limits or Limits())


def client_of(api: FastAPI, key: str = "") -> httpx.AsyncClient:
    """Return a client of the API that sends the key with each request."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://trial", headers=headers)
