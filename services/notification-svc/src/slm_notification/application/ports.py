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
        """Lock the subject with this id against other transactions until this one ends."""

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """Return the endpoint with this id, locked against changes."""

    async def count_endpoints(self, party_id: str) -> int:
        """Return how many endpoints a party has."""
        ...

    async def endpoints_of(self, party_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """Return the endpoints of these parties that are not gone. None of them is removed before the transaction
        ends.
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
        """Store events, without those that are stored already."""

    async def add_deliveries(self, deliveries: Sequence[NewDelivery], due_at: UtcMicroseconds) -> None:
        """Write deliveries that are due at this instant of real time, without those that are written already."""

    async def repeat_deliveries(self, delivery_ids: Sequence[str], due_at: UtcMicroseconds) -> int:
        """Let deliveries be sent again from this instant of real time on, as if they had not been tried; return how
        many. One that is being sent now is left as it is.
        """
        ...

    async def endpoint_id_of(self, delivery_id: str, party_id: str | None) -> str | None:
        """Return the endpoint of a delivery of a party (None: of any party); None without one."""

    async def kept_events(
        self, party_id: str, since: UtcMicroseconds, until: UtcMicroseconds, limit: int
    ) -> Sequence[HeardEvent]:
        """Return events that a party may see and that were recorded in an interval, the earliest first."""
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
        """Claim due deliveries with a lease, at most so many: no other process sends them until it ends."""
        ...

    async def record_success(self, claim: ClaimedDelivery, answer: AttemptAnswer) -> None:
        """Store that a delivery was accepted, and that its endpoint works."""

    async def record_failure(
        self, claim: ClaimedDelivery, answer: AttemptAnswer, follows: FailedAttempt, suspend_after: int
    ) -> None:
        """Store a failed attempt. The endpoint is left alone for a while, suspended after ``suspend_after``
        microseconds without success, or gone if the answer says so.
        """

    async def release(self, claims: Sequence[ClaimedDelivery]) -> None:
        """Give back claims whose deliveries were not sent."""

    async def prune(self, keep_microseconds: int) -> int:
        """Remove events and deliveries that are older; return how many deliveries."""
        ...


class Courier(Protocol):
    """Sends webhooks."""

    async def send(self, claim: ClaimedDelivery) -> AttemptAnswer:
        """Send a delivery once and return how it ended. It raises nothing but cancellation."""
        ...

    async def check(self, url: str) -> str | None:
        """Return why nothing may be sent to this URL, in words for whoever entered it; None if it may."""
