"""An OpenID provider over HTTP: its metadata, its keys, and requests to its endpoints.

``ProviderUnavailable`` is raised if the provider does not answer in time, or its answer breaks the rules of OpenID
Connect.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from slm_chassis.openid.settings import is_safe_url
from slm_chassis.openid.tokens import UntrustedToken, find_key, token_header

METADATA_SECONDS, KEYS_SECONDS = 3_600.0, 300.0
"""How long metadata and keys are used before the provider is asked for them again."""
PAUSE_SECONDS = 0.2
"""The least time between two requests for the keys, however many tokens name an unknown key."""
_LARGEST = 1 << 20


class ProviderUnavailable(Exception):
    """The provider does not answer, or its answer breaks the rules of OpenID Connect; the message gives the details."""


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The part of an OpenID provider's metadata that the product uses."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    sends_issuer: bool
    """Whether answers to a log-in name the issuer (RFC 9207)."""
    takes_basic: bool
    """Whether the client's secret may be sent in a header."""


class OpenIdProvider:
    """A client of the OpenID provider with this issuer. It caches the provider's metadata and keys."""

    def __init__(self, issuer: str, seconds: float) -> None:
        self.issuer = issuer
        self._seconds = seconds
        self._metadata: ProviderMetadata | None = None
        self._metadata_at = 0.0
        self._keys: list[Mapping[str, Any]] = []
        self._keys_at: float | None = None
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = -PAUSE_SECONDS

    async def metadata(self, *, fresh: bool = False) -> ProviderMetadata:
        """Return the provider's metadata. With ``fresh`` it is fetched again, which shows that the provider answers
        now.

        Raises ProviderUnavailable.
        """
        if self._metadata is None or fresh or time.monotonic() - self._metadata_at > METADATA_SECONDS:
            found = await self.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            self._metadata, self._metadata_at = _read_metadata(found, self.issuer), time.monotonic()
        return self._metadata

    async def key_of(self, token: str, *, fresh: bool = False) -> Mapping[str, Any]:
        """Return the provider's public key by which a token must be checked.

        Providers withdraw keys, so stored keys are used for at most ``KEYS_SECONDS``. Providers also add keys, so the
        keys are fetched earlier if no stored key fits the token. With ``fresh`` the keys are always fetched. Raises
        UntrustedToken and ProviderUnavailable.
        """
        header = token_header(token)
        key = None if fresh or self._are_old() else find_key(header, self._keys)
        if key is None:
            await self._ask_for_keys()
            key = find_key(header, self._keys)
        if key is None:
            raise UntrustedToken(f"the provider has no key {header.key_id!r} for {header.algorithm}")
        return key

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object at an address; raises ProviderUnavailable."""
        status, found = await self.send("GET", url, headers=dict(headers or {}))
        if status != 200:
            raise ProviderUnavailable(f"{url} answers {status}")
        return found

    async def send(self, method: str, url: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """Send a request and return status and JSON object; redirects are not followed. Raises ProviderUnavailable."""
        try:
            async with (
                asyncio.timeout(self._seconds),
                httpx.AsyncClient(timeout=self._seconds, follow_redirects=False) as client,
                client.stream(method, url, **more) as answer,
            ):
                body = await _bounded(answer)
            found = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise ProviderUnavailable(f"{url} does not answer: {error!r}") from error
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable(f"{url} does not answer with JSON ({answer.status_code})") from error
        if not isinstance(found, dict):
            raise ProviderUnavailable(f"{url} does not answer with a JSON object")
        return answer.status_code, found

    def _are_old(self) -> bool:
        return self._keys_at is None or time.monotonic() - self._keys_at > KEYS_SECONDS

    async def _ask_for_keys(self) -> None:
        """Fetch the keys with one request for all tokens that wait, so that made-up key ids cannot overload the
        provider.
        """
        if self._asking is None:
            self._asking = asyncio.create_task(self._fetch_paced(), name="openid-keys")
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._asking)

    async def _fetch_paced(self) -> None:
        try:
            await asyncio.sleep(max(0.0, self._asked_at + PAUSE_SECONDS - time.monotonic()))
        finally:
            # Who comes from here on needs later keys than this request will see.
            self._asked_at, self._asking = time.monotonic(), None
        found = (await self.get((await self.metadata()).jwks_uri)).get("keys")
        if not isinstance(found, list):
            raise ProviderUnavailable("its list of keys cannot be read")
        self._keys, self._keys_at = [key for key in found if isinstance(key, dict)], time.monotonic()


async def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _LARGEST:
            raise ValueError("the answer is too large")
    return bytes(body)


def _read_metadata(found: Mapping[str, Any], issuer: str) -> ProviderMetadata:
    if found.get("issuer") != issuer:
        raise ProviderUnavailable(f"its metadata names another issuer: {found.get('issuer')!r}")
    userinfo = found.get("userinfo_endpoint")
    methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return ProviderMetadata(
        _endpoint(found, "authorization_endpoint"),
        _endpoint(found, "token_endpoint"),
        _endpoint(found, "jwks_uri"),
        _endpoint(found, "userinfo_endpoint") if userinfo is not None else None,
        found.get("authorization_response_iss_parameter_supported") is True,
        "client_secret_basic" in methods,
    )


def _endpoint(found: Mapping[str, Any], name: str) -> str:
    url = found.get(name)
    if not isinstance(url, str) or not is_safe_url(url.partition("?")[0]):
        raise ProviderUnavailable(f"its metadata has no usable {name}")
    return url
