"""Response models of notification-svc."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer, Instant, absent_field
from slm_notification.domain.endpoints import EndpointKind


class WebhookEndpointResponse(Answer):
    """An address to which events of a party are sent."""

    endpoint_id: str
    """Id of the endpoint (UUID)"""
    party_id: str
    """Id of the party whose events are sent"""
    kind: EndpointKind
    """What gets the events: a receiver of signed webhooks, or a tool that gets alerts or messages in its own form"""
    title: str
    """What the endpoint is for, in the party's words"""
    url: str
    """URL to which events are sent; with `/…` in place of path and query for callers who may not change the endpoint,
    and for all if it is an address of a chat, which is its secret
    """
    event_types: list[str]
    """Only these types of events are sent; empty: all"""
    agreement_ids: list[str]
    """Only events of these agreements are sent; empty: of all"""
    service_ids: list[str]
    """Only events that name one of these services are sent; empty: all"""
    other_party_ids: list[str]
    """Only events that name one of these other parties are sent; empty: all"""
    state: Literal["active", "paused", "suspended", "gone"]
    """`paused` by its party; `suspended` after a long time without any success; `gone`: the receiver answered 410"""
    state_reason: str
    """Why the endpoint is suspended or gone; empty otherwise"""
    state_at: Instant
    """Since when the endpoint is in this state"""
    created_at: Instant
    """When the endpoint was made; only a replay sends events that were recorded earlier"""
    created_by_principal_id: str
    """Id of the principal that made the endpoint"""


class IssuedWebhookEndpointResponse(WebhookEndpointResponse):
    """A new endpoint, with the secret that signs its deliveries."""

    secret_id: str
    """Id of the secret (UUID); empty if the endpoint has none"""
    secret: str
    """The secret, `whsec_` and base64: shown only in this answer; empty for a tool, whose secret you know"""


class IssuedSecretResponse(Answer):
    """A new secret of an endpoint."""

    endpoint_id: str
    """Id of the endpoint (UUID)"""
    secret_id: str
    """Id of the secret (UUID)"""
    secret: str
    """The secret, `whsec_` and base64: shown only in this answer; empty for a tool, whose secret you know"""


class WebhookSecretAnswer(Answer):
    """A secret that signs deliveries, without its text."""

    secret_id: str
    """Id of the secret (UUID)"""
    made_at: Instant
    """When the secret was made"""
    ends_at: Instant | None
    """From when on the secret signs nothing; null for the newest, which has no end"""


class WebhookStatusResponse(Answer):
    """The state of an endpoint, its waiting and failed deliveries, and its secrets."""

    endpoint_id: str
    """Id of the endpoint (UUID)"""
    state: Literal["active", "paused", "suspended", "gone"]
    """State of the endpoint, as `GET /api/v1/webhook-endpoints/{endpoint_id}` shows it"""
    waiting: int
    """Deliveries that are still to be sent"""
    failed: int
    """Deliveries that were given up"""
    failing_since: Instant | None
    """When the first attempt that failed since the last success began; null if the endpoint is not failing"""
    next_attempt_at: Instant | None
    """Nothing is sent to a failing endpoint before this instant; null if it is not failing or not active"""
    last_delivered_at: Instant | None
    """When the endpoint last accepted a delivery that is still kept; null if there is none"""
    secrets: list[WebhookSecretAnswer]
    """The secrets with which deliveries are signed, the newest first"""


class WebhookDeliveryResponse(Answer):
    """The delivery of one event to one endpoint."""

    delivery_id: str
    """Id of the delivery (UUID): the `webhook-id` of every attempt"""
    endpoint_id: str
    """Id of the endpoint"""
    event_id: str
    """Id of the event, `id` in the body"""
    event_type: str
    """Type of the event, `type` in the body"""
    agreement_id: str | None
    """Id of the agreement that the event is about; null if it is about none"""
    state: Literal["waiting", "delivered", "failed"]
    """`waiting` for its next attempt; `delivered`: the receiver answered with 2xx; `failed`: given up. An alert for
    Alertmanager is waiting again every few minutes until it ends
    """
    attempts: int
    """Attempts up to now; a resend or a replay counts from 0 again"""
    created_at: Instant
    """When the delivery was stored, before its first attempt"""
    last_attempt_at: Instant | None
    """When the latest attempt began; null before the first attempt"""
    next_attempt_at: Instant | None
    """When the next attempt is due; null unless the delivery is waiting"""
    delivered_at: Instant | None
    """When the receiver accepted the delivery; null until then"""
    status: int | None
    """HTTP status of the answer to the latest attempt; null if there was no answer"""
    problem: str
    """Why the latest attempt failed, or why nothing is sent any more; empty otherwise"""
    excerpt: str
    """The beginning of the body of the answer to the latest attempt; empty if there was no answer"""


class WebhookReplayResponse(Answer):
    """The result of a replay: how many deliveries are sent again, and which interval the replay covers."""

    endpoint_id: str
    """Id of the endpoint (UUID)"""
    deliveries: int
    """How many deliveries are sent again; a delivery that is being sent now is not counted"""
    since: Instant = absent_field("from")
    """The replay covers events that were recorded at this instant or later"""
    until: Instant
    """The replay covers events that were recorded before this instant"""
    complete: bool
    """Whether the replay covers the whole interval asked for; if false, replay again from `until`"""
