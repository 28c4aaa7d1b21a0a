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
DISCHARGE = Part[QuarantineDecisions]("discharge")
DOOR = Part[Intake]("door")
EXCLUSIONS = Part[ExclusionQueries]("exclusions")
FROZEN = Part[AcceptedWindows]("frozen")
HISTORY = Part[WindowHistory]("history")
IMPORTS = Part[SqlImports]("imports")
INDICATORS = Part[SqlIndicators]("indicators")
INDICATOR_QUERIES = Part[IndicatorQueries]("indicator_queries")
JUDGE = Part[EvaluationWorker]("judge")
LIVE = Part[EventStream]("live")
PARSED = Part[ParsedTerms]("parsed")
QUERIES = Part[TargetQueries]("queries")
RECORD = Part[SqlHistory]("record")
SNAPSHOTS = Part[SqlSnapshots]("snapshots")
SOURCES_ASIDE = Part[SuspendedSources]("sources_aside")
STORE = Part[SqlEvaluationStore]("store")
TICKETS = Part[TicketQueries]("tickets")
UNJUDGEABLE = Part[FailedTargetQueries]("unjudgeable")

TheBacktests = Annotated[SqlBacktests, Depends(BACKTESTS.of)]
TheBreaches = Annotated[BreachQueries, Depends(BREACHES.of)]
TheDischarge = Annotated[QuarantineDecisions, Depends(DISCHARGE.of)]
TheDoor = Annotated[Intake, Depends(DOOR.of)]
TheExclusions = Annotated[ExclusionQueries, Depends(EXCLUSIONS.of)]
TheFrozen = Annotated[AcceptedWindows, Depends(FROZEN.of)]
TheHistory = Annotated[WindowHistory, Depends(HISTORY.of)]
TheImports = Annotated[SqlImports, Depends(IMPORTS.of)]
TheIndicatorQueries = Annotated[IndicatorQueries, Depends(INDICATOR_QUERIES.of)]
TheIndicators = Annotated[SqlIndicators, Depends(INDICATORS.of)]
TheJudge = Annotated[EvaluationWorker, Depends(JUDGE.of)]
TheLive = Annotated[EventStream, Depends(LIVE.of)]
TheParsed = Annotated[ParsedTerms, Depends(PARSED.of)]
TheQueries = Annotated[TargetQueries, Depends(QUERIES.of)]
TheRecord = Annotated[SqlHistory, Depends(RECORD.of)]
TheSnapshots = Annotated[SqlSnapshots, Depends(SNAPSHOTS.of)]
TheSourcesAside = Annotated[SuspendedSources, Depends(SOURCES_ASIDE.of)]
TheStore = Annotated[SqlEvaluationStore, Depends(STORE.of)]
TheTickets = Annotated[TicketQueries, Depends(TICKETS.of)]
TheUnjudgeable = Annotated[FailedTargetQueries, Depends(UNJUDGEABLE.of)]


@dataclass(frozen=True)
class TargetReaders:
    """The readers of a target's past and present results, and the clock that defines the present."""

    queries: TargetQueries
    history: WindowHistory
    frozen: AcceptedWindows
    record: SqlHistory
    parsed: ParsedTerms
    clock: Clock


async def _target_readers(
    queries: TheQueries,
    history: TheHistory,
    frozen: TheFrozen,
    record: TheRecord,
    parsed: TheParsed,
    clock: TheClock,
) -> TargetReaders:
    return TargetReaders(queries, history, frozen, record, parsed, clock)


TheReaders = Annotated[TargetReaders, Depends(_target_readers)]
