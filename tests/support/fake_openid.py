"""A made-up OpenID provider on a port of this machine, for tokens that no real provider would issue."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.processes import free_port

Claims = dict[str, Any]


def rsa_key(kid: str) -> RSAKey:
    """Return a new RSA key pair with this key id."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"}, private=True)


def unsigned(claims: Claims) -> str:
    """Return a token with ``alg: none``."""
    return f"{_part({'alg': 'none', 'kid': 'one'})}.{_part(claims)}."


def signed_with_public_key(claims: Claims, key: RSAKey) -> str:
    """Return a token with ``alg: HS256`` whose secret is the provider's public key, which everybody knows."""
    text = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{_part(claims)}"
    digest = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@dataclass
class FakeProvider:
    """An OpenID provider whose answers the test chooses. A test changes ``claims`` before a code is redeemed."""

    port: int
    key: RSAKey | ECKey = field(default_factory=lambda: rsa_key("one"))
    published: list[dict[str, Any]] = field(default_factory=list)
    """The keys that the provider publishes; if empty, its own key."""
    claims: Claims = field(default_factory=dict)
    """Claims that replace those of a valid token; a claim with the value None is left out."""
    make: Callable[[Claims], str] | None = None
    """Makes the ID token from its claims; without it the token is signed with ``key``."""
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)
    """The forms that clients sent to the token endpoint."""
    asked_for_keys: int = 0
    answers_after_seconds: float = 0.0

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def good_claims(self) -> Claims:
        """Return the claims of a valid token, changed by ``claims``."""
        now = int(time.time())
        good: Claims = {
            "iss": self.issuer, "aud": "slm", "sub": "sub-of-grace", "iat": now, "exp": now + 300, "nonce": self.nonce,
            "email": "grace@example.com", "email_verified": True, "name": "Grace",
        }  # fmt: skip
        return {name: value for name, value in {**good, **self.claims}.items() if value is not None}

    def token(self, claims: Claims | None = None, key: RSAKey | ECKey | None = None) -> str:
        """Return a token signed with ``key``, or with the provider's key."""
        key = key or self.key
        header = {"alg": "ES256" if isinstance(key, ECKey) else "RS256", "kid": str(key.kid)}
        return jwt.encode(header, claims or self.good_claims(), key, algorithms=["RS256", "ES256"])

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    async def _discovery(self, request: Request) -> Response:
        await asyncio.sleep(self.answers_after_seconds)
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        return JSONResponse({**known, **self.metadata})

    async def _jwks(self, request: Request) -> Response:
        self.asked_for_keys += 1
        return JSONResponse({"keys": self.published or [self.key.as_dict(private=False)]})

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        self.forms.append({name: str(value) for name, value in form.items()})
        claims = self.good_claims()
        token = self.make(claims) if self.make else self.token(claims)
        return JSONResponse({"id_token": token, "access_token": "opaque", "token_type": "Bearer"})

    async def _userinfo(self, request: Request) -> Response:
        return JSONResponse(self.userinfo)


@asynccontextmanager
async def faking() -> AsyncIterator[FakeProvider]:
    """Run a fake provider inside the block."""
    provider = FakeProvider(free_port())
    server = uvicorn.Server(
        uvicorn.Config(provider.app(), host="127.0.0.1", port=provider.port, log_level="error", lifespan="off")
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield provider
    finally:
        server.should_exit = True
        await serving
