"""The kinds of endpoints: which events an endpoint gets, in which order, and which address and secret it has."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from slm_events.envelope import from_json
from slm_notification.domain.endpoints import CHATS, SENT, TEST_EVENT, EndpointKind, HeardEvent, WebhookEndpoint
from slm_notification.domain.errors import NotAcceptable
from slm_notification.domain.notices import Notice, notice_of, parties_told
from slm_notification.domain.signals import CAUSE, Signal, alert_key, opening_types, signal_of

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
ALERTS_PATH = "/api/v2/alerts"
_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
_AUTHORIZATION = re.compile(r"(Basic|Bearer) [!-~]{1,2000}")
_HIDDEN = "…"


def event_in(body: str) -> Any:
    """Return the event in the text of a CloudEvent; None if it is a test event, which no service publishes."""
    document = json.loads(body)
    row = SENT.get(document["type"])
    return None if row is None else from_json(row.event, document["data"])


def signal_in(body: str) -> Signal | None:
    """Return what the event in the text of a CloudEvent does to an alert; None if it does nothing.

    A test event opens an alert of its own.
    """
    if (event := event_in(body)) is not None:
        return signal_of(event)
    document = json.loads(body)
    if document["type"] != TEST_EVENT:
        return None
    return Signal(
        key=alert_key("test", document["id"]),
        action="trigger",
        severity="info",
        name="SlmTest",
        summary=document["data"]["text"],
        at=document["time"],
        path="/connections/webhooks",
        labels={"event_id": document["id"]},
    )


def notice_in(body: str) -> Notice | None:
    """Return what people are told of the event in the text of a CloudEvent; None if they are told nothing."""
    if (event := event_in(body)) is not None:
        return notice_of(event)
    document = json.loads(body)
    return Notice(kind="data", headline=document["data"]["text"], path="/connections/webhooks")


def wants(endpoint: WebhookEndpoint, event: HeardEvent) -> bool:
    """Whether an event is sent to this endpoint.

    A tool for people on call gets the events that change an alert. An endpoint whose filter names the events that open
    alerts gets the events that end them, too. Causes are sent only if the filter names their type, because each cause
    repeats breaches and risks that are sent. A chat gets what people are told by mail.
    """
    if endpoint.kind == "webhook":
        return endpoint.wants(event)
    if endpoint.kind in CHATS:
        return endpoint.wants(event) and _is_told(endpoint, event)
    if not endpoint.wants(event, opening_types(event.event_type)):
        return False
    if event.event_type == CAUSE and CAUSE not in endpoint.wanted.event_types:
        return False
    signal = signal_in(event.body)
    if signal is None or signal.not_for == endpoint.party_id:
        return False
    return signal.action != "acknowledge" or endpoint.kind == "pagerduty"


def _is_told(endpoint: WebhookEndpoint, event: HeardEvent) -> bool:
    known = event_in(event.body)
    notice = None if known is None else notice_of(known)
    return notice is not None and endpoint.party_id in parties_told(known, notice)


def lane_of(kind: str, event: HeardEvent) -> str | None:
    """Return the key of an event's lane: an endpoint gets the deliveries of a lane one after the other, in the order of
    their events. None if the order does not matter.
    """
    signal = None if kind == "webhook" else signal_in(event.body)
    return None if signal is None else signal.key


def is_repeated(kind: str, body: str) -> bool:
    """Whether a delivery is sent again and again until the alert ends: Alertmanager forgets alerts when it restarts."""
    if kind != "alertmanager":
        return False
    signal = signal_in(body)
    return signal is not None and signal.action == "trigger" and signal.name != "SlmTest"


def address_of(kind: EndpointKind, url: str) -> str:
    """Return the address to which an endpoint's requests go. Raises NotAcceptable if ``url`` is empty and the tool has
    no usual address.
    """
    if kind == "pagerduty":
        return url or PAGERDUTY_URL
    if not url:
        raise NotAcceptable("url", url, "write the address to which events are sent")
    if kind == "alertmanager" and "?" not in url and not url.endswith(ALERTS_PATH):
        return url.rstrip("/") + ALERTS_PATH
    return url


def changed_address(endpoint: WebhookEndpoint, url: str) -> str:
    """Return the address that an endpoint has after a change to ``url``.

    A chat's address is shown without its path. If ``url`` is that shown form, the address does not change.
    """
    shown = url.removesuffix(_HIDDEN)
    if endpoint.kind in CHATS and shown != url and shown.endswith("/") and endpoint.url.startswith(shown):
        return endpoint.url
    return address_of(endpoint.kind, url)


def check_secret(kind: EndpointKind, secret: str | None, *, is_new: bool) -> None:
    """Raise NotAcceptable if an endpoint of this kind may not have this secret. The error does not show the secret.

    ``is_new``: the endpoint is being made; otherwise its secret is being replaced.
    """
    shown = None if secret is None else _HIDDEN
    if kind in CHATS and not (secret is None and is_new):
        raise NotAcceptable("secret", shown, "leave it out: the address is the secret; to replace it, change the url")
    if kind == "webhook" and secret is not None:
        raise NotAcceptable("secret", shown, "leave it out: the secret of a signed webhook is made here")
    if kind == "pagerduty" and not _ROUTING_KEY.fullmatch(secret or ""):
        remedy = "write the integration key of the service in PagerDuty: 32 letters and digits"
        raise NotAcceptable("secret", shown, remedy)
    if kind == "alertmanager" and not (secret is None and is_new) and not _AUTHORIZATION.fullmatch(secret or ""):
        raise NotAcceptable("secret", shown, "write the header Authorization, such as Bearer … or Basic …")


def without_secrets(text: str, secrets: Sequence[str]) -> str:
    """Return the text of a receiver's answer without any of these secrets."""
    for secret in secrets:
        # Of a header such as ``Bearer …`` only what follows the scheme is secret.
        text = text.replace(secret.rpartition(" ")[2], _HIDDEN)
    return text
