"""What a use case needs of storage: collections of plain values in one transaction, and a way to tell of changes."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from slm_chassis.access import Principal
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.agreements import Agreement
from slm_review.domain.decisions import Action, Lesson
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport
from slm_review.domain.plans import ActionPlan
from slm_review.domain.proposed import Amendment, Proposal
from slm_review.domain.reviews import Review

T = TypeVar("T")


class Kept(Protocol[T]):
    """All values of one kind, each under the id that is its first field."""

    async def get(self, key: str) -> T | None: ...

    async def find(self, **equal: Any) -> list[T]:
        """The values whose fields equal those given, ordered by id."""
        ...

    async def put(self, *values: T) -> None:
        """Keep each value in place of the one with its id."""
        ...


class Ledger(Protocol):
    """One transaction. Whatever changes an agreement's things begins with ``lock``."""

    now: int
    """Installation time, microseconds UTC."""

    @property
    def agreements(self) -> Kept[Agreement]: ...
    @property
    def plans(self) -> Kept[ActionPlan]: ...
    @property
    def breaches(self) -> Kept[Breach]: ...
    @property
    def windows(self) -> Kept[AttainedWindow]: ...
    @property
    def reports(self) -> Kept[PublishedReport]: ...
    @property
    def reviews(self) -> Kept[Review]: ...
    @property
    def agenda(self) -> Kept[AgendaItem]: ...
    @property
    def lessons(self) -> Kept[Lesson]: ...
    @property
    def actions(self) -> Kept[Action]: ...
    @property
    def proposals(self) -> Kept[Proposal]: ...
    @property
    def amendments(self) -> Kept[Amendment]: ...

    async def latest_windows(
        self, agreement_id: str, target_id: str, until_at: int | None, count: int
    ) -> list[AttainedWindow]:
        """The last windows of a target that ended by an instant (None: that ended), in order, at most ``count``.

        Those in which nothing was scheduled are passed over.
        """
        ...

    async def lock(self, agreement_id: str) -> None:
        """Nobody else changes this agreement's plans and reviews until the transaction ends."""
        ...

    def publish(self, event: Any) -> None:
        """Tell of it, if the transaction commits."""
        ...

    async def note(self, by: Principal, action: str, subject: str) -> None:
        """Write down who did what to what."""
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
