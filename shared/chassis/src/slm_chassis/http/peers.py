"""Requests to another service's public REST API, with the caller's own key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx
from starlette.types import ASGIApp

_NO_HOST = "http://in-process"


class PeerUnavailable(Exception):
    """The other service did not answer: it cannot be reached, is too slow, or failed."""


class Peer:
    """A client of another service, which runs at a URL or within the same process."""

    def __init__(self, context: str, url: str = "", *, setting: str = "", timeout_seconds: float = 15.0) -> None:
        """``setting`` is the name of the setting for the URL; an error about a missing URL names it."""
        self.context = context
        self._setting = setting
        self._timeout = timeout_seconds
        self._client = None if not url else self._made(url, None)

    def lend(self, app: ASGIApp) -> None:
        """Send all requests from now on to ``app``, the other service's ASGI application in this process.

        Does nothing if a URL is set. The requests pass through the same checks of keys and limits as requests over the
        network.
        """
        if self._client is None:
            # An exception in the application must become a 500, as it would over the network.
            self._client = self._made(_NO_HOST, httpx.ASGITransport(app, raise_app_exceptions=False))

    async def get(self, path: str, params: Mapping[str, str | Sequence[str]], key: str) -> httpx.Response:
        """Send a GET request with the caller's key and return the answer if its status is below 500; raises
        PeerUnavailable.
        """
        return await self._send("GET", path, params, key)

    async def post(self, path: str, key: str) -> httpx.Response:
        """Send a POST request without a body and return the answer if its status is below 500; raises
        PeerUnavailable.
        """
        return await self._send("POST", path, {}, key)

    async def _send(
        self, method: str, path: str, params: Mapping[str, str | Sequence[str]], key: str
    ) -> httpx.Response:
        if self._client is None:
            raise PeerUnavailable(f"this process has no address of {self.context}-svc; set {self._setting}")
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        try:
            answer = await self._client.request(method, path, params=params, headers=headers)
        except httpx.HTTPError as error:
            raise PeerUnavailable(f"{self.context}-svc cannot be reached: {type(error).__name__}") from error
        if answer.status_code >= 500:
            raise PeerUnavailable(f"{self.context}-svc answered {answer.status_code}")
        return answer

    async def close(self) -> None:
        """Close the connections to the other service."""
        if self._client is not None:
            await self._client.aclose()

    def _made(self, url: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, transport=transport, timeout=self._timeout, follow_redirects=False)
