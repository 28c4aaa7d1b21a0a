"""Whether a call comes from its tool: signatures of the body, tokens and passwords, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from typing import Any

from slm_monitor.domain.hooks.hooks import SIGNED, HookAuthentication

_DIGESTS: dict[str, Callable[..., Any]] = {"hmac-sha256": hashlib.sha256, "hmac-sha1": hashlib.sha1}
_PREFIXES = {"hmac-sha256": ("sha256", "v1"), "hmac-sha1": ("sha1",)}
"""What may stand before the signature in its header: ``sha256=…`` of Jira and GitHub, ``v1=…`` of PagerDuty."""
_MOST_SIGNATURES = 10
_HEX = re.compile(r"[0-9A-Fa-f]{40,64}")


def is_from_tool(authentication: HookAuthentication, secrets: Iterable[str], header: str | None, body: bytes) -> bool:
    """Whether a call proves that its sender knows one of the secrets.

    ``header``: the value of the header that ``authentication`` names; for ``query``, the value of the parameter in the
    address. ``body``: the bytes as received.
    """
    if not header:
        return False
    if authentication.kind in SIGNED:
        return any(_has_signature(authentication.kind, each, header, body) for each in secrets)
    return any(_has_credentials(authentication, each, header) for each in secrets)


def stored_secret(authentication: HookAuthentication, secret: str) -> str:
    """Return the text that is stored for a secret.

    A key that signs bodies is stored as it is, because signatures are computed with it. For a token or a password only
    the hash is stored.
    """
    return secret if authentication.kind in SIGNED else hashlib.sha256(secret.encode()).hexdigest()


def proof_of(authentication: HookAuthentication, secret: str, body: bytes) -> str:
    """Return the proof of a secret for a call that monitor-svc makes itself, in place of the tool.

    The proof is the value of the header or, for ``query``, of the parameter in the address.
    """
    if authentication.kind in SIGNED:
        signature = hmac.new(secret.encode(), body, _DIGESTS[authentication.kind]).hexdigest()
        return f"{_PREFIXES[authentication.kind][0]}={signature}"
    if authentication.kind == "basic":
        return "Basic " + base64.b64encode(f"{authentication.user}:{secret}".encode()).decode()
    is_bearer = authentication.kind == "bearer" and authentication.header.lower() == "authorization"
    return f"Bearer {secret}" if is_bearer else secret


def _has_signature(kind: str, secret: str, header: str, body: bytes) -> bool:
    wanted = hmac.new(secret.encode(), body, _DIGESTS[kind]).hexdigest()
    found = False
    # All are compared, so that the time says nothing about which one was wrong.
    for part in header.split(",")[:_MOST_SIGNATURES]:
        prefix, _, signature = part.strip().rpartition("=")
        if prefix.lower() in ("", *_PREFIXES[kind]) and _HEX.fullmatch(signature):
            found |= hmac.compare_digest(wanted, signature.lower())
    return found


def _has_credentials(authentication: HookAuthentication, stored: str, header: str) -> bool:
    if authentication.kind == "basic":
        scheme, _, encoded = header.partition(" ")
        try:
            user, _, sent = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return False
        if scheme.lower() != "basic":
            return False
        is_user = hmac.compare_digest(user.encode(), authentication.user.encode())
        return _is_stored(sent, stored) and is_user
    if authentication.kind == "query":
        return _is_stored(header, stored)
    scheme, _, token = header.partition(" ")
    return _is_stored(token.strip() if scheme.lower() == "bearer" else header.strip(), stored)


def _is_stored(sent: str, stored: str) -> bool:
    return hmac.compare_digest(hashlib.sha256(sent.encode("utf-8", "surrogatepass")).hexdigest(), stored)
