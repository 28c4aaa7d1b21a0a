"""The interfaces to storage that the use cases need: values of each kind in one transaction, and published events."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from slm_chassis.ledger import LedgerOfTransaction, Repository
from slm_events.instants import UtcMicroseconds
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.agreements import Agreement
from slm_review.domain.decisions import Action, Lesson
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport
from slm_review.domain.plans import ActionPlan
from slm_review.domain.proposed import Amendment, Proposal
from slm_review.domain.reviews import Review


class Ledger(LedgerOfTransaction, Protocol):
    """The storage within one transaction. A use case that changes something of an agreement locks the agreement's id
    first.
    """

    @property
    def agreements(self) -> Repository[Agreement]:
        """The signed versions of agreements."""

    @property
    def plans(self) -> Repository[ActionPlan]:
        """The action plans for risks."""

    @property
    def breaches(self) -> Repository[Breach]:
        """The breaches."""

    @property
    def windows(self) -> Repository[AttainedWindow]:
        """The closed windows."""

    @property
    def reports(self) -> Repository[PublishedReport]:
        """The published reports."""

    @property
    def reviews(self) -> Repository[Review]:
        """The reviews."""

    @property
    def agenda(self) -> Repository[AgendaItem]:
        """The items of all agendas."""

    @property
    def lessons(self) -> Repository[Lesson]:
        """The lessons of reviews."""

    @property
    def actions(self) -> Repository[Action]:
        """The improvement actions."""

    @property
    def proposals(self) -> Repository[Proposal]:
        """The target revision proposals: new objectives for existing targets."""

    @property
    def amendments(self) -> Repository[Amendment]:
        """The draft amendments that answer proposals."""

    async def latest_windows(
        self, agreement_id: str, target_id: str, until_at: UtcMicroseconds | None, count: int
    ) -> list[AttainedWindow]:
        """Return the latest ``count`` windows of a target, or fewer, that ended by ``until_at``.

        ``until_at`` is in microseconds UTC; None: no limit. The earliest window comes first. Windows with the
        verdict ``not_applicable`` are skipped: they have no service time.
        """
        ...


class Desk(Protocol):
    """A database; each of its transactions is a ``Ledger``."""

    def begin(self) -> AbstractAsyncContextManager[Ledger]:
        """Begin a transaction and yield its ledger. The changes commit when the ``async with`` ends, unless its body
        raises.
        """
        ...

    async def quiet_plans(self) -> list[tuple[str, str]]:
        """Return (agreement id, plan id) of plans whose state may change now without a new event, the earliest
        first.
        """
        ...

    async def due(self) -> list[tuple[str, str]]:
        """Return (agreement id, review id) of scheduled reviews that are due, the earliest first."""
        ...
