"""Validation of the tokens of an OpenID provider: signature, issuer, audience, times and nonce.

``UntrustedToken`` is raised if a token is not valid; its message says why, for the log and not for the caller.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from slm_events.instants import UtcMicroseconds

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a private key of the provider. ``none`` and HS* would let everybody who knows a public key make
tokens.
"""
LEEWAY = 30_000_000
"""Microseconds by which the clocks of provider and installation may differ."""
_LONGEST = 32 << 10
_SECOND = 1_000_000
_KEYS: Mapping[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}


class UntrustedToken(Exception):
    """A token or an answer of the provider cannot be trusted."""


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """The header of a signed token, before the signature was checked."""

    algorithm: str
    key_id: str | None


@dataclass(frozen=True, slots=True)
class TokenExpectation:
    """What a token is checked against: the expected issuer and audience, and the present instant."""

    issuer: str
    audience: str
    now: UtcMicroseconds
    """The present instant, microseconds UTC."""


def token_header(token: str) -> TokenHeader:
    """Return algorithm and key id from a token's header; raises UntrustedToken if no key could make the token valid."""
    if len(token) > _LONGEST:
        raise UntrustedToken(f"the token is longer than {_LONGEST} characters")
    parts = token.split(".")
    if len(parts) != 3:
        raise UntrustedToken("it is not a signed token of three parts")
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise UntrustedToken("the header of the token cannot be read") from error
    if not isinstance(header, dict):
        raise UntrustedToken("the header of the token cannot be read")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise UntrustedToken(f"the algorithm {algorithm!r} is not allowed")
    if key_id is not None and not isinstance(key_id, str):
        raise UntrustedToken("the key id of the token is no text")
    return TokenHeader(algorithm, key_id)


def find_key(header: TokenHeader, keys: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the provider's key that fits a token's header; None if no key fits, or more than one."""
    usable = [
        key
        for key in keys
        if key.get("kty") in _KEYS
        and key.get("use", "sig") == "sig"
        and key.get("alg", header.algorithm) == header.algorithm
        and header.key_id in (None, key.get("kid"))
    ]
    return usable[0] if len(usable) == 1 else None


def checked_claims(token: str, key: Mapping[str, Any], expected: TokenExpectation) -> dict[str, Any]:
    """Return the claims of a token after checking its signature, issuer, audience and times.

    Raises UntrustedToken.
    """
    algorithm = token_header(token).algorithm
    try:
        public = _KEYS[key["kty"]].import_key(dict(key))
        claims = jwt.decode(token, public, algorithms=[algorithm]).claims
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UntrustedToken(f"the signature is not valid: {error!r}") from error
    _check_issuer(claims, expected)
    _check_times(claims, expected.now)
    return claims


def check_id_token(claims: Mapping[str, Any], client_id: str, nonce: str) -> None:
    """Check the claims that only an ID token has: the client that asked for the token, and the nonce of the log-in.

    Raises UntrustedToken.
    """
    audiences, azp = claims["aud"], claims.get("azp")
    if isinstance(audiences, list) and len(audiences) > 1 and azp is None:
        raise UntrustedToken("it is for several audiences and does not say which one asked for it (azp)")
    if azp is not None and azp != client_id:
        raise UntrustedToken(f"another client asked for it (azp is {azp!r})")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise UntrustedToken("the nonce is not that of this log-in")


def _check_issuer(claims: Mapping[str, Any], expected: TokenExpectation) -> None:
    if claims.get("iss") != expected.issuer:
        raise UntrustedToken(f"the issuer is {claims.get('iss')!r}")
    audiences = claims.get("aud")
    if expected.audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise UntrustedToken(f"it is for {audiences!r}")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise UntrustedToken("it has no subject of at most 255 characters")


def _check_times(claims: Mapping[str, Any], now: UtcMicroseconds) -> None:
    expires_at, issued_at = _instant(claims, "exp"), _instant(claims, "iat")
    if expires_at is None or issued_at is None:
        raise UntrustedToken("exp or iat is missing")
    if now >= expires_at + LEEWAY:
        raise UntrustedToken("it has expired")
    if issued_at > now + LEEWAY:
        raise UntrustedToken("it was issued in the future")
    if (not_before := _instant(claims, "nbf")) is not None and not_before > now + LEEWAY:
        raise UntrustedToken("it is not valid yet")


def _instant(claims: Mapping[str, Any], name: str) -> UtcMicroseconds | None:
    seconds = claims.get(name)
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1 << 40:
        raise UntrustedToken(f"{name} is not an instant")
    return int(seconds * _SECOND)
