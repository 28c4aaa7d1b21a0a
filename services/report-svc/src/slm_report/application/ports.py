"""What the use cases need of a store: what was heard, what is to be done next, and the reports made so far."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from slm_chassis.database import Database, Transaction
from slm_chassis.lag import ConsumerPosition as Lagging
from slm_events.agreement import AgreementFinalized, AgreementTurned
from slm_events.clocks import ClockMoved
from slm_report.domain.facts import Facts
from slm_report.domain.periods import Period
from slm_report.domain.to_date import ToDate

if TYPE_CHECKING:
    from slm_report.application.receiving import Batch


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A revision of a report as it is kept."""

    report_id: str
    revision: int
    agreement_id: str
    period: str
    state: str
    verdict: str
    digest: str
    document: dict[str, Any]
    changes: list[dict[str, Any]]
    built_at: int
    figures: bytes | None = None
    """Of an interim report: the answer of monitor-svc that it was made from, byte for byte."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is to be done about an agreement. Instants in microseconds UTC; None: nothing."""

    agreement_id: str
    stale_from: int | None
    """Reports of periods from this instant on may no longer say what is known."""
    settled_until: int | None
    """Periods that end up to here have had their turn when they were due."""
    due_at: int | None
    """When the next period's report is due."""
    importing: bool = False
    """An import touches the agreement that has not been heard whole, or signed terms are judged over the past: nothing
    is published until all of it is heard."""
    quiet: bool = True
    """What was heard of it has come to rest, so that it can be reported."""


class ReceivedFacts(Protocol):
    """What other services told, each fact kept under its id, inside one transaction. Keeping twice is keeping once."""

    async def keep(self, batch: Batch) -> None:
        """Keep a batch. Of several words about one thing the newest holds, in whatever order they were heard."""
        ...

    async def earlier_stops(self, clocks: Sequence[ClockMoved]) -> list[tuple[str, int]]:
        """(agreement id, instant) of the stops kept so far of these clocks: they will be replaced."""
        ...

    async def certain_at(self, breach_ids: Sequence[str]) -> dict[str, int]:
        """Breach → when it was certain; a breach that was not heard yet is left out."""
        ...

    async def versions(self, agreement_id: str) -> list[AgreementFinalized]: ...
    async def ends(self, agreement_id: str) -> list[AgreementTurned]: ...

    async def facts(self, agreement_id: str, period: Period, trend_windows: int) -> Facts:
        """What can matter to the period, with up to ``trend_windows`` closed windows a target before it."""
        ...


class Reports(Protocol):
    """The reports made so far and the agenda of the next ones, inside one transaction."""

    async def mark_stale(self, since: Mapping[str, int]) -> None:
        """Agreement → the instant from which the reports of its periods have to be looked at again."""
        ...

    async def lock_agenda(self, agreement_id: str, heard: Lagging, quiet_seconds: float) -> Agenda:
        """The agreement's agenda, made if there is none; held until the transaction ends: one author at a time."""
        ...

    async def next_agenda(self, heard: Lagging, quiet_seconds: float) -> Agenda | None:
        """Lock one agenda that is due, or stale and not touched for a while; None where nobody waits.

        None either while an import touches the agreement, or before all has been heard that was in the log when it
        was due, or a while after it was touched.
        """
        ...

    async def settle_agenda(self, agenda: Agenda) -> None: ...

    async def postpone(self, agreement_id: str, seconds: float) -> None:
        """Leave an agenda alone for a while."""
        ...

    async def newest(self, report_id: str, *, state: str | None = None) -> StoredReport | None: ...

    async def save(self, stored: StoredReport) -> None:
        """Keep a revision; an interim one replaces the interim before it."""
        ...


class Figures(Protocol):
    """Who knows the figures of open windows."""

    async def to_date(self, key: str, agreement_id: str, period: Period, closed_after: int | None) -> ToDate:
        """All open windows of the period as of one instant, with the rights of the key, and those that closed after
        ``closed_after``. Raises FiguresUnavailable, FiguresForbidden."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Where reports are written: the database, and the two stores to be had inside a transaction of it."""

    database: Database
    heard: Callable[[Transaction], ReceivedFacts]
    reports: Callable[[Transaction], Reports]
    figures: Figures
    lag: Callable[[], Awaitable[Lagging]]
    """How far hearing is behind the log, as of now."""
    quiet_seconds: float
    """Real seconds without news of an agreement after which what was heard is put into its reports."""
