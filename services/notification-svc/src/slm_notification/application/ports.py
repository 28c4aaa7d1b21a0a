"""The interfaces of storage and sending that the use cases need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from slm_chassis.access import Principal
from slm_chassis.ledger import NO_DETAIL
from slm_events.instants import UtcMicroseconds
from slm_notification.domain.attempts import AttemptAnswer, ClaimedDelivery, FailedAttempt
from slm_notification.domain.endpoints import HeardEvent, WebhookEndpoint
from slm_notification.domain.signatures import WebhookSecret


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery to write: an event, and the endpoint to which it is sent."""

    endpoint: WebhookEndpoint
    event: HeardEvent


class NotificationLedger(Protocol):
    """The storage within one transaction."""

    now: UtcMicroseconds
    """Installation time, microseconds UTC."""

    async def lock(self, subject: str) -> None:
        """Lock the subject with this id against other transactions until this transaction ends."""

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """Return the endpoint with this id, locked against changes; None if there is none."""

    async def count_endpoints(self, party_id: str) -> int:
        """Return how many endpoints a party has."""
        ...

    async def endpoints_of(self, party_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """Return the endpoints of these parties, whatever their state. No other transaction can remove them before this
        transaction ends.
        """
        ...

    async def put_endpoint(self, endpoint: WebhookEndpoint) -> None:
        """Insert the endpoint, or replace the one with its id."""

    async def remove_endpoint(self, endpoint_id: str) -> None:
        """Remove an endpoint with its secrets and deliveries."""

    async def put_secret(self, secret: WebhookSecret) -> None:
        """Insert a secret."""

    async def end_secrets(self, endpoint_id: str, ends_at: UtcMicroseconds) -> None:
        """Let all present secrets of an endpoint end at this instant of real time, unless they end earlier."""

    async def keep_events(self, events: Sequence[HeardEvent]) -> None:
        """Store the events that are not stored yet."""

    async def add_deliveries(self, deliveries: Sequence[NewDelivery], due_at: UtcMicroseconds) -> None:
        """Store deliveries, due at ``due_at`` (real time). Deliveries that are stored already are not changed."""

    async def repeat_deliveries(self, delivery_ids: Sequence[str], due_at: UtcMicroseconds) -> int:
        """Let deliveries be sent again from ``due_at`` (real time) on. Their attempts are counted from 0 again.

        If a delivery belongs to an alert, the later deliveries of the alert are sent again after it. A delivery that is
        being sent now does not change. Return the number of deliveries that are sent again.
        """
        ...

    async def hasten_deliveries(self, endpoint_id: str, due_at: UtcMicroseconds) -> None:
        """Let the waiting deliveries of an endpoint be due at ``due_at`` (real time), unless they are due earlier."""

    async def endpoint_id_of(self, delivery_id: str, party_id: str | None) -> str | None:
        """Return the id of a delivery's endpoint; None if the party has no delivery with this id. If ``party_id`` is
        None, the delivery may be of any party.
        """

    async def kept_events(
        self, party_id: str, since: UtcMicroseconds, until: UtcMicroseconds, limit: int
    ) -> Sequence[HeardEvent]:
        """Return the earliest ``limit`` events that the party may see and that were recorded in [since, until).

        They are in the order of recording. If the last event shares its instant with further events, these are returned
        too.
        """
        ...

    async def has_kept_event(self, party_id: str, since: UtcMicroseconds, until: UtcMicroseconds) -> bool:
        """Return whether there is a stored event that the party may see and that was recorded in [since, until)."""
        ...

    async def note(
        self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any] = NO_DETAIL
    ) -> None:
        """Write to the audit trail who did what to which subject."""


class NotificationDesk(Protocol):
    """The storage of the service."""

    def begin(self) -> AbstractAsyncContextManager[NotificationLedger]:
        """Open a transaction."""
        ...

    async def claim(self, most: int, lease_seconds: float) -> Sequence[ClaimedDelivery]:
        """Claim at most ``most`` due deliveries. No other process sends them before ``lease_seconds`` have passed."""
        ...

    async def record_success(self, claim: ClaimedDelivery, answer: AttemptAnswer) -> None:
        """Store that a delivery was accepted, and that its endpoint does not fail any more.

        If the endpoint was failing, the deliveries that failed for the first time during this failure are due now. If
        it was failing for ten minutes or longer, all its other deliveries are due in ten minutes at the latest.
        """

    async def record_failure(
        self, claim: ClaimedDelivery, answer: AttemptAnswer, follows: FailedAttempt, suspend_after: int
    ) -> None:
        """Store a failed attempt, and send nothing to its endpoint for a while.

        If the endpoint has failed for ``suspend_after`` microseconds without a success, it becomes suspended. If the
        receiver answered 410, the endpoint becomes gone.
        """

    async def release(self, claims: Sequence[ClaimedDelivery]) -> None:
        """Give back claims, so that other processes can claim the deliveries at once. The attempt of each is not
        counted.
        """

    async def prune(self, keep_microseconds: int) -> int:
        """Remove the events that were recorded more than ``keep_microseconds`` ago, their deliveries, and the secrets
        that have ended. Return the number of deliveries removed.
        """
        ...


class Courier(Protocol):
    """Sends webhooks."""

    async def send(self, claim: ClaimedDelivery) -> AttemptAnswer:
        """Send a delivery once, and return how the attempt ended. A failure is returned, never raised."""
        ...

    async def check(self, url: str) -> str | None:
        """Return the reason why nothing may be sent to this URL, in words for the user who entered it; None if the URL
        is allowed.
        """
