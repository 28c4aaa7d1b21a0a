"""Endpoints and deliveries as JSON.

The database has the times of attempts in real time. The JSON has them in the time of the installation, which may run
faster, as in a demonstration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from slm_chassis.access import Principal
from slm_chassis.clock import Clock
from slm_events.instants import UtcMicroseconds, to_text
from slm_notification.api.dependencies import EDITORS
from slm_notification.domain.endpoints import CHATS, WebhookEndpoint


def endpoint_json(endpoint: WebhookEndpoint, caller: Principal) -> dict[str, Any]:
    """Return an endpoint as JSON. Only callers who may change endpoints get the whole URL; for a chat, nobody gets
    it.
    """
    sees_all = caller.has_role(*EDITORS)
    wanted = endpoint.wanted
    return {
        "endpoint_id": endpoint.endpoint_id,
        "party_id": endpoint.party_id,
        "kind": endpoint.kind,
        "title": endpoint.title,
        "url": endpoint.url if sees_all and endpoint.kind not in CHATS else url_without_secrets(endpoint.url),
        "event_types": list(wanted.event_types),
        "agreement_ids": list(wanted.agreement_ids),
        "service_ids": list(wanted.service_ids),
        "other_party_ids": list(wanted.other_party_ids),
        "state": endpoint.state,
        "state_reason": endpoint.state_reason,
        "state_at": to_text(endpoint.state_at),
        "created_at": to_text(endpoint.created_at),
        "created_by_principal_id": endpoint.created_by_principal_id,
    }


def delivery_json(row: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Return the row of a delivery as JSON."""
    names = ("delivery_id", "endpoint_id", "event_id", "event_type", "agreement_id", "state", "attempts")
    return {
        **{name: row[name] for name in names},
        "created_at": to_text(row["created_at"]),
        "last_attempt_at": instant_of_real(row["last_attempt_at"], clock),
        "next_attempt_at": instant_of_real(row["due_at"], clock) if row["state"] == "waiting" else None,
        "delivered_at": instant_of_real(row["delivered_at"], clock),
        **{name: row[name] for name in ("status", "problem", "excerpt")},
    }


def instant_of_real(real: UtcMicroseconds | None, clock: Clock) -> str | None:
    """Return an instant of real time as text of installation time; None for None."""
    return None if real is None else to_text(clock.of_real(real))


def url_without_secrets(url: str) -> str:
    """Return a URL without its path and query, which are a secret in the addresses of many chat tools."""
    parts = urlsplit(url)
    is_bare = parts.path in ("", "/") and not parts.query
    return f"{parts.scheme}://{parts.netloc}{parts.path if is_bare else '/…'}"
