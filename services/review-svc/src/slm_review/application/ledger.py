"""What a use case needs of storage: collections of plain values in one transaction, and a way to tell of changes."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from slm_chassis.ledger import LedgerOfTransaction, Repository
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.agreements import Agreement
from slm_review.domain.decisions import Action, Lesson
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport
from slm_review.domain.plans import ActionPlan
from slm_review.domain.proposed import Amendment, Proposal
from slm_review.domain.reviews import Review


class Ledger(LedgerOfTransaction, Protocol):
    """One transaction. Whatever changes an agreement's things begins with ``lock`` of the agreement's id."""

    @property
    def agreements(self) -> Repository[Agreement]: ...
    @property
    def plans(self) -> Repository[ActionPlan]: ...
    @property
    def breaches(self) -> Repository[Breach]: ...
    @property
    def windows(self) -> Repository[AttainedWindow]: ...
    @property
    def reports(self) -> Repository[PublishedReport]: ...
    @property
    def reviews(self) -> Repository[Review]: ...
    @property
    def agenda(self) -> Repository[AgendaItem]: ...
    @property
    def lessons(self) -> Repository[Lesson]: ...
    @property
    def actions(self) -> Repository[Action]: ...
    @property
    def proposals(self) -> Repository[Proposal]: ...
    @property
    def amendments(self) -> Repository[Amendment]: ...

    async def latest_windows(
        self, agreement_id: str, target_id: str, until_at: int | None, count: int
    ) -> list[AttainedWindow]:
        """The last windows of a target that ended by an instant (None: that ended), in order, at most ``count``.

        Those in which nothing was scheduled are passed over.
        """
        ...


class Desk(Protocol):
    """Where ledgers come from."""

    def begin(self) -> AbstractAsyncContextManager[Ledger]:
        """A ledger whose changes are kept when the block ends, and forgotten when it raises."""
        ...

    async def quiet_plans(self) -> list[tuple[str, str]]:
        """(agreement id, plan id) of plans whose risk cleared so long ago that they may be over, the earliest first."""
        ...

    async def due(self) -> list[tuple[str, str]]:
        """(agreement id, review id) of scheduled reviews whose time has come, the earliest first."""
        ...
