"""Access tokens of an OpenID provider used as API keys: to whom they belong, and until when they are valid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import structlog

from slm_chassis.clock import Clock
from slm_chassis.openid import tokens
from slm_chassis.openid.provider import OpenIdProvider, ProviderUnavailable
from slm_chassis.openid.settings import OpenIdSettings
from slm_chassis.openid.tokens import TokenExpectation, UntrustedToken
from slm_events.instants import UtcMicroseconds

_logger = structlog.get_logger(__name__)
_MARK = "\0openid\0"
"""The beginning of the text that is hashed for a subject. No header can contain a NUL, so no API key has such a hash.
"""


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The subject of a valid token: the hash of issuer and subject, and when the token expires (microseconds UTC)."""

    sha256: str
    expires_at: UtcMicroseconds


class ProviderKeysUnavailable(Exception):
    """The provider's keys cannot be read, so it is unknown whether a token is valid."""


def subject_hash(issuer: str, subject: str) -> str:
    """Return the SHA-256 by which every service identifies a subject of an OpenID provider."""
    return hashlib.sha256(f"{_MARK}{issuer}\0{subject}".encode()).hexdigest()


def looks_like_token(key: str) -> bool:
    """Whether a key is written like a signed token: three parts, of which the first is JSON."""
    return key.startswith("eyJ") and key.count(".") == 2


class AccessTokenChecker:
    """Checks access tokens of one provider for one audience. The provider's keys are remembered for five minutes."""

    def __init__(self, provider: OpenIdProvider, audience: str, clock: Clock) -> None:
        self._provider = provider
        self._audience = audience
        self._clock = clock

    async def holder_of(self, token: str) -> TokenHolder | None:
        """Return the subject of an access token; None if the token is not valid here.

        Raises ProviderKeysUnavailable.
        """
        try:
            key = await self._provider.key_of(token)
            expected = TokenExpectation(self._provider.issuer, self._audience, self._clock.now())
            claims = tokens.checked_claims(token, key, expected)
        except UntrustedToken as wrong:
            _logger.info("access token refused", reason=str(wrong))
            return None
        except ProviderUnavailable as away:
            raise ProviderKeysUnavailable(f"the keys of the OpenID provider cannot be read: {away}") from away
        return TokenHolder(subject_hash(claims["iss"], claims["sub"]), int(claims["exp"] * 1_000_000))


def access_token_checker(settings: OpenIdSettings, clock: Clock) -> AccessTokenChecker | None:
    """Return the checker of access tokens that the settings describe; None if the API accepts no access tokens."""
    if not settings.oidc_audience:
        return None
    return AccessTokenChecker(
        OpenIdProvider(settings.oidc_issuer, settings.oidc_seconds), settings.oidc_audience, clock
    )
