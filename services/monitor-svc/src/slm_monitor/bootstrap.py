"""Builds monitor-svc. Only this module knows all of its parts."""

from __future__ import annotations

from typing import Any

from slm_chassis.app import App
from slm_chassis.clock import Clock
from slm_chassis.foundation import open_foundation
from slm_chassis.http.api import build_api, openapi_of
from slm_chassis.log.port import EventLog
from slm_chassis.outbox import Relay
from slm_chassis.settings import ServiceSettings
from slm_chassis.subscriptions import Subscriptions
from slm_chassis.workers import Worker
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.adapters.commands.breach_workflows import BreachQueries
from slm_monitor.adapters.commands.exclusion_queries import ExclusionQueries
from slm_monitor.adapters.commands.sql_backtests import SqlBacktests
from slm_monitor.adapters.commands.sql_exclusions import SilenceDecider
from slm_monitor.adapters.commands.sql_imports import SqlImports
from slm_monitor.adapters.commands.sql_snapshots import SqlSnapshots
from slm_monitor.adapters.commands.sql_terms import SqlIndicators, SqlQuarantine
from slm_monitor.adapters.formats.wire_formats import IntakeFormat
from slm_monitor.adapters.metrics import MonitorMetrics
from slm_monitor.adapters.queries.indicator_queries import IndicatorQueries
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.adapters.queries.ticket_queries import TicketQueries
from slm_monitor.adapters.rows.accepted_windows import AcceptedWindows
from slm_monitor.adapters.store.compaction import Compaction
from slm_monitor.adapters.store.retention import DAY, Retention
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.adapters.store.sql_failed_targets import FailedTargetQueries
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.adapters.store.suspended_sources import SuspendedSources
from slm_monitor.adapters.store.window_history import WindowHistory
from slm_monitor.api import dependencies
from slm_monitor.api.decisions import breach_steps, exclusions
from slm_monitor.api.document import DOCUMENT
from slm_monitor.api.drafts import backtests, previews
from slm_monitor.api.intake import imports, indicators, intake, otlp, quarantine, ticket_snapshots
from slm_monitor.api.results import breaches, explanations, figures, histories, stream, targets, tickets
from slm_monitor.application.engine.evaluation_worker import EvaluationWorker
from slm_monitor.application.history.fact_history import ParsedTerms
from slm_monitor.application.intake.backlog import Backlog
from slm_monitor.application.intake.intake import Intake
from slm_monitor.application.intake.quarantine import QuarantineDecisions
from slm_monitor.application.intake.record_reader import RecordReader
from slm_monitor.application.preview.backtesting import BacktestWorker
from slm_monitor.application.stream.event_stream import EventStream
from slm_monitor.settings import MonitorSettings
from slm_monitor.subscriptions import HANDLERS

CONTEXT = "monitor"
GROUP = "slm-monitor"
_TITLE = "Measurements, judgement and breaches"
_ROUTERS = (
    intake.router,
    otlp.router,
    indicators.router,
    imports.router,
    targets.router,
    breaches.router,
    tickets.router,
    ticket_snapshots.router,
    exclusions.router,
    previews.router,
    stream.router,
    figures.router,
    explanations.router,
    histories.router,
    breach_steps.router,
    quarantine.router,
    backtests.router,
)


async def build(settings: ServiceSettings, log: EventLog, clock: Clock) -> App:
    """Return the service, connected to its migrated database and not started yet. Raises OSError or DBAPIError if the
    database cannot be reached."""
    metrics = MonitorMetrics()
    foundation = await open_foundation(CONTEXT, settings, log, clock, metrics)
    database = foundation.database
    partitions = await log.partitions(MEASUREMENTS.name)
    if await log.partitions(TICKETS.name) != partitions:
        raise ValueError("the intake topics have different numbers of partitions; create them alike")
    store = SqlEvaluationStore(database, clock)
    await store.prepare(partitions)
    form = IntakeFormat()
    own = settings if isinstance(settings, MonitorSettings) else MonitorSettings(**settings.model_dump())
    backlog = Backlog(log, store.processed_positions, own.most_behind, metrics.behind)
    worker = EvaluationWorker(
        store, log, clock, RecordReader(form, store, clock, partitions, own.sources), partitions, metrics.stepped
    )
    heard = Subscriptions(GROUP, database, log, HANDLERS)
    http = build_api(
        foundation,
        title=_TITLE,
        routers=_ROUTERS,
        documentation=DOCUMENT,
        direct=intake.DIRECT,
    )
    dependencies.INTAKE.put(http, Intake(log, form, store, SqlQuarantine(database), clock, partitions, backlog))
    dependencies.INDICATORS.put(http, SqlIndicators(database))
    dependencies.IMPORTS.put(http, SqlImports(database))
    dependencies.QUERIES.put(http, TargetQueries(database))
    dependencies.TICKETS.put(http, TicketQueries(database))
    dependencies.SNAPSHOTS.put(http, SqlSnapshots(database))
    dependencies.INDICATOR_QUERIES.put(http, IndicatorQueries(database))
    dependencies.EXCLUSIONS.put(http, ExclusionQueries(database))
    dependencies.WORKER.put(http, worker)
    dependencies.FAILED_TARGETS.put(http, FailedTargetQueries(database))
    dependencies.SUSPENDED_SOURCES.put(http, SuspendedSources(database))
    dependencies.STORE.put(http, store)
    dependencies.PARSED_TERMS.put(http, ParsedTerms())
    record = dependencies.RECORD.put(http, SqlHistory(database, store, partitions))
    dependencies.HISTORY.put(http, WindowHistory(database))
    dependencies.ACCEPTED_WINDOWS.put(http, AcceptedWindows(database))
    dependencies.BREACHES.put(http, BreachQueries(database))
    jobs = dependencies.BACKTESTS.put(http, SqlBacktests(database))
    backtesting = BacktestWorker(jobs, record)
    dependencies.QUARANTINE.put(http, QuarantineDecisions(form, store, partitions))
    live = dependencies.EVENT_STREAM.put(http, EventStream(log, own.most_streams))
    workers: list[Worker] = [
        Relay(database, log),
        heard,
        worker,
        SilenceDecider(database, clock),
        Compaction(database, clock),
        backlog,
        live,
        backtesting,
    ]
    if own.retention_days is not None:
        workers.append(Retention(database, clock, own.retention_days * DAY, partitions))
    return App(foundation, http, workers)


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the service. It needs neither database nor log."""
    return openapi_of(title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
