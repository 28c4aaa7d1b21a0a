"""The interfaces of storage and sending that the use cases of mails need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from slm_chassis.access import Principal
from slm_chassis.ledger import NO_DETAIL
from slm_chassis.smtp import OutgoingMail, RefusedMail
from slm_events.instants import UtcMicroseconds
from slm_notification.domain.notices import MailKind, Notice
from slm_notification.domain.readers import Preference, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMailDelivery:
    """A delivery to store: an event, the person who is told of the event, and the notice that this person gets."""

    reader: Reader
    event_id: str
    event_type: str
    agreement_id: str | None
    notice: Notice
    is_digest: bool
    due_at: UtcMicroseconds
    """Real time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedMail:
    """A mail that this process may send until ``leased_until`` (real time). ``attempts`` counts this attempt, too."""

    message_id: str
    person_id: str
    cause_id: str | None
    is_digest: bool
    attempts: int
    first_attempt_at: UtcMicroseconds
    created_at: UtcMicroseconds
    leased_until: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class MailedNotice:
    """A notice in a mail: its kind, its words as they were stored, and the agreement that it is about."""

    kind: MailKind
    words: Mapping[str, Any]
    title: str | None
    """The title of the agreement; None if the notice is about no agreement, or the title is not known."""
    agreement_id: str | None


@dataclass(frozen=True, slots=True)
class MailContent:
    """The content of a mail: its first notices as they were stored, and the number of all its notices (``count``)."""

    notices: Sequence[MailedNotice]
    count: int


@dataclass(frozen=True, slots=True)
class FailedMail:
    """A failed attempt to send a mail. ``due_at``: when the mail is tried next (real time); None: it is not tried
    again.
    """

    problem: str
    due_at: UtcMicroseconds | None
    is_away: bool


class MailLedger(Protocol):
    """The storage of mails within one transaction."""

    now: UtcMicroseconds
    """Installation time, microseconds UTC."""

    async def put_people(self, rows: Collection[Mapping[str, Any]]) -> None:
        """Insert or replace people: ``person_id``, ``party_id``, ``name`` and ``email`` of each."""

    async def put_principals(self, rows: Collection[Mapping[str, Any]]) -> None:
        """Insert or replace principals: ``principal_id``, ``person_id``, ``roles`` and ``ends_at`` of each."""

    async def put_titles(self, titles: Mapping[str, str]) -> None:
        """Store the titles of agreements, by id."""

    async def put_causes(self, causes: Mapping[tuple[str, str], str]) -> None:
        """Store the causes of breaches and risks.

        ``causes``: keys are (id of the party that sees the cause, id of the breach or risk), values the cause's id.
        """

    async def readers_of(self, party_ids: Collection[str]) -> Sequence[Reader]:
        """Return the people of these parties who have a mail address and may log in now."""
        ...

    async def add_mail_deliveries(self, deliveries: Sequence[NewMailDelivery]) -> None:
        """Store deliveries. Those that are stored already are not changed."""


class MailDesk(Protocol):
    """The storage of mails, each call in its own transaction."""

    async def people_with_due(self, limit: int) -> Sequence[str]:
        """Return the ids of at most ``limit`` people who have due deliveries that are not in a mail yet."""
        ...

    async def make_mails(self, person_id: str, together: int) -> int:
        """Make mails from a person's waiting deliveries. Deliveries that belong together become one mail. Return the
        number of mails made.

        Two mails about the same cause are made at least ``together`` microseconds apart.
        """
        ...

    async def claim_mails(self, most: int, lease_seconds: float) -> Sequence[ClaimedMail]:
        """Claim at most ``most`` due mails. No other process sends them before ``lease_seconds`` have passed."""
        ...

    async def reader(self, person_id: str) -> Reader | None:
        """Return the person; None if the person has no mail address or may not log in now."""
        ...

    async def content_of(self, message_id: str, most: int) -> MailContent:
        """Return the content of a mail, with at most ``most`` of its notices."""
        ...

    async def store_sent(self, claim: ClaimedMail, *, was_away: bool) -> None:
        """Store that the mail server has accepted a mail.

        If the server was away before (``was_away``), all mails that waited for it are due now.
        """

    async def store_failed(self, claim: ClaimedMail, failed: FailedMail) -> None:
        """Store a failed attempt, unless the mail was sent or claimed again since."""

    async def store_dropped(self, claim: ClaimedMail, problem: str) -> None:
        """Store that a mail is not sent, and why."""

    async def prune_mails(self, before: UtcMicroseconds) -> int:
        """Remove mails, and their deliveries to people, that were stored before an instant; return how many mails were
        removed. The instant is of real time, not of a demonstration's clock.
        """
        ...


class PreferenceLedger(Protocol):
    """The storage of preferences within one transaction."""

    async def lock(self, subject: str) -> None:
        """Lock the subject with this id against other transactions until this transaction ends."""

    async def preference(self, person_id: str) -> Preference | None:
        """Return the choices of a person about mails; None if the person has not chosen anything yet."""
        ...

    async def put_preference(self, preference: Preference) -> None:
        """Insert or replace the choices of a person about mails."""

    async def note(
        self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any] = NO_DETAIL
    ) -> None:
        """Write to the audit trail who did what to which subject."""


class PreferenceDesk(Protocol):
    """The storage of preferences."""

    def begin(self) -> AbstractAsyncContextManager[PreferenceLedger]:
        """Open a transaction."""
        ...


class ReadingLinks(Protocol):
    """Makes links for people who cannot log in."""

    async def link_for(self, reader: Reader, agreement_id: str) -> str | None:
        """Return the address of a page on which the reader can read the agreement without an account.

        None if the reader can log in, or no link can be made now: the mail does not wait for it.
        """
        ...


class MailServer(Protocol):
    """Sends mails."""

    async def try_to_send(self, mail: OutgoingMail) -> RefusedMail | None:
        """Send one mail; return why it could not be sent, or None if it was sent."""
        ...
