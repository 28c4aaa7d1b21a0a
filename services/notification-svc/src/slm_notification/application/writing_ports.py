"""The interfaces that writing into tickets needs: storage, and requests to tools."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from slm_chassis.access import Principal
from slm_chassis.ledger import NO_DETAIL
from slm_events.instants import UtcMicroseconds
from slm_mappings.ticket_writing import TicketWriting
from slm_notification.domain.attempts import AttemptAnswer
from slm_notification.domain.ticket_figures import KnownClock
from slm_notification.domain.ticket_writers import DueWrite, TicketWriter, WriteEnd, WriterClaim, WriterCredential

TicketKey = tuple[str, str, str]
"""(id of the party whose source sent the ticket, source, number)."""


@dataclass(frozen=True, slots=True)
class HeardClock:
    """A clock of a party's own ticket, as an event shows it."""

    party_id: str
    source: str
    ticket: str
    target_id: str
    ordinal: int
    clock: str
    state: str
    deadline_at: UtcMicroseconds | None


@dataclass(frozen=True, slots=True)
class HeardBreach:
    """A breach of a ticket's clock that is not withdrawn."""

    breach_id: str
    party_id: str
    source: str
    ticket: str
    target_id: str
    ordinal: int


class WriterLedger(Protocol):
    """The storage within one transaction."""

    now: UtcMicroseconds
    """Installation time, microseconds UTC."""

    async def lock(self, subject: str) -> None:
        """Lock the subject with this id against other transactions until this transaction ends."""

    async def begin_hearing(self) -> None:
        """Let nobody make or change a writer before this transaction ends. Others may store events meanwhile."""

    async def begin_changing(self) -> None:
        """Let no other transaction store events, or make or change a writer, before this transaction ends."""

    async def put_clocks(self, clocks: Collection[HeardClock]) -> None:
        """Insert clocks or replace them."""

    async def put_breaches(self, breaches: Collection[HeardBreach]) -> None:
        """Store breaches that are not withdrawn: insert them, or undo their withdrawal."""

    async def withdraw_breaches(self, breach_ids: Collection[str]) -> Sequence[TicketKey]:
        """Store that breaches are withdrawn. Return the tickets of those of them that this service has stored."""
        ...

    async def writers_of(self, sources: Collection[tuple[str, str]]) -> Sequence[TicketWriter]:
        """Return the writers of these (party id, source), locked against other transactions."""
        ...

    async def clocks_of(
        self, party_id: str, source: str, tickets: Collection[str]
    ) -> Mapping[str, Sequence[KnownClock]]:
        """Return number → clocks of these tickets."""
        ...

    async def open_tickets(self, party_id: str, source: str) -> Sequence[str]:
        """Return the numbers of a source's tickets that have a clock that has not ended."""
        ...

    async def known_writes(self, writer_id: str, tickets: Collection[str]) -> set[str]:
        """Return those of ``tickets`` that the writer has written or has yet to write."""
        ...

    async def want(self, writer: TicketWriter, wanted: Mapping[str, Mapping[str, Any]], due_at: int) -> None:
        """Store the figures to write. ``wanted``: ticket number → figures.

        They are due at ``due_at`` (real time). A ticket that has these figures already does not change.
        """

    async def writer(self, writer_id: str) -> TicketWriter | None:
        """Return the writer with this id, locked against changes; None if there is none."""

    async def count_writers(self, party_id: str) -> int:
        """Return how many writers a party has."""
        ...

    async def put_writer(self, writer: TicketWriter) -> None:
        """Insert the writer, or replace the writer with its id.

        If attempts of the writer are under way, their results are not stored later.
        """

    async def put_credential(self, credential: WriterCredential) -> None:
        """Insert or replace the token or password of a writer."""

    async def credential(self, writer_id: str) -> WriterCredential:
        """Return the token or password of a writer."""
        ...

    async def remove_writer(self, writer_id: str) -> None:
        """Remove a writer with its credential, and the tickets that it has yet to write."""

    async def forget_writes(self, writer_id: str) -> None:
        """Forget what a writer has written and was to write."""

    async def repeat_writes(self, writer_id: str, due_at: int, *, is_all: bool) -> int:
        """Let the waiting tickets of a writer be due at ``due_at`` (real time); if ``is_all``, also the tickets that
        were written or given up. Return the number of tickets.
        """
        ...

    async def note(
        self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any] = NO_DETAIL
    ) -> None:
        """Write to the audit trail who did what to which subject."""


class WriterDesk(Protocol):
    """The storage of writers."""

    def begin(self) -> AbstractAsyncContextManager[WriterLedger]:
        """Open a transaction."""
        ...

    async def claim(self, most: int, tickets: int, lease_seconds: float) -> Sequence[WriterClaim]:
        """Claim at most ``most`` writers with due tickets, and at most ``tickets`` tickets of each writer.

        If the requests of a writer fail, only one of its tickets is claimed. No other process claims these writers
        before ``lease_seconds`` have passed.
        """
        ...

    async def keep_references(self, claim: WriterClaim, found: Mapping[str, Mapping[str, str]]) -> None:
        """Store the tool's own ids of tickets: number → reference."""

    async def record(self, claim: WriterClaim, write: DueWrite, end: WriteEnd, suspend_after: int) -> None:
        """Store how an attempt ended, unless the writer was changed or claimed again since. The writer is suspended if
        it has failed for ``suspend_after`` microseconds without a success.
        """

    async def release(self, claim: WriterClaim) -> None:
        """Give back a claim, so that the writer can be claimed again at once."""

    async def prune(self, keep_microseconds: int) -> int:
        """Remove the clocks, breaches and figures of each ticket whose clocks all ended more than ``keep_microseconds``
        ago. Return the number of clocks removed.
        """
        ...


class ToolCourier(Protocol):
    """Sends requests to ticket tools."""

    async def check(self, url: str) -> str | None:
        """Return the reason why nothing may be sent to this URL, in words for the user who entered it; None if the URL
        is allowed.
        """

    async def find(
        self, claim: WriterClaim, writing: TicketWriting, numbers: Sequence[str]
    ) -> tuple[AttemptAnswer, Mapping[str, Mapping[str, str]]]:
        """Ask the tool for its own ids of these tickets. A failure is returned, never raised."""
        ...

    async def change(self, claim: WriterClaim, writing: TicketWriting, write: DueWrite) -> AttemptAnswer:
        """Write the figures of one ticket once. A failure is returned, never raised."""
        ...
