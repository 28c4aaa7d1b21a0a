"""Construction of monitor-svc from its stores, workers and routes. Only this module knows all of its parts."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from fastapi import FastAPI

from slm_chassis.app import ServiceApp
from slm_chassis.clock import Clock
from slm_chassis.foundation import open_foundation
from slm_chassis.http import dead_letter_routes, key_use_routes
from slm_chassis.http.api import build_api, openapi_of
from slm_chassis.http.problems import answer_refusals
from slm_chassis.identity import new_id
from slm_chassis.log.port import EventLog
from slm_chassis.outbox import OutboxRelay
from slm_chassis.outgoing import AddressRules, parse_networks
from slm_chassis.settings import ServiceSettings
from slm_chassis.subscriptions import Subscriptions
from slm_chassis.workers import Worker
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_mappings.connectors import SHIPPED, read_connectors
from slm_mappings.pull_recipes import read_pull_recipes
from slm_monitor.adapters.causes.cause_grouping import CauseGroupingWorker
from slm_monitor.adapters.causes.cause_queries import CauseQueries
from slm_monitor.adapters.causes.sql_supports import SignedSupportQueries
from slm_monitor.adapters.commands.breach_workflows import BreachQueries
from slm_monitor.adapters.commands.exclusion_queries import ExclusionQueries
from slm_monitor.adapters.commands.risk_disclosure import RiskDiscloser
from slm_monitor.adapters.commands.sql_assignments import AssignmentQueries
from slm_monitor.adapters.commands.sql_backtests import SqlBacktests
from slm_monitor.adapters.commands.sql_exclusions import UnansweredExclusionDecider
from slm_monitor.adapters.commands.sql_imports import SqlImports
from slm_monitor.adapters.commands.sql_snapshots import SqlSnapshots
from slm_monitor.adapters.commands.sql_sources import SourceCountWriter
from slm_monitor.adapters.commands.sql_terms import SqlIndicators, SqlQuarantine
from slm_monitor.adapters.formats.remote_write_wire import read_labels
from slm_monitor.adapters.formats.wire_formats import IntakeFormat
from slm_monitor.adapters.hooks.sql_hooks import SqlHooks
from slm_monitor.adapters.metrics import MonitorMetrics
from slm_monitor.adapters.pulls.sql_pulls import SqlPulls
from slm_monitor.adapters.pulls.web_tools import WebTools
from slm_monitor.adapters.queries.customer_views import CustomerViewQueries
from slm_monitor.adapters.queries.indicator_queries import IndicatorQueries
from slm_monitor.adapters.queries.risk_queries import RiskQueries
from slm_monitor.adapters.queries.source_queries import SourceQueries
from slm_monitor.adapters.queries.summary_queries import SummaryQueries
from slm_monitor.adapters.queries.target_count_queries import TargetCountQueries
from slm_monitor.adapters.queries.target_metric_queries import TargetMetricQueries
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.adapters.queries.ticket_queries import TicketQueries
from slm_monitor.adapters.queries.watched_targets import WatchedTargetQueries
from slm_monitor.adapters.rows.accepted_windows import AcceptedWindowQueries
from slm_monitor.adapters.store.compaction import Compaction
from slm_monitor.adapters.store.retention import DAY, Retention
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.adapters.store.sql_failed_targets import FailedTargetQueries
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.adapters.store.sql_revision_backtests import SqlRevisionBacktests
from slm_monitor.adapters.store.sql_series_rules import SqlSeriesRules
from slm_monitor.adapters.store.suspended_sources import SuspendedSources
from slm_monitor.adapters.store.window_history import WindowRevisionQueries
from slm_monitor.api import dependencies
from slm_monitor.api.decisions import assignments, breach_steps, cause_steps, exclusion_effects, exclusions
from slm_monitor.api.document import DOCUMENT
from slm_monitor.api.drafts import backtests, previews, ticket_previews
from slm_monitor.api.hooks import hook_calls, hook_refusals, hook_routes
from slm_monitor.api.intake import (
    import_previews,
    imports,
    indicators,
    intake,
    otlp,
    otlp_errors,
    quarantine,
    remote_write,
    series_rules,
    sources,
    ticket_snapshots,
)
from slm_monitor.api.pulls import pull_refusals, pull_routes, pull_tools
from slm_monitor.api.results import (
    attributions,
    breaches,
    causes,
    explanations,
    figure_stream,
    figures,
    histories,
    stream,
    summary,
    target_metrics,
    targets,
    tickets,
)
from slm_monitor.application.engine.evaluation_worker import EvaluationWorker
from slm_monitor.application.history.fact_history import ParsedTermsCache
from slm_monitor.application.hooks.calls import FactDoors, HookCalls
from slm_monitor.application.hooks.keeping import HookOffice
from slm_monitor.application.intake.backlog import IntakeBacklogMonitor
from slm_monitor.application.intake.intake import FactIntake
from slm_monitor.application.intake.quarantine import QuarantineDecisions
from slm_monitor.application.intake.record_reader import IntakeRecordReader
from slm_monitor.application.intake.series_intake import SeriesIntake
from slm_monitor.application.preview.backtesting import BacktestWorker
from slm_monitor.application.preview.revision_backtesting import RevisionBacktestWorker
from slm_monitor.application.pulls.keeping import PullOffice
from slm_monitor.application.pulls.outage_reading import OutageRunner, OutageTaker
from slm_monitor.application.pulls.running import TicketRunner
from slm_monitor.application.pulls.sampling import SampleRunner
from slm_monitor.application.pulls.taking import TicketReader
from slm_monitor.application.pulls.worker import PullRunner, PullWorker, RunnerByKind
from slm_monitor.application.stream.event_stream import EventStream
from slm_monitor.application.stream.figure_stream import FigureStream
from slm_monitor.domain.hooks.hooks import HookRefusal
from slm_monitor.domain.pulls.dialects import Dialect
from slm_monitor.domain.pulls.jira import Jira
from slm_monitor.domain.pulls.pulls import PullRefusal
from slm_monitor.domain.pulls.servicenow import ServiceNow
from slm_monitor.domain.pulls.zammad import Zammad
from slm_monitor.settings import MonitorSettings
from slm_monitor.subscriptions import HANDLERS

CONTEXT = "monitor"
GROUP = "slm-monitor"
_TITLE = "Measurements, judgement and breaches"
_DIALECTS: dict[str, Dialect] = {"jira": Jira(), "servicenow": ServiceNow(), "zammad": Zammad()}
"""Name in the recipes of pulls → how the API of that tool is asked."""
_ROUTERS = (
    intake.router,
    otlp.router,
    remote_write.router,
    series_rules.router,
    hook_calls.router,
    hook_routes.router,
    pull_routes.router,
    pull_tools.router,
    indicators.router,
    imports.router,
    import_previews.router,
    targets.router,
    breaches.router,
    causes.router,
    tickets.router,
    ticket_snapshots.router,
    exclusions.router,
    exclusion_effects.router,
    previews.router,
    ticket_previews.router,
    stream.router,
    summary.router,
    target_metrics.router,
    figures.router,
    figure_stream.router,
    explanations.router,
    attributions.router,
    histories.router,
    breach_steps.router,
    assignments.router,
    cause_steps.router,
    quarantine.router,
    sources.router,
    backtests.router,
    dead_letter_routes.dead_letter_router(CONTEXT),
    key_use_routes.key_use_router(CONTEXT, "integrator", "service_level_manager", "auditor"),
)


async def build(settings: ServiceSettings, log: EventLog, clock: Clock) -> ServiceApp:
    """Build the service, connected to its migrated database and not started yet.

    Raises OSError or DBAPIError if the database cannot be reached, and ValueError if the two intake topics have
    different numbers of partitions.
    """
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
    backlog = IntakeBacklogMonitor(log, store.processed_positions, own.most_behind, metrics.behind)
    worker = EvaluationWorker(
        store, log, clock, IntakeRecordReader(form, store, clock, partitions, own.sources), partitions, metrics.stepped
    )
    heard = Subscriptions(GROUP, database, log, HANDLERS)
    http = build_api(
        foundation,
        title=_TITLE,
        routers=_ROUTERS,
        documentation=DOCUMENT,
        direct=intake.DIRECT_HANDLERS,
    )
    http.add_middleware(otlp_errors.OtlpErrors)
    door = FactIntake(log, form, store, SqlQuarantine(database), clock, partitions, backlog)
    dependencies.INTAKE.put(http, door)
    rules = dependencies.SERIES_RULES.put(http, SqlSeriesRules(database))
    series = dependencies.SERIES_INTAKE.put(http, SeriesIntake(door, store, rules, read_labels, clock))
    doors = FactDoors(door, SqlSnapshots(database))
    _open_hooks(http, own, SqlHooks(database), doors, clock)
    takers = (TicketReader(doors, clock), series, OutageTaker(door, store, clock))
    puller = _open_pulls(http, own, SqlPulls(database), takers)
    dependencies.SOURCES.put(http, SourceQueries(database))
    dependencies.INDICATORS.put(http, SqlIndicators(database))
    dependencies.IMPORTS.put(http, SqlImports(database))
    dependencies.CUSTOMER_VIEWS.put(http, CustomerViewQueries(database))
    dependencies.ASSIGNMENTS.put(http, AssignmentQueries(database))
    dependencies.QUERIES.put(http, TargetQueries(database))
    dependencies.RISKS.put(http, RiskQueries(database))
    dependencies.SUMMARIES.put(http, SummaryQueries(database))
    dependencies.TARGET_COUNTS.put(http, TargetCountQueries(database))
    dependencies.TARGET_METRICS.put(http, TargetMetricQueries(database, own.most_metric_targets))
    dependencies.TICKETS.put(http, TicketQueries(database))
    dependencies.SNAPSHOTS.put(http, SqlSnapshots(database))
    dependencies.INDICATOR_QUERIES.put(http, IndicatorQueries(database))
    dependencies.EXCLUSIONS.put(http, ExclusionQueries(database))
    dependencies.WORKER.put(http, worker)
    dependencies.FAILED_TARGETS.put(http, FailedTargetQueries(database))
    dependencies.SUSPENDED_SOURCES.put(http, SuspendedSources(database))
    dependencies.STORE.put(http, store)
    parsed = dependencies.PARSED_TERMS.put(http, ParsedTermsCache())
    record = dependencies.RECORD.put(http, SqlHistory(database, store, partitions))
    dependencies.HISTORY.put(http, WindowRevisionQueries(database))
    dependencies.ACCEPTED_WINDOWS.put(http, AcceptedWindowQueries(database))
    dependencies.BREACHES.put(http, BreachQueries(database))
    dependencies.CAUSES.put(http, CauseQueries(database))
    dependencies.SIGNED_SUPPORTS.put(http, SignedSupportQueries(database))
    jobs = dependencies.BACKTESTS.put(http, SqlBacktests(database))
    backtesting = BacktestWorker(jobs, record)
    revisions = RevisionBacktestWorker(SqlRevisionBacktests(database), record, clock)
    heard.listeners.append(revisions.wake)
    dependencies.QUARANTINE.put(http, QuarantineDecisions(form, store, partitions))
    live = dependencies.EVENT_STREAM.put(http, EventStream(log, own.most_streams))
    watched = dependencies.WATCHED_TARGETS.put(http, WatchedTargetQueries(database))
    live_figures = dependencies.FIGURE_STREAM.put(http, FigureStream(watched, live))
    workers: list[Worker] = [
        OutboxRelay(database, log),
        heard,
        worker,
        UnansweredExclusionDecider(database, clock),
        RiskDiscloser(database, clock),
        Compaction(database, clock),
        backlog,
        SourceCountWriter(database, door.sources),
        puller,
        live,
        live_figures,
        backtesting,
        revisions,
        CauseGroupingWorker(database, record, parsed),
    ]
    if own.retention_days is not None:
        workers.append(Retention(database, clock, own.retention_days * DAY, partitions))
    return ServiceApp(foundation, http, workers)


def _open_hooks(http: FastAPI, settings: MonitorSettings, store: SqlHooks, doors: FactDoors, clock: Clock) -> None:
    """Let tools call their hooks. Raises ImportRefused if a connector is not complete."""
    folders = [SHIPPED] if settings.connectors is None else [SHIPPED, settings.connectors]
    dependencies.HOOKS.put(http, store)
    dependencies.HOOK_OFFICE.put(
        http, HookOffice(store, read_connectors(*folders), new_id, partial(secrets.token_urlsafe, 32))
    )
    dependencies.HOOK_CALLS.put(http, HookCalls(store, doors, clock, new_id))
    answer_refusals(http, HookRefusal, hook_refusals.problem_of)


def _open_pulls(
    http: FastAPI,
    settings: MonitorSettings,
    store: SqlPulls,
    takers: tuple[TicketReader, SeriesIntake, OutageTaker],
) -> PullWorker:
    """Let parties make pulls; return the worker that runs them. Raises ImportRefused if a recipe is not complete."""
    folders = [SHIPPED] if settings.connectors is None else [SHIPPED, settings.connectors]
    recipes, seconds = read_pull_recipes(*folders), settings.pull_request_seconds
    rules = AddressRules(parse_networks(settings.allowed_networks), "SLM_MONITOR_ALLOWED_NETWORKS")
    tools = WebTools(rules, seconds, recipes)
    dependencies.PULLS.put(http, store)
    dependencies.PULL_OFFICE.put(http, PullOffice(store, recipes, tools, new_id))
    answer_refusals(http, PullRefusal, pull_refusals.problem_of)
    # Longer than a question with a new token takes, so that no other process asks meanwhile.
    lease_seconds = 4 * seconds + 1
    tickets, series, outages = takers
    runners: dict[str, PullRunner] = {
        "tickets": TicketRunner(store, tools, tickets, (recipes, _DIALECTS), lease_seconds),
        "samples": SampleRunner(store, tools, series, recipes, lease_seconds),
        "outages": OutageRunner(store, tools, outages, recipes, lease_seconds),
    }
    return PullWorker(store, RunnerByKind(recipes, runners), lease_seconds)


def document() -> dict[str, Any]:
    """Return the OpenAPI document of monitor-svc. It is built without a database and without an event log."""
    return openapi_of(title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
