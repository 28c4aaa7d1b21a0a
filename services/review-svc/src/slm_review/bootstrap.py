"""The construction of review-svc from its settings, the event log and a clock."""

from __future__ import annotations

from typing import Any

from slm_chassis.app import ServiceApp
from slm_chassis.clock import Clock
from slm_chassis.foundation import open_foundation
from slm_chassis.http import dead_letter_routes, key_use_routes
from slm_chassis.http.api import build_api, openapi_of
from slm_chassis.http.problems import answer_refusals
from slm_chassis.lag import LagMeter
from slm_chassis.log.port import EventLog
from slm_chassis.outbox import OutboxRelay
from slm_chassis.settings import ServiceSettings
from slm_chassis.subscriptions import Subscriptions, topics_of
from slm_chassis.workers import Worker
from slm_review.adapters.calendar_watch import CalendarWatch
from slm_review.adapters.sql_ledger import SqlDesk
from slm_review.api import action_plans, actions, dependencies, lessons, problems, proposals, reviews
from slm_review.api.document import DOCUMENT
from slm_review.domain.errors import Refusal
from slm_review.settings import ReviewSettings
from slm_review.subscriptions import HANDLERS, PROJECTION

CONTEXT = "review"
GROUP = "slm-review"
RECORDS_AT_ONCE = 2_000
"""The most events of a partition that are handled in one transaction."""
_TITLE = "Reviews, action plans and proposals"
_ROUTERS = (
    action_plans.router,
    reviews.router,
    actions.router,
    lessons.router,
    proposals.router,
    dead_letter_routes.dead_letter_router(CONTEXT),
    key_use_routes.key_use_router(CONTEXT, "integrator", "service_level_manager", "auditor"),
)


async def build(settings: ServiceSettings, log: EventLog, clock: Clock) -> ServiceApp:
    """Migrate the database and return the service, not started; raises OSError or DBAPIError if the database cannot be
    reached.
    """
    foundation = await open_foundation(CONTEXT, settings, log, clock)
    database = foundation.database
    http = build_api(foundation, title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
    answer_refusals(http, Refusal, problems.problem_of)
    desk = dependencies.DESK.put(http, SqlDesk(database))
    pause = settings.watch_pause_seconds if isinstance(settings, ReviewSettings) else 1.0
    lag = LagMeter(GROUP, database, log, topics_of(HANDLERS), foundation.metrics)
    subscriptions = Subscriptions(GROUP, database, log, PROJECTION, max_records=RECORDS_AT_ONCE)
    subscriptions.listeners.append(lag.wake)
    workers: list[Worker] = [OutboxRelay(database, log), subscriptions, lag, CalendarWatch(desk, pause)]
    return ServiceApp(foundation, http, workers)


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the service. It needs neither a database nor a log."""
    return openapi_of(title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
