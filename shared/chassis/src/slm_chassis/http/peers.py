"""Another service, read over its public REST API with the key of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from starlette.types import ASGIApp

_NO_HOST = "http://in-process"


class PeerAway(Exception):
    """The other service did not answer: it cannot be reached, is too slow, or failed."""


class Peer:
    """A service that this one reads from: at an address, or lent by the process that runs both."""

    def __init__(self, context: str, url: str = "", *, setting: str = "", timeout_seconds: float = 15.0) -> None:
        """``setting``: what to set where the address is missing, to be named in the error."""
        self.context = context
        self._setting = setting
        self._timeout = timeout_seconds
        self._client = None if not url else self._made(url, None)

    def lend(self, app: ASGIApp) -> None:
        """Both run in one process: requests go to the application itself, through everything that guards its door."""
        if self._client is None:
            # What goes wrong inside is an answer of 500, as it would be over the network.
            self._client = self._made(_NO_HOST, httpx.ASGITransport(app, raise_app_exceptions=False))

    async def get(self, path: str, params: Mapping[str, str], key: str) -> httpx.Response:
        """The answer, whatever its status below 500. Raises PeerAway."""
        if self._client is None:
            raise PeerAway(f"this process has no address of {self.context}-svc; set {self._setting}")
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        try:
            answer = await self._client.get(path, params=params, headers=headers)
        except httpx.HTTPError as error:
            raise PeerAway(f"{self.context}-svc cannot be reached: {type(error).__name__}") from error
        if answer.status_code >= 500:
            raise PeerAway(f"{self.context}-svc answered {answer.status_code}")
        return answer

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    def _made(self, url: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, transport=transport, timeout=self._timeout, follow_redirects=False)
