"""Signatures of webhooks by the specification Standard Webhooks, version 1: HMAC-SHA256 with a shared secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from slm_events.instants import UtcMicroseconds

PREFIX = "whsec_"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """A secret with which deliveries to an endpoint are signed. Its times are real time.

    The text is not part of ``repr``, so that it gets into no log.
    """

    secret_id: str
    endpoint_id: str
    text: str = field(repr=False)
    made_at: UtcMicroseconds
    ends_at: UtcMicroseconds | None
    """The instant from which the secret is not used any more; None: until it is replaced."""


def secret_text(random: bytes) -> str:
    """Return random bytes in the form in which receivers take a secret: ``whsec_`` and base64."""
    return PREFIX + base64.b64encode(random).decode()


def signature_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that identify and sign a body. ``timestamp``: when it is sent, in seconds since 1970.

    There is one signature for each secret, and a receiver accepts any of them.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(each, signed) for each in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
