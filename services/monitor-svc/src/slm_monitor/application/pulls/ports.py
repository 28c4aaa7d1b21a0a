"""The storage that the use cases of pulls need, and the client that sends requests to tools."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from slm_chassis.access import Principal
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.pulls.dialects import ToolAnswer, ToolRequest
from slm_monitor.domain.pulls.pulls import ClaimedPull, Pull, PullProgress, PullRun


class PullLedger(Protocol):
    """The storage within one transaction."""

    @property
    def now(self) -> UtcMicroseconds: ...

    async def lock(self, name: str) -> None: ...

    async def pull(self, pull_id: str) -> Pull | None:
        """Return the pull with this id, locked against changes and runs; None if there is none."""
        ...

    async def progress(self, pull_id: str) -> PullProgress: ...

    async def pulls_of(self, party_id: str) -> Sequence[Pull]: ...

    async def put(self, pull: Pull, progress: PullProgress, secret: str | None) -> None:
        """Insert or replace the pull, its progress and, unless None, its secret. A run that is under way ends."""
        ...

    async def remove(self, pull_id: str) -> None:
        """Remove a pull with its secret and runs."""
        ...

    async def note(self, caller: Principal, action: str, subject: str) -> None:
        """Add an entry to the audit trail."""
        ...


class PullTurn(Protocol):
    """One transaction of a run. Tickets that are taken in during the transaction are committed together with what
    ``keep`` stores.
    """

    async def keep(self, progress: PullProgress, run: PullRun, *, is_over: bool) -> None:
        """Store how far the pull has come, and renew its lease or, if ``is_over``, end it. Raises LeaseLost."""
        ...


class PullStore(Protocol):
    """The storage of pulls, their progress and their runs."""

    def begin(self) -> AbstractAsyncContextManager[PullLedger]: ...

    async def find(self, pull_id: str) -> Pull | None: ...

    async def claim(self, lease_seconds: float) -> ClaimedPull | None:
        """Claim a pull that is due and begin a run of it; None if none is due.

        No other process can claim this pull until the lease ends.
        """
        ...

    def turn(self, claim: ClaimedPull, lease_seconds: float) -> AbstractAsyncContextManager[PullTurn]: ...

    async def release(self, claim: ClaimedPull) -> None:
        """End the lease of a run that stops in the middle, so that another process can continue the run at once."""
        ...

    async def open_numbers(self, party_id: str, source: str, after: str, most: int) -> list[str]:
        """Return the numbers of open tickets of a source, as far as the product knows them.

        The result has at most ``most`` numbers, and begins with the first number behind ``after``.
        """
        ...


class ToolClient(Protocol):
    """Sends requests to tools."""

    async def check(self, url: str) -> str | None:
        """Return why no request may go to this address, in words for the user who gave it; None if requests may go."""
        ...

    async def ask(self, claim: ClaimedPull, request: ToolRequest) -> ToolAnswer:
        """Send a request and return the answer. Raises ToolTrouble."""
        ...
