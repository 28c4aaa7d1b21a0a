"""The construction of the service from its parts."""

from __future__ import annotations

from typing import Any

from slm_agreement.adapters.sql_ledger import SqlDesk
from slm_agreement.adapters.term_timer import TermTimer
from slm_agreement.api import (
    agreements,
    chain_previews,
    dependencies,
    invitations,
    moves,
    parties,
    people,
    principals,
    problems,
    relations,
    requirements,
    services,
)
from slm_agreement.api.document import DOCUMENT
from slm_agreement.subscriptions import HANDLERS
from slm_chassis.app import App
from slm_chassis.clock import Clock
from slm_chassis.foundation import open_foundation
from slm_chassis.http.api import build_api, openapi_of
from slm_chassis.identity import NAMESPACE, named_id
from slm_chassis.log.port import EventLog
from slm_chassis.outbox import Relay
from slm_chassis.settings import ServiceSettings
from slm_chassis.subscriptions import Subscriptions
from slm_chassis.workers import Worker

CONTEXT = "agreement"
_TITLE = "Agreements: parties, catalogue, negotiation"
_ROUTERS = tuple(
    each.router
    for each in (
        parties,
        people,
        principals,
        invitations,
        relations,
        services,
        requirements,
        agreements,
        moves,
        chain_previews,
    )
)


async def build(settings: ServiceSettings, log: EventLog, clock: Clock) -> App:
    """Return the service, ready to start, on a migrated database; raises OSError if the database cannot be reached."""
    foundation = await open_foundation(CONTEXT, settings, log, clock)
    database = foundation.database
    desk = SqlDesk(database, foundation.access, named_id(NAMESPACE, "installation", settings.installation))
    http = build_api(foundation, title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
    problems.install(http)
    dependencies.DESK.put(http, desk)
    workers: list[Worker] = [
        Relay(database, log),
        Subscriptions(f"slm-{CONTEXT}", database, log, HANDLERS),
        TermTimer(desk),
    ]
    return App(foundation, http, workers)


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the service. It needs neither a database nor a log."""
    return openapi_of(title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
