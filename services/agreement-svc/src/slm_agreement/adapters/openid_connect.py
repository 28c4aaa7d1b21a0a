"""A client of the OpenID provider in the settings: authorization code with PKCE, and identities proven by tokens."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import structlog

from slm_agreement.application.identity_provider import LogInSecrets, ProviderReply
from slm_agreement.domain.errors import IdentityNotProven, ProviderAway
from slm_agreement.domain.people.openid import ClaimRule, ProvenIdentity
from slm_chassis.openid import tokens
from slm_chassis.openid.provider import OpenIdProvider, ProviderMetadata, ProviderUnavailable
from slm_chassis.openid.settings import OpenIdSettings
from slm_chassis.openid.tokens import TokenExpectation, UntrustedToken

CALLBACK = "/openid/callback"
"""Path of the console's page to which the provider sends people back."""
_LONGEST_NAME, _LONGEST_ADDRESS = 200, 320
_TRUE = (True, 1, "true", "1")
"""Values of the claim by which a provider says that a mail address is verified."""
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenIdClient:
    """The registration of this installation at the provider, and the names of the claims that are read."""

    client_id: str
    secret: str | None
    redirect_uri: str
    scopes: str
    email_claim: str
    email_verified_claim: str


class OpenIdConnect:
    """An IdentityProvider that identifies people by ID tokens."""

    def __init__(self, settings: OpenIdSettings, console_url: str, provider: OpenIdProvider | None = None) -> None:
        self.name = settings.oidc_name
        self.rules = tuple(ClaimRule(each.claim, each.value, each.party, each.roles) for each in settings.oidc_roles)
        self.only_party = settings.oidc_party
        self._seconds = settings.oidc_seconds
        self._provider = provider or OpenIdProvider(settings.oidc_issuer, settings.oidc_seconds)
        secret = settings.oidc_client_secret
        self._client = OpenIdClient(
            settings.oidc_client_id,
            None if secret is None else secret.get_secret_value(),
            console_url.rstrip("/") + CALLBACK,
            settings.oidc_scopes,
            settings.oidc_email_claim,
            settings.oidc_email_verified_claim,
        )

    async def address_for(self, secrets: LogInSecrets) -> str:
        """Return the provider's web address at which a log-in begins; raises ProviderAway."""
        try:
            # Fresh, so that nobody is sent to a provider that is away.
            metadata = await self._provider.metadata(fresh=True)
        except ProviderUnavailable as away:
            raise _away(away) from away
        challenge = base64.urlsafe_b64encode(sha256(secrets.verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": self._client.scopes,
            "state": secrets.state,
            "nonce": secrets.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(parameters)}"

    async def identify(self, reply: ProviderReply, secrets: LogInSecrets, now: int) -> ProvenIdentity:
        """Exchange the reply's code for tokens and return whom they identify; raises ProviderAway and
        IdentityNotProven.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._identify(reply, secrets, now)
        except (ProviderUnavailable, TimeoutError) as away:
            raise _away(away) from away
        except UntrustedToken as wrong:
            _logger.warning("openid log-in refused", issuer=self._provider.issuer, reason=str(wrong))
            raise IdentityNotProven(
                "What the provider sent does not prove who you are. Begin another log-in."
            ) from wrong

    async def _identify(self, reply: ProviderReply, secrets: LogInSecrets, now: int) -> ProvenIdentity:
        provider, client_id = self._provider, self._client.client_id
        metadata = await provider.metadata()
        # RFC 9207: without this check another provider's answer could be taken for this one's.
        if reply.issuer not in (provider.issuer, None) or (reply.issuer is None and metadata.sends_issuer):
            raise UntrustedToken(f"the answer is from the issuer {reply.issuer!r}")
        answer = await self._redeem(metadata, reply.code, secrets.verifier)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise UntrustedToken("the answer to the code has no ID token")
        key = await provider.key_of(token, fresh=True)
        claims = tokens.checked_claims(token, key, TokenExpectation(provider.issuer, client_id, now))
        tokens.check_id_token(claims, client_id, secrets.nonce)
        return self._identity(await self._completed(metadata, claims, answer.get("access_token")))

    async def _redeem(self, metadata: ProviderMetadata, code: str, verifier: str) -> dict[str, Any]:
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json"}
        if client.secret is not None and metadata.takes_basic:
            pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client.client_id, **({"client_secret": client.secret} if client.secret else {})}
        status, answer = await self._provider.send("POST", metadata.token_endpoint, data=form, headers=headers)
        if status == 200:
            return answer
        error = str(answer.get("error"))[:100]
        if error == "invalid_grant":
            raise UntrustedToken("the provider does not take the code: it is wrong, was used, or has expired")
        raise ProviderUnavailable(f"it refuses this installation's request for tokens: {status} {error}")

    async def _completed(self, metadata: ProviderMetadata, claims: dict[str, Any], access_token: Any) -> dict[str, Any]:
        """Return the ID token's claims. If a needed claim is missing, add the claims of the userinfo endpoint."""
        wanted = {self._client.email_claim, *(rule.claim.split(".", 1)[0] for rule in self.rules)}
        if wanted <= claims.keys() or metadata.userinfo_endpoint is None or not isinstance(access_token, str):
            return claims
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        more = await self._provider.get(metadata.userinfo_endpoint, headers)
        if more.get("sub") != claims["sub"]:
            raise UntrustedToken("the userinfo endpoint speaks of another subject")
        return {**more, **claims}

    def _identity(self, claims: Mapping[str, Any]) -> ProvenIdentity:
        email, verified = claims.get(self._client.email_claim), claims.get(self._client.email_verified_claim)
        is_usable = isinstance(email, str) and "@" in email and len(email) <= _LONGEST_ADDRESS and email.isprintable()
        proven = str(email).strip() if is_usable and verified in _TRUE else None
        name = claims.get("name")
        shown = name.strip() if isinstance(name, str) and name.isprintable() else ""
        return ProvenIdentity(
            self._provider.issuer, claims["sub"], (shown or proven or "Somebody")[:_LONGEST_NAME], proven, claims
        )


def _away(cause: BaseException) -> ProviderAway:
    _logger.warning("openid provider unavailable", reason=str(cause) or "it does not answer in time")
    return ProviderAway("The OpenID provider does not answer as it should. Try again later, or log in with a password.")
