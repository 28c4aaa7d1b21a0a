"""The construction of report-svc from its settings, the event log and a clock."""

from __future__ import annotations

from typing import Any

from slm_chassis.app import ServiceApp
from slm_chassis.clock import Clock
from slm_chassis.foundation import open_foundation
from slm_chassis.http import dead_letter_routes, key_use_routes
from slm_chassis.http.api import build_api, openapi_of
from slm_chassis.http.peers import Peer
from slm_chassis.http.problems import answer_refusals
from slm_chassis.lag import LagMeter
from slm_chassis.log.port import EventLog
from slm_chassis.outbox import OutboxRelay
from slm_chassis.settings import ServiceSettings
from slm_chassis.subscriptions import Subscriptions, topics_of
from slm_chassis.workers import Worker
from slm_report.adapters.monitor_figures import MonitorFigures
from slm_report.adapters.sql_received_facts import SqlReceivedFacts
from slm_report.adapters.sql_reports import SqlReports
from slm_report.api import credit_previews, dependencies, problems, reports
from slm_report.api.document import DOCUMENT
from slm_report.application.ports import Desk
from slm_report.application.publishing import Publisher
from slm_report.domain.errors import Refusal
from slm_report.settings import ReportSettings
from slm_report.subscriptions import HANDLERS, projection

CONTEXT = "report"
GROUP = "slm-report"
_TITLE = "Service reports"
_ROUTERS = (
    reports.router,
    credit_previews.router,
    dead_letter_routes.dead_letter_router(CONTEXT),
    key_use_routes.key_use_router(CONTEXT, "integrator", "service_level_manager", "auditor"),
)
RECORDS_AT_ONCE = 2_000
"""The most events of a partition that are handled in one transaction. More would save little and make a retry more
expensive.
"""


async def build(settings: ServiceSettings, log: EventLog, clock: Clock) -> ServiceApp:
    """Migrate the database and return the service, not started; raises OSError or DBAPIError if the database cannot be
    reached.
    """
    foundation = await open_foundation(CONTEXT, settings, log, clock)
    database = foundation.database
    lag = LagMeter(GROUP, database, log, topics_of(HANDLERS), foundation.metrics)
    own = settings if isinstance(settings, ReportSettings) else ReportSettings(**settings.model_dump())
    monitor = Peer("monitor", own.monitor_url, setting="SLM_REPORT_MONITOR_URL")
    desk = Desk(database, SqlReceivedFacts, SqlReports, MonitorFigures(monitor), lag.look, own.quiet_seconds)
    http = build_api(foundation, title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
    answer_refusals(http, Refusal, problems.problem_of)
    dependencies.DESK.put(http, desk)
    dependencies.LAG.put(http, lag)
    heard, publisher = (
        Subscriptions(GROUP, database, log, projection(desk), max_records=RECORDS_AT_ONCE),
        Publisher(desk),
    )
    heard.listeners += [publisher.wake, lag.wake]
    workers: list[Worker] = [OutboxRelay(database, log), heard, lag, publisher]
    return ServiceApp(foundation, http, workers, [monitor])


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the service. It needs neither a database nor a log."""
    return openapi_of(title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
