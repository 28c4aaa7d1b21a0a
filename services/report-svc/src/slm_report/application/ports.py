"""The storage that the use cases need: received facts, agendas, and the reports made so far."""

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
    """A stored revision of a report."""

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
    """The answer of monitor-svc that an interim report was made from, byte for byte."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """The work to do for an agreement's reports. Instants are microseconds UTC; None means nothing to do."""

    agreement_id: str
    stale_from: int | None
    """Reports of periods from this instant on may be out of date."""
    settled_until: int | None
    """Periods that end up to this instant have been reported when they were due."""
    due_at: int | None
    """When the next period's report is due."""
    importing: bool = False
    """Whether an import or the judgement of a signed version's past is incomplete. Nothing is published until it is
    complete.
    """
    quiet: bool = True
    """Whether the agreement has had no new events for a while, so that its reports can be made."""


class ReceivedFacts(Protocol):
    """Received facts within one transaction. Each is stored under its id, so that storing it twice changes nothing."""

    async def keep(self, batch: Batch) -> None:
        """Store a batch. Of several events about one thing the newest is kept, whatever the order of arrival."""
        ...

    async def earlier_stops(self, clocks: Sequence[ClockMoved]) -> list[tuple[str, int]]:
        """Return (agreement id, instant) of the stored stops of these clocks, which will be replaced."""
        ...

    async def certain_at(self, breach_ids: Sequence[str]) -> dict[str, int]:
        """Return when each breach was certain. A breach that was not received yet is left out."""
        ...

    async def versions(self, agreement_id: str) -> list[AgreementFinalized]:
        """Return the signed versions of an agreement, in ascending order."""

    async def ends(self, agreement_id: str) -> list[AgreementTurned]:
        """Return how the versions of an agreement ended."""

    async def facts(self, agreement_id: str, period: Period, trend_windows: int) -> Facts:
        """Return what can matter to the period, with up to ``trend_windows`` closed windows of each target
        before it.
        """
        ...


class Reports(Protocol):
    """The reports and agendas within one transaction."""

    async def mark_stale(self, since: Mapping[str, int]) -> None:
        """Mark the reports of each agreement as stale from the given instant on."""
        ...

    async def lock_agenda(self, agreement_id: str, heard: Lagging, quiet_seconds: float) -> Agenda:
        """Return the agreement's agenda, created if there is none, and lock it until the transaction ends."""
        ...

    async def next_agenda(self, heard: Lagging, quiet_seconds: float) -> Agenda | None:
        """Lock and return one agenda that is due or stale; None if there is none.

        An agenda is skipped while an import touches its agreement, while the agreement keeps getting events, and until
        everything that was in the log when it was due has been received.
        """
        ...

    async def settle_agenda(self, agenda: Agenda) -> None:
        """Store an agenda after its reports have been written."""

    async def postpone(self, agreement_id: str, seconds: float) -> None:
        """Skip an agenda for some seconds."""
        ...

    async def newest(self, report_id: str, *, state: str | None = None) -> StoredReport | None:
        """Return the newest revision of a report, optionally in one state; None if there is none."""

    async def save(self, stored: StoredReport) -> None:
        """Store a revision. An interim one replaces the previous interim one."""
        ...


class Figures(Protocol):
    """The source of the present figures of open windows."""

    async def to_date(self, key: str, agreement_id: str, period: Period, closed_after: int | None) -> ToDate:
        """Return all open windows of the period as of one instant, and those that closed after ``closed_after``.

        They are read with the rights of the key. Raises FiguresUnavailable and FiguresForbidden.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """The resources of the use cases: the database, and its two stores within a transaction."""

    database: Database
    heard: Callable[[Transaction], ReceivedFacts]
    reports: Callable[[Transaction], Reports]
    figures: Figures
    lag: Callable[[], Awaitable[Lagging]]
    """Returns how far the received events are behind the log, as of now."""
    quiet_seconds: float
    """Real seconds without events about an agreement after which its reports are rebuilt."""
