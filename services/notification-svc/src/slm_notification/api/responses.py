"""Response models of notification-svc."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer, Instant, absent_field


class WebhookEndpointResponse(Answer):
    """An address to which events of a party are sent."""

    endpoint_id: str
    """Id of the endpoint (UUID)"""
    party_id: str
    """Id of the party whose events are sent"""
    title: str
    """What the endpoint is for, in the party's words"""
    url: str
    """Where events are sent; without its path for those who may not change the endpoint, because a path may be a secret
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
    """Why it is suspended or gone; else empty"""
    state_at: Instant
    """Since when it is in this state"""
    created_at: Instant
    """When it was made; it gets no event that was recorded before"""
    created_by_principal_id: str
    """Id of the principal that made it"""


class IssuedWebhookEndpointResponse(WebhookEndpointResponse):
    """A new endpoint with the secret of its signatures."""

    secret_id: str
    """Id of the secret (UUID)"""
    secret: str
    """The secret, `whsec_` and base64: shown only in this answer"""


class IssuedSecretResponse(Answer):
    """A new secret of an endpoint."""

    endpoint_id: str
    """Id of the endpoint (UUID)"""
    secret_id: str
    """Id of the secret (UUID)"""
    secret: str
    """The secret, `whsec_` and base64: shown only in this answer"""


class WebhookSecretAnswer(Answer):
    """A secret that is in use, without its text."""

    secret_id: str
    """Id of the secret (UUID)"""
    made_at: Instant
    """When it was made"""
    ends_at: Instant | None
    """When it ends; null: it is the newest and has no end"""


class WebhookStatusResponse(Answer):
    """How an endpoint is doing now."""

    endpoint_id: str
    """Id of the endpoint (UUID)"""
    state: Literal["active", "paused", "suspended", "gone"]
    """As in the endpoint"""
    waiting: int
    """Deliveries that are still to be sent"""
    failed: int
    """Deliveries that were given up"""
    failing_since: Instant | None
    """The first failure since the last success; null if the latest delivery was accepted"""
    next_attempt_at: Instant | None
    """Until then a failing endpoint is left alone; null if it does not fail"""
    last_delivered_at: Instant | None
    """When it last accepted a delivery; null if it never did"""
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
    """`waiting` for its next attempt; `delivered`: the receiver answered with 2xx; `failed`: given up"""
    attempts: int
    """Attempts up to now, since it was last asked for"""
    created_at: Instant
    """When the event was heard"""
    last_attempt_at: Instant | None
    """When it was last sent; null before the first attempt"""
    next_attempt_at: Instant | None
    """When it is due; null unless it is waiting"""
    delivered_at: Instant | None
    """When the receiver accepted it; null until then"""
    status: int | None
    """HTTP status of the latest answer; null without an answer"""
    problem: str
    """Why the latest attempt failed; empty if it did not"""
    excerpt: str
    """The beginning of the latest answer's body"""


class WebhookReplayResponse(Answer):
    """What a replay sends again."""

    endpoint_id: str
    """Id of the endpoint (UUID)"""
    deliveries: int
    """How many deliveries are due now"""
    since: Instant = absent_field("from")
    """The earliest instant of the replay"""
    until: Instant
    """The replay covers what was recorded before this instant"""
    complete: bool
    """False: there are more events; replay again from `until`"""
