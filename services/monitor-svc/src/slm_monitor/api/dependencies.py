"""The parts of the service that routes ask for beside their input, each by its type."""

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
from slm_monitor.adapters.queries.target_queries import Queries
from slm_monitor.adapters.queries.ticket_queries import TicketQueries
from slm_monitor.adapters.rows.accepted_windows import FrozenWindows
from slm_monitor.adapters.store.sql_evaluation_store import SqlJudgeStore
from slm_monitor.adapters.store.sql_failed_targets import Unjudgeable
from slm_monitor.adapters.store.sql_history import SqlRecord
from slm_monitor.adapters.store.suspended_sources import SourcesAside
from slm_monitor.adapters.store.window_history import WindowHistory
from slm_monitor.application.engine.evaluation_worker import Judge
from slm_monitor.application.history.fact_history import ParsedTerms
from slm_monitor.application.intake.intake import Door
from slm_monitor.application.intake.quarantine import Discharge
from slm_monitor.application.stream.event_stream import Live

BACKTESTS = Part[SqlBacktests]("backtests")
BREACHES = Part[BreachQueries]("breaches")
DISCHARGE = Part[Discharge]("discharge")
DOOR = Part[Door]("door")
EXCLUSIONS = Part[ExclusionQueries]("exclusions")
FROZEN = Part[FrozenWindows]("frozen")
HISTORY = Part[WindowHistory]("history")
IMPORTS = Part[SqlImports]("imports")
INDICATORS = Part[SqlIndicators]("indicators")
INDICATOR_QUERIES = Part[IndicatorQueries]("indicator_queries")
JUDGE = Part[Judge]("judge")
LIVE = Part[Live]("live")
PARSED = Part[ParsedTerms]("parsed")
QUERIES = Part[Queries]("queries")
RECORD = Part[SqlRecord]("record")
SNAPSHOTS = Part[SqlSnapshots]("snapshots")
SOURCES_ASIDE = Part[SourcesAside]("sources_aside")
STORE = Part[SqlJudgeStore]("store")
TICKETS = Part[TicketQueries]("tickets")
UNJUDGEABLE = Part[Unjudgeable]("unjudgeable")

TheBacktests = Annotated[SqlBacktests, Depends(BACKTESTS.of)]
TheBreaches = Annotated[BreachQueries, Depends(BREACHES.of)]
TheDischarge = Annotated[Discharge, Depends(DISCHARGE.of)]
TheDoor = Annotated[Door, Depends(DOOR.of)]
TheExclusions = Annotated[ExclusionQueries, Depends(EXCLUSIONS.of)]
TheFrozen = Annotated[FrozenWindows, Depends(FROZEN.of)]
TheHistory = Annotated[WindowHistory, Depends(HISTORY.of)]
TheImports = Annotated[SqlImports, Depends(IMPORTS.of)]
TheIndicatorQueries = Annotated[IndicatorQueries, Depends(INDICATOR_QUERIES.of)]
TheIndicators = Annotated[SqlIndicators, Depends(INDICATORS.of)]
TheJudge = Annotated[Judge, Depends(JUDGE.of)]
TheLive = Annotated[Live, Depends(LIVE.of)]
TheParsed = Annotated[ParsedTerms, Depends(PARSED.of)]
TheQueries = Annotated[Queries, Depends(QUERIES.of)]
TheRecord = Annotated[SqlRecord, Depends(RECORD.of)]
TheSnapshots = Annotated[SqlSnapshots, Depends(SNAPSHOTS.of)]
TheSourcesAside = Annotated[SourcesAside, Depends(SOURCES_ASIDE.of)]
TheStore = Annotated[SqlJudgeStore, Depends(STORE.of)]
TheTickets = Annotated[TicketQueries, Depends(TICKETS.of)]
TheUnjudgeable = Annotated[Unjudgeable, Depends(UNJUDGEABLE.of)]


@dataclass(frozen=True)
class TargetReaders:
    """Everything that the past and the present of a target are read from, and the clock that says what is present."""

    queries: Queries
    history: WindowHistory
    frozen: FrozenWindows
    record: SqlRecord
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
