"""Webhook endpoints: the addresses of parties, the filters of events, and the states of endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from slm_chassis.identity import named_id
from slm_events.catalogue import AGREEMENTS, BREACHES, PUBLISHED, REPORTS, REVIEWS, TARGETS, EventType
from slm_events.instants import UtcMicroseconds

EndpointKind = Literal["webhook", "pagerduty", "alertmanager", "slack", "teams", "discord", "mattermost", "apprise"]
"""What an endpoint is: the receiver of signed webhooks, or a tool that gets its own form of requests."""
CHATS: frozenset[EndpointKind] = frozenset({"slack", "teams", "discord", "mattermost", "apprise"})
"""The kinds that get messages for people. Their addresses are secrets."""
EndpointState = Literal["active", "paused", "suspended", "gone"]
MOST_OF_A_PARTY = 50
"""The most endpoints of one party."""
SENT: Mapping[str, EventType] = {
    row.type: row for row in PUBLISHED.values() if row.topic in (AGREEMENTS, BREACHES, TARGETS, REPORTS, REVIEWS)
}
"""Type → row of the catalogue, for every event that can be sent: those that the live stream shows."""
TEST_EVENT = "slm.notification.webhook-tested.v1"
"""Type of the event that a party sends to its own endpoint to test it. Such events are on no topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """The choice among the events that a party may see. An event has to pass every list; an empty list lets any event
    pass.
    """

    event_types: Sequence[str] = ()
    agreement_ids: Sequence[str] = ()
    service_ids: Sequence[str] = ()
    other_party_ids: Sequence[str] = ()
    """Ids of customers, providers and suppliers. Only events that name one of them pass; the endpoint's own party does
    not count.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardEvent:
    """An event in the form in which it is sent to the parties who may see it."""

    event_id: str
    event_type: str
    agreement_id: str | None
    service_id: str | None
    party_ids: Sequence[str]
    """Ids of the parties who may see the event."""
    named_party_ids: Sequence[str]
    """Ids of all parties that the event names, including a party that may not see the event."""
    recorded_at: UtcMicroseconds
    body: str
    """The CloudEvent as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """An address to which events of a party are sent.

    ``failures`` counts the failed requests since the last success. ``failing_since`` and ``retry_at`` are real time.
    """

    endpoint_id: str
    party_id: str
    kind: EndpointKind = "webhook"
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

    def wants(self, event: HeardEvent, instead: Sequence[str] = ()) -> bool:
        """Whether the event is sent to this endpoint: the endpoint's party may see the event, and the filter lets it
        pass.

        ``instead``: the event also passes the filter of event types if the filter names one of these types.
        """
        wanted = self.wanted
        return (
            self.party_id in event.party_ids
            and any(_lets_through(wanted.event_types, each) for each in (event.event_type, *instead))
            and _lets_through(wanted.agreement_ids, event.agreement_id)
            and _lets_through(wanted.service_ids, event.service_id)
            and (not wanted.other_party_ids or not set(wanted.other_party_ids).isdisjoint(self._others(event)))
        )

    def _others(self, event: HeardEvent) -> set[str]:
        return set(event.named_party_ids) - {self.party_id}


def _lets_through(wanted: Sequence[str], value: str | None) -> bool:
    return not wanted or value in wanted


def delivery_id_of(endpoint_id: str, event_id: str) -> str:
    """Return the id of the delivery of an event to an endpoint, which is the ``webhook-id`` of every attempt.

    The id is computed from both ids, so that a replay of the event has the same ``webhook-id``.
    """
    return named_id(endpoint_id, "delivery", event_id)


def changed_endpoint(
    endpoint: WebhookEndpoint, title: str, url: str, wanted: EventFilter, is_paused: bool, now: UtcMicroseconds
) -> WebhookEndpoint:
    """Return the endpoint with a new title, URL and filter, paused or active.

    Its failures are counted from 0 again: an endpoint with failures would get only one delivery at a time.
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
    """Return the party ids that an event has in these fields. Empty fields are left out."""
    return [str(data[name]) for name in fields if data.get(name)]
