"""Dependencies of the routes: the stores, queries and workers of the service, each injected by its type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from slm_chassis.clock import Clock
from slm_chassis.http.parts import Part, TheClock
from slm_monitor.adapters.causes.cause_queries import CauseQueries
from slm_monitor.adapters.causes.sql_supports import SignedSupportQueries
from slm_monitor.adapters.commands.breach_workflows import BreachQueries
from slm_monitor.adapters.commands.exclusion_queries import ExclusionQueries
from slm_monitor.adapters.commands.sql_assignments import AssignmentQueries
from slm_monitor.adapters.commands.sql_backtests import SqlBacktests
from slm_monitor.adapters.commands.sql_imports import SqlImports
from slm_monitor.adapters.commands.sql_snapshots import SqlSnapshots
from slm_monitor.adapters.commands.sql_terms import SqlIndicators
from slm_monitor.adapters.hooks.sql_hooks import SqlHooks
from slm_monitor.adapters.pulls.sql_pulls import SqlPulls
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
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.adapters.store.sql_failed_targets import FailedTargetQueries
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.adapters.store.sql_series_rules import SqlSeriesRules
from slm_monitor.adapters.store.suspended_sources import SuspendedSources
from slm_monitor.adapters.store.window_history import WindowRevisionQueries
from slm_monitor.application.engine.evaluation_worker import EvaluationWorker
from slm_monitor.application.history.fact_history import ParsedTermsCache
from slm_monitor.application.hooks.calls import HookCalls
from slm_monitor.application.hooks.keeping import HookOffice
from slm_monitor.application.intake.intake import FactIntake
from slm_monitor.application.intake.quarantine import QuarantineDecisions
from slm_monitor.application.intake.series_intake import SeriesIntake
from slm_monitor.application.pulls.keeping import PullOffice
from slm_monitor.application.stream.event_stream import EventStream
from slm_monitor.application.stream.figure_stream import FigureStream

CUSTOMER_VIEWS = Part[CustomerViewQueries]("customer_views")
ASSIGNMENTS = Part[AssignmentQueries]("assignments")
BACKTESTS = Part[SqlBacktests]("backtests")
BREACHES = Part[BreachQueries]("breaches")
CAUSES = Part[CauseQueries]("causes")
QUARANTINE = Part[QuarantineDecisions]("quarantine")
INTAKE = Part[FactIntake]("intake")
EXCLUSIONS = Part[ExclusionQueries]("exclusions")
ACCEPTED_WINDOWS = Part[AcceptedWindowQueries]("accepted_windows")
HISTORY = Part[WindowRevisionQueries]("history")
HOOKS = Part[SqlHooks]("hooks")
HOOK_CALLS = Part[HookCalls]("hook_calls")
HOOK_OFFICE = Part[HookOffice]("hook_office")
PULLS = Part[SqlPulls]("pulls")
PULL_OFFICE = Part[PullOffice]("pull_office")
IMPORTS = Part[SqlImports]("imports")
INDICATORS = Part[SqlIndicators]("indicators")
INDICATOR_QUERIES = Part[IndicatorQueries]("indicator_queries")
WORKER = Part[EvaluationWorker]("worker")
EVENT_STREAM = Part[EventStream]("event_stream")
FIGURE_STREAM = Part[FigureStream]("figure_stream")
WATCHED_TARGETS = Part[WatchedTargetQueries]("watched_targets")
PARSED_TERMS = Part[ParsedTermsCache]("parsed_terms")
QUERIES = Part[TargetQueries]("queries")
RECORD = Part[SqlHistory]("record")
RISKS = Part[RiskQueries]("risks")
SERIES_INTAKE = Part[SeriesIntake]("series_intake")
SERIES_RULES = Part[SqlSeriesRules]("series_rules")
SOURCES = Part[SourceQueries]("sources")
SNAPSHOTS = Part[SqlSnapshots]("snapshots")
SUSPENDED_SOURCES = Part[SuspendedSources]("suspended_sources")
SIGNED_SUPPORTS = Part[SignedSupportQueries]("signed_supports")
STORE = Part[SqlEvaluationStore]("store")
TARGET_COUNTS = Part[TargetCountQueries]("target_counts")
TARGET_METRICS = Part[TargetMetricQueries]("target_metrics")
SUMMARIES = Part[SummaryQueries]("summaries")
TICKETS = Part[TicketQueries]("tickets")
FAILED_TARGETS = Part[FailedTargetQueries]("failed_targets")

TheCustomerViews = Annotated[CustomerViewQueries, Depends(CUSTOMER_VIEWS.of)]
TheAssignments = Annotated[AssignmentQueries, Depends(ASSIGNMENTS.of)]
TheBacktests = Annotated[SqlBacktests, Depends(BACKTESTS.of)]
TheBreaches = Annotated[BreachQueries, Depends(BREACHES.of)]
TheCauses = Annotated[CauseQueries, Depends(CAUSES.of)]
TheQuarantine = Annotated[QuarantineDecisions, Depends(QUARANTINE.of)]
TheIntake = Annotated[FactIntake, Depends(INTAKE.of)]
TheExclusions = Annotated[ExclusionQueries, Depends(EXCLUSIONS.of)]
TheAcceptedWindows = Annotated[AcceptedWindowQueries, Depends(ACCEPTED_WINDOWS.of)]
TheHistory = Annotated[WindowRevisionQueries, Depends(HISTORY.of)]
TheHooks = Annotated[SqlHooks, Depends(HOOKS.of)]
TheHookCalls = Annotated[HookCalls, Depends(HOOK_CALLS.of)]
TheHookOffice = Annotated[HookOffice, Depends(HOOK_OFFICE.of)]
ThePulls = Annotated[SqlPulls, Depends(PULLS.of)]
ThePullOffice = Annotated[PullOffice, Depends(PULL_OFFICE.of)]
TheImports = Annotated[SqlImports, Depends(IMPORTS.of)]
TheIndicatorQueries = Annotated[IndicatorQueries, Depends(INDICATOR_QUERIES.of)]
TheIndicators = Annotated[SqlIndicators, Depends(INDICATORS.of)]
TheWorker = Annotated[EvaluationWorker, Depends(WORKER.of)]
TheEventStream = Annotated[EventStream, Depends(EVENT_STREAM.of)]
TheFigureStream = Annotated[FigureStream, Depends(FIGURE_STREAM.of)]
TheWatchedTargets = Annotated[WatchedTargetQueries, Depends(WATCHED_TARGETS.of)]
TheParsedTerms = Annotated[ParsedTermsCache, Depends(PARSED_TERMS.of)]
TheQueries = Annotated[TargetQueries, Depends(QUERIES.of)]
TheRecord = Annotated[SqlHistory, Depends(RECORD.of)]
TheRisks = Annotated[RiskQueries, Depends(RISKS.of)]
TheSeriesIntake = Annotated[SeriesIntake, Depends(SERIES_INTAKE.of)]
TheSeriesRules = Annotated[SqlSeriesRules, Depends(SERIES_RULES.of)]
TheSources = Annotated[SourceQueries, Depends(SOURCES.of)]
TheSnapshots = Annotated[SqlSnapshots, Depends(SNAPSHOTS.of)]
TheSuspendedSources = Annotated[SuspendedSources, Depends(SUSPENDED_SOURCES.of)]
TheSignedSupports = Annotated[SignedSupportQueries, Depends(SIGNED_SUPPORTS.of)]
TheStore = Annotated[SqlEvaluationStore, Depends(STORE.of)]
TheTargetCounts = Annotated[TargetCountQueries, Depends(TARGET_COUNTS.of)]
TheTargetMetrics = Annotated[TargetMetricQueries, Depends(TARGET_METRICS.of)]
TheSummaries = Annotated[SummaryQueries, Depends(SUMMARIES.of)]
TheTickets = Annotated[TicketQueries, Depends(TICKETS.of)]
TheFailedTargets = Annotated[FailedTargetQueries, Depends(FAILED_TARGETS.of)]


@dataclass(frozen=True)
class CustomerViewLookup:
    """Queries that say what an agreement lets its customer see, with the clock that gives the present instant."""

    views: CustomerViewQueries
    clock: Clock


async def _customer_view_lookup(views: TheCustomerViews, clock: TheClock) -> CustomerViewLookup:
    return CustomerViewLookup(views, clock)


TheCustomerViewLookup = Annotated[CustomerViewLookup, Depends(_customer_view_lookup)]


@dataclass(frozen=True)
class TargetReaders:
    """Queries for a target's past and present results, with the clock that gives the present instant."""

    queries: TargetQueries
    history: WindowRevisionQueries
    accepted_windows: AcceptedWindowQueries
    record: SqlHistory
    parsed_terms: ParsedTermsCache
    views: CustomerViewQueries
    clock: Clock


async def _target_readers(
    queries: TheQueries,
    history: TheHistory,
    accepted_windows: TheAcceptedWindows,
    record: TheRecord,
    parsed_terms: TheParsedTerms,
    sight: TheCustomerViewLookup,
) -> TargetReaders:
    return TargetReaders(queries, history, accepted_windows, record, parsed_terms, sight.views, sight.clock)


TheReaders = Annotated[TargetReaders, Depends(_target_readers)]
