"""``/api/v1/webhook-endpoints``: the addresses to which events are sent, their secrets, tests and replays."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import SecretStr

from slm_chassis.http import etag, instants
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.http.response_models import list_of
from slm_events.instants import to_text
from slm_notification.adapters import queries
from slm_notification.api.dependencies import Editor, TheOffice
from slm_notification.api.responses import (
    IssuedSecretResponse,
    IssuedWebhookEndpointResponse,
    WebhookDeliveryResponse,
    WebhookEndpointResponse,
    WebhookReplayResponse,
    WebhookStatusResponse,
)
from slm_notification.api.schemas import ReplayBody, SecretReplacementBody, WebhookEndpointBody
from slm_notification.api.shapes import endpoint_json, instant_of_real
from slm_notification.api.webhook_deliveries import get_webhook_delivery
from slm_notification.application import webhooks
from slm_notification.application.webhooks import EndpointDetails
from slm_notification.domain.endpoints import SENT, EventFilter, WebhookEndpoint

router = APIRouter(prefix="/api/v1/webhook-endpoints", tags=["webhook-endpoints"])
_IdempotencyKey = Annotated[str | None, Header(include_in_schema=False)]


@router.get("", **operation("List the webhook endpoints of your party", list_of(WebhookEndpointResponse)))
async def list_webhook_endpoints(caller: Caller, page: Paging, database: TheDatabase) -> dict[str, Any]:
    """List the endpoints of your party, the oldest first."""
    found = await queries.fetch_endpoint_page(database, caller, page)
    return page.shape(found, lambda each: [each.created_at, each.endpoint_id], lambda each: endpoint_json(each, caller))


@router.post(
    "",
    **operation(
        "Make a webhook endpoint",
        IssuedWebhookEndpointResponse,
        "without-party",
        "too-many-endpoints",
        "no-idempotency-here",
        status=201,
        headers=(ETAG,),
    ),
)
async def make_webhook_endpoint(
    body: WebhookEndpointBody,
    caller: Editor,
    office: TheOffice,
    response: Response,
    idempotency_key: _IdempotencyKey = None,
) -> dict[str, Any]:
    """Make an endpoint of your party. `secret` is shown only in this answer.

    From now on the endpoint gets the events that your party may see, if they pass the filters. A tool for people on
    call (`pagerduty`, `alertmanager`) gets only events that open, acknowledge or end an alert: events about a breach, a
    risk or missing data. It gets events about a cause only if `event_types` names their type. The events of one alert
    come in their order.

    The URL needs https and a public address, unless an operator has allowed its network.
    """
    _refuse_stored_secret(idempotency_key)
    endpoint, secret = await webhooks.make_endpoint(office, caller, _details(body))
    response.headers["ETag"] = etag.etag_of(endpoint.version)
    shown = secret.text if secret is not None and endpoint.kind == "webhook" else ""
    return {**endpoint_json(endpoint, caller), "secret_id": secret.secret_id if secret else "", "secret": shown}


@router.get("/{endpoint_id}", **operation("Read one webhook endpoint", WebhookEndpointResponse, headers=(ETAG,)))
async def get_webhook_endpoint(
    endpoint_id: str, caller: Caller, database: TheDatabase, response: Response
) -> dict[str, Any]:
    """Read an endpoint: its URL, its filters and its state."""
    endpoint = await _endpoint_or_404(endpoint_id, caller, database)
    response.headers["ETag"] = etag.etag_of(endpoint.version)
    return endpoint_json(endpoint, caller)


@router.put("/{endpoint_id}", **operation("Change a webhook endpoint", WebhookEndpointResponse, headers=(ETAG,)))
async def change_webhook_endpoint(
    endpoint_id: str,
    body: WebhookEndpointBody,
    caller: Editor,
    office: TheOffice,
    if_match: IfMatch,
    response: Response,
) -> dict[str, Any]:
    """Change an endpoint, pause it, or make it active again.

    If you change the `url` of a tool, give its `secret` again. If you give neither, the tool keeps its secret.

    `paused: false` makes a paused, suspended or gone endpoint active. Then all events that wait for it are sent at
    once.
    """
    endpoint = await webhooks.change_endpoint(office, caller, endpoint_id, _details(body), _unless_changed(if_match))
    response.headers["ETag"] = etag.etag_of(endpoint.version)
    return endpoint_json(endpoint, caller)


@router.delete("/{endpoint_id}", **operation("Remove a webhook endpoint", None, status=204))
async def remove_webhook_endpoint(endpoint_id: str, caller: Editor, office: TheOffice) -> None:
    """Remove an endpoint with its secrets and deliveries. Deliveries that wait are not sent any more."""
    await webhooks.remove_endpoint(office, caller, endpoint_id)


@router.get("/{endpoint_id}/status", **operation("Read how an endpoint is doing", WebhookStatusResponse))
async def get_webhook_status(
    endpoint_id: str, caller: Caller, database: TheDatabase, clock: TheClock
) -> dict[str, Any]:
    """Read how many deliveries to an endpoint wait or have failed, since when the endpoint fails, and which secrets are
    in use.
    """
    endpoint = await _endpoint_or_404(endpoint_id, caller, database)
    counts = await queries.fetch_delivery_counts(database, endpoint_id)
    secrets = await queries.fetch_secrets(database, endpoint_id)
    return {
        "endpoint_id": endpoint_id,
        "state": endpoint.state,
        "waiting": counts["waiting"],
        "failed": counts["failed"],
        "failing_since": instant_of_real(endpoint.failing_since, clock),
        "next_attempt_at": instant_of_real(endpoint.retry_at, clock) if endpoint.state == "active" else None,
        "last_delivered_at": instant_of_real(counts["last_delivered_at"], clock),
        "secrets": [
            {
                "secret_id": each["secret_id"],
                "made_at": instant_of_real(each["made_at"], clock),
                "ends_at": instant_of_real(each["ends_at"], clock),
            }
            for each in secrets
        ],
    }


@router.post(
    "/{endpoint_id}/secrets",
    **operation("Replace the secret of an endpoint", IssuedSecretResponse, "no-idempotency-here", status=201),
)
async def replace_webhook_secret(
    endpoint_id: str,
    body: SecretReplacementBody,
    caller: Editor,
    office: TheOffice,
    idempotency_key: _IdempotencyKey = None,
) -> dict[str, Any]:
    """Give an endpoint a new secret, shown only in this answer, or the secret of a tool that you give.

    For `overlap_seconds` each delivery is signed with the earlier secrets as well, so that receivers can change over.
    """
    _refuse_stored_secret(idempotency_key)
    given = _text_of(body.secret)
    _, secret = await webhooks.replace_secret(office, caller, endpoint_id, body.overlap_seconds, given)
    return {
        "endpoint_id": endpoint_id,
        "secret_id": secret.secret_id,
        "secret": secret.text if given is None else "",
    }


@router.post(
    "/{endpoint_id}/test-events",
    **operation("Send a test event", WebhookDeliveryResponse, "endpoint-gone", status=202),
)
async def send_webhook_test(
    endpoint_id: str, caller: Editor, office: TheOffice, database: TheDatabase, clock: TheClock
) -> dict[str, Any]:
    """Send an event of the type `slm.notification.webhook-tested.v1` to this endpoint alone.

    Read the delivery again after a moment to see what the receiver answered.
    """
    delivery_id = await webhooks.send_test(office, caller, endpoint_id)
    return await get_webhook_delivery(delivery_id, caller, database, clock)


@router.post(
    "/{endpoint_id}/replays",
    **operation("Send kept events again", WebhookReplayResponse, "endpoint-gone", status=202),
)
async def replay_webhook_events(
    endpoint_id: str, body: ReplayBody, caller: Editor, office: TheOffice
) -> dict[str, Any]:
    """Send again the events that were recorded in an interval and that pass the endpoint's filters. Each event has its
    own `webhook-id` as before. It does not matter whether the event was accepted before.

    An event is kept if, at its publication, a party that may see it has an endpoint in any state. Events are kept for
    thirty days, unless an operator has set another time. One replay reads at most 10,000 events that your party may
    see. If more events were recorded at the same instant as the last of these, it reads them, too.
    """
    since = instants.read_instant(body.since, "from")
    until = instants.read_optional_instant(body.until, "until")
    replayed = await webhooks.replay(office, caller, endpoint_id, since, until)
    return {
        "endpoint_id": endpoint_id,
        "deliveries": replayed.deliveries,
        "from": to_text(since),
        "until": to_text(replayed.until),
        "complete": replayed.is_whole,
    }


async def _endpoint_or_404(endpoint_id: str, caller: Caller, database: TheDatabase) -> WebhookEndpoint:
    endpoint = await queries.fetch_endpoint(database, caller, endpoint_id)
    if endpoint is None:
        raise not_found("webhook endpoint", endpoint_id)
    return endpoint


def _unless_changed(if_match: str) -> Callable[[WebhookEndpoint], None]:
    return lambda endpoint: etag.check_if_match(if_match, endpoint.version)


def _details(body: WebhookEndpointBody) -> EndpointDetails:
    for place, name in enumerate(body.event_types):
        if name not in SENT:
            close = difflib.get_close_matches(name, SENT, 1)
            remedy = f"write {close[0]}" if close else "write a type such as slm.monitor.target-breached.v1"
            raise invalid(f"event_types[{place}]", name, remedy)
    wanted = EventFilter(
        event_types=body.event_types,
        agreement_ids=body.agreement_ids,
        service_ids=body.service_ids,
        other_party_ids=body.other_party_ids,
    )
    return EndpointDetails(body.title, body.url, wanted, body.paused, body.kind, _text_of(body.secret))


def _text_of(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _refuse_stored_secret(idempotency_key: str | None) -> None:
    if idempotency_key is not None:
        detail = "The answer holds a secret that is not stored. Send it without, and replace a secret that was lost."
        raise Problem(400, "no-idempotency-here", "Secrets are issued without Idempotency-Key", detail)
