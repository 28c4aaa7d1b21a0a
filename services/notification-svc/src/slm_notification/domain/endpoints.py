"""Webhook endpoints: the address of a party, which events it wants, and its state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from slm_chassis.identity import named_id
from slm_events.catalogue import AGREEMENTS, BREACHES, PUBLISHED, REPORTS, REVIEWS, TARGETS, EventType
from slm_events.instants import UtcMicroseconds

EndpointState = Literal["active", "paused", "suspended", "gone"]
MOST_OF_A_PARTY = 50
"""The most endpoints of one party."""
SENT: Mapping[str, EventType] = {
    row.type: row for row in PUBLISHED.values() if row.topic in (AGREEMENTS, BREACHES, TARGETS, REPORTS, REVIEWS)
}
"""Type → every event that is sent: those that the live stream shows."""
TEST_EVENT = "slm.notification.webhook-tested.v1"
"""Type of the event that a party sends to its own endpoint, to try it. It is on no topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which of the events that a party may see are sent. An empty list: any."""

    event_types: Sequence[str] = ()
    agreement_ids: Sequence[str] = ()
    service_ids: Sequence[str] = ()
    other_party_ids: Sequence[str] = ()
    """Customers, providers and suppliers: only events that name one of them beside the party itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardEvent:
    """An event as it is sent to those who may see it."""

    event_id: str
    event_type: str
    agreement_id: str | None
    service_id: str | None
    party_ids: Sequence[str]
    """Ids of the parties who may see the event."""
    named_party_ids: Sequence[str]
    """Ids of all parties that the event is about, also of one that may not see it."""
    recorded_at: UtcMicroseconds
    body: str
    """The CloudEvent as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """An address to which events of a party are sent.

    ``failures`` counts failed requests since the last that succeeded. ``failing_since`` and ``retry_at`` are real time.
    """

    endpoint_id: str
    party_id: str
    title: str
    url: str
    wanted: EventFilter
    state: EndpointState
    state_reason: str
    state_at: UtcMicroseconds
    failures: int
    failing_since: UtcMicroseconds | None
    retry_at: UtcMicroseconds | None
    version: int
    created_at: UtcMicroseconds
    created_by_principal_id: str

    def wants(self, event: HeardEvent) -> bool:
        """Whether the event is of interest here: the party may see it, and the filter lets it through."""
        wanted = self.wanted
        return (
            self.party_id in event.party_ids
            and _lets_through(wanted.event_types, event.event_type)
            and _lets_through(wanted.agreement_ids, event.agreement_id)
            and _lets_through(wanted.service_ids, event.service_id)
            and (not wanted.other_party_ids or not set(wanted.other_party_ids).isdisjoint(self._others(event)))
        )

    def _others(self, event: HeardEvent) -> set[str]:
        return set(event.named_party_ids) - {self.party_id}


def _lets_through(wanted: Sequence[str], value: str | None) -> bool:
    return not wanted or value in wanted


def delivery_id_of(endpoint_id: str, event_id: str) -> str:
    """Return the id of the delivery of an event to an endpoint, which is also its ``webhook-id``.

    It is computed, so that every repetition has the same.
    """
    return named_id(endpoint_id, "delivery", event_id)


def changed_endpoint(
    endpoint: WebhookEndpoint, title: str, url: str, wanted: EventFilter, is_paused: bool, now: UtcMicroseconds
) -> WebhookEndpoint:
    """Return the endpoint with a new title, URL and filter, paused or active.

    An endpoint that becomes active begins without failures: what waits for it is sent at once.
    """
    state: EndpointState = "paused" if is_paused else "active"
    return replace(
        endpoint,
        title=title,
        url=url,
        wanted=wanted,
        state=state,
        state_reason="",
        state_at=endpoint.state_at if endpoint.state == state else now,
        failures=0,
        failing_since=None,
        retry_at=None,
        version=endpoint.version + 1,
    )


def party_ids_named(data: Mapping[str, object], fields: Sequence[str]) -> list[str]:
    """Return the ids in an event's party fields, without those that are empty."""
    return [str(data[name]) for name in fields if data.get(name)]
