"""The parts of the service that routes depend on, each available by its type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from slm_chassis.clock import Clock
from slm_chassis.http.parts import Part, TheClock
from slm_monitor.adapters.commands.breach_workflows import BreachQueries
from slm_monitor.adapters.commands.exclusion_queries import ExclusionQueries
from slm_monitor.adapters.commands.sql_backtests import SqlBacktests
from slm_monitor.adapters.commands.sql_imports import SqlImports
from slm_monitor.adapters.commands.sql_snapshots import SqlSnapshots
from slm_monitor.adapters.commands.sql_terms import SqlIndicators
from slm_monitor.adapters.queries.indicator_queries import IndicatorQueries
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.adapters.queries.ticket_queries import TicketQueries
from slm_monitor.adapters.rows.accepted_windows import AcceptedWindows
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.adapters.store.sql_failed_targets import FailedTargetQueries
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.adapters.store.suspended_sources import SuspendedSources
from slm_monitor.adapters.store.window_history import WindowHistory
from slm_monitor.application.engine.evaluation_worker import EvaluationWorker
from slm_monitor.application.history.fact_history import ParsedTerms
from slm_monitor.application.intake.intake import Intake
from slm_monitor.application.intake.quarantine import QuarantineDecisions
from slm_monitor.application.stream.event_stream import EventStream

BACKTESTS = Part[SqlBacktests]("backtests")
BREACHES = Part[BreachQueries]("breaches")
QUARANTINE = Part[QuarantineDecisions]("quarantine")
INTAKE = Part[Intake]("intake")
EXCLUSIONS = Part[ExclusionQueries]("exclusions")
ACCEPTED_WINDOWS = Part[AcceptedWindows]("accepted_windows")
HISTORY = Part[WindowHistory]("history")
IMPORTS = Part[SqlImports]("imports")
INDICATORS = Part[SqlIndicators]("indicators")
INDICATOR_QUERIES = Part[IndicatorQueries]("indicator_queries")
WORKER = Part[EvaluationWorker]("worker")
EVENT_STREAM = Part[EventStream]("event_stream")
PARSED_TERMS = Part[ParsedTerms]("parsed_terms")
QUERIES = Part[TargetQueries]("queries")
RECORD = Part[SqlHistory]("record")
SNAPSHOTS = Part[SqlSnapshots]("snapshots")
SUSPENDED_SOURCES = Part[SuspendedSources]("suspended_sources")
STORE = Part[SqlEvaluationStore]("store")
TICKETS = Part[TicketQueries]("tickets")
FAILED_TARGETS = Part[FailedTargetQueries]("failed_targets")

TheBacktests = Annotated[SqlBacktests, Depends(BACKTESTS.of)]
TheBreaches = Annotated[BreachQueries, Depends(BREACHES.of)]
TheQuarantine = Annotated[QuarantineDecisions, Depends(QUARANTINE.of)]
TheIntake = Annotated[Intake, Depends(INTAKE.of)]
TheExclusions = Annotated[ExclusionQueries, Depends(EXCLUSIONS.of)]
TheAcceptedWindows = Annotated[AcceptedWindows, Depends(ACCEPTED_WINDOWS.of)]
TheHistory = Annotated[WindowHistory, Depends(HISTORY.of)]
TheImports = Annotated[SqlImports, Depends(IMPORTS.of)]
TheIndicatorQueries = Annotated[IndicatorQueries, Depends(INDICATOR_QUERIES.of)]
TheIndicators = Annotated[SqlIndicators, Depends(INDICATORS.of)]
TheWorker = Annotated[EvaluationWorker, Depends(WORKER.of)]
TheEventStream = Annotated[EventStream, Depends(EVENT_STREAM.of)]
TheParsedTerms = Annotated[ParsedTerms, Depends(PARSED_TERMS.of)]
TheQueries = Annotated[TargetQueries, Depends(QUERIES.of)]
TheRecord = Annotated[SqlHistory, Depends(RECORD.of)]
TheSnapshots = Annotated[SqlSnapshots, Depends(SNAPSHOTS.of)]
TheSuspendedSources = Annotated[SuspendedSources, Depends(SUSPENDED_SOURCES.of)]
TheStore = Annotated[SqlEvaluationStore, Depends(STORE.of)]
TheTickets = Annotated[TicketQueries, Depends(TICKETS.of)]
TheFailedTargets = Annotated[FailedTargetQueries, Depends(FAILED_TARGETS.of)]


@dataclass(frozen=True)
class TargetReaders:
    """The readers of a target's past and present results, and the clock that defines the present."""

    queries: TargetQueries
    history: WindowHistory
    accepted_windows: AcceptedWindows
    record: SqlHistory
    parsed_terms: ParsedTerms
    clock: Clock


async def _target_readers(
    queries: TheQueries,
    history: TheHistory,
    accepted_windows: TheAcceptedWindows,
    record: TheRecord,
    parsed_terms: TheParsedTerms,
    clock: TheClock,
) -> TargetReaders:
    return TargetReaders(queries, history, accepted_windows, record, parsed_terms, clock)


TheReaders = Annotated[TargetReaders, Depends(_target_readers)]
