"""The interfaces that the use cases need: received facts, agendas, stored reports, and present figures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from slm_chassis.database import Database, Transaction
from slm_chassis.lag import ConsumerPosition as Lagging
from slm_events.agreement import AgreementLifeEvent, AgreementTerms
from slm_events.clocks import TicketClockEvent
from slm_events.instants import UtcMicroseconds
from slm_report.domain.facts import Facts
from slm_report.domain.periods import Period
from slm_report.domain.to_date import FiguresToDate

if TYPE_CHECKING:
    from slm_report.application.receiving import Batch


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One stored revision of a report."""

    report_id: str
    revision: int
    agreement_id: str
    period: str
    state: str
    verdict: str
    digest: str
    document: dict[str, Any]
    changes: list[dict[str, Any]]
    built_at: UtcMicroseconds
    figures: bytes | None = None
    """The answer of monitor-svc that an interim report was made from, byte for byte."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """The work to do for an agreement's reports. Instants are microseconds UTC."""

    agreement_id: str
    stale_from: UtcMicroseconds | None
    """Published reports of periods that end after this instant may be out of date; None: all are up to date."""
    settled_until: UtcMicroseconds | None
    """Periods that end up to this instant have been reported; None before the first report."""
    due_at: UtcMicroseconds | None
    """When the report of the next period is due; None if none is due."""
    importing: bool = False
    """Whether some events of an import, or of the evaluation of a signed version's past, are missing. Nothing is
    published until all of them have been received.
    """
    quiet: bool = True
    """Whether the agreement has had no new events for a while, so that its reports can be built."""


class ReceivedFacts(Protocol):
    """The received facts, as one transaction sees them. Each is stored under its id, so that storing it twice changes
    nothing.
    """

    async def keep(self, batch: Batch) -> None:
        """Store a batch of events. If there are several events about the same thing, only the newest is kept.

        The order in which they arrived does not matter.
        """
        ...

    async def earlier_stops(self, clocks: Sequence[TicketClockEvent]) -> list[tuple[str, int]]:
        """Return (agreement id, instant in microseconds UTC) of the last stored change of every given clock.

        Call it before ``keep``, which replaces these changes by new changes.
        """
        ...

    async def certain_at(self, breach_ids: Sequence[str]) -> dict[str, int]:
        """Return breach id → when the breach was certain, microseconds UTC. Breaches that were not received are left
        out.
        """
        ...

    async def versions(self, agreement_id: str) -> list[AgreementTerms]:
        """Return the signed versions of an agreement, in ascending order."""

    async def ends(self, agreement_id: str) -> list[AgreementLifeEvent]:
        """Return the events that ended versions of an agreement."""

    async def facts(self, agreement_id: str, period: Period, trend_windows: int) -> Facts:
        """Return the facts that can matter to the period's report.

        For the trend, each target has up to ``trend_windows`` closed windows from before the period.
        """
        ...


class Reports(Protocol):
    """The stored reports and agendas, as one transaction sees them.

    ``heard`` is the position up to which the event log has been received.
    """

    async def mark_stale(self, since: Mapping[str, int]) -> None:
        """Mark reports as stale.

        ``since`` maps agreement ids to instants (microseconds UTC): reports of periods that end after the instant are
        affected.
        """
        ...

    async def lock_agenda(self, agreement_id: str, heard: Lagging, quiet_seconds: float) -> Agenda:
        """Return the agreement's agenda, created if there is none, and lock it until the transaction ends."""
        ...

    async def next_agenda(self, heard: Lagging, quiet_seconds: float) -> Agenda | None:
        """Lock and return one agenda that is due or stale; None if there is none.

        An agenda is due when all events up to ``due_at`` have been received. It is skipped in each of these cases:

        - events of an import, or of the evaluation of a signed version's past, are missing,
        - its agreement keeps getting events,
        - it is postponed.
        """
        ...

    async def settle_agenda(self, agenda: Agenda) -> None:
        """Store an agenda after its reports have been written."""

    async def postpone(self, agreement_id: str, seconds: float) -> None:
        """Leave an agreement's agenda out of ``next_agenda`` for some seconds."""
        ...

    async def newest(self, report_id: str, *, state: str | None = None) -> StoredReport | None:
        """Return the newest revision of a report, optionally in one state; None if there is none."""

    async def save(self, stored: StoredReport) -> None:
        """Store a revision of a report. An interim one replaces the previous interim one."""
        ...


class Figures(Protocol):
    """The source of the present figures of open windows: monitor-svc."""

    async def to_date(
        self, key: str, agreement_id: str, period: Period, closed_after: UtcMicroseconds | None
    ) -> FiguresToDate:
        """Return figures of a period, all as of the same instant: those of the windows that are open.

        If ``closed_after`` is given, also return the figures of windows that closed after this instant. The figures are
        read with the rights of the API key ``key``. Raises FiguresUnavailable and FiguresForbidden.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that every use case needs.

    ``heard`` and ``reports`` return the store of received facts and the store of reports within a transaction.
    ``figures`` is the source of present figures.
    """

    database: Database
    heard: Callable[[Transaction], ReceivedFacts]
    reports: Callable[[Transaction], Reports]
    figures: Figures
    lag: Callable[[], Awaitable[Lagging]]
    """A function that returns how far the received events are behind the log, as of now."""
    quiet_seconds: float
    """Real seconds without events about an agreement after which its reports are rebuilt."""
