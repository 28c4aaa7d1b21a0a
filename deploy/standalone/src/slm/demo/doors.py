"""A client of an installation. Either it has one address, or every replica of every service has its own."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import httpx

from slm.face import PREFIX, resource_of

_PAUSE_SECONDS = 0.2
_TIMEOUT = httpx.Timeout(30.0)


class NotReady(Exception):
    """A service did not become ready in time; the text says which one and why."""


class ResourceTransport(httpx.AsyncBaseTransport):
    """A transport that works like a gateway: it sends each request to the service that owns the requested resource. If
    the service has several replicas, they get requests in turn.
    """

    def __init__(self, owners: Mapping[str, Iterator[httpx.URL]]) -> None:
        self._owners = owners
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        resource = resource_of(request.url.path)
        if resource not in self._owners:
            raise httpx.UnsupportedProtocol(f"no service serves {request.url.path}", request=request)
        replica = next(self._owners[resource])
        request.url = request.url.copy_with(scheme=replica.scheme, host=replica.host, port=replica.port)
        request.headers["Host"] = replica.netloc.decode()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True)
class InstallationClient:
    """A client of an installation, and the addresses at which a person's browser finds the resources."""

    client: httpx.AsyncClient
    face: str | None
    """The address of an installation with one address; None if each service has its own."""
    addresses: Mapping[str, str]
    """Resource → address of the service that owns it."""


async def connect_to_one_address(url: str, patience: float) -> InstallationClient:
    """Wait until an installation with one address is ready and return its client. Raises NotReady after ``patience``
    seconds.
    """
    await _until_ready(url, patience)
    addresses = dict.fromkeys(await _resources(url), url)
    return InstallationClient(httpx.AsyncClient(base_url=url, timeout=_TIMEOUT), url, addresses)


async def connect_to_each_service(services: Sequence[Sequence[str]], patience: float) -> InstallationClient:
    """Wait until separate services are ready and return a client of all. ``services``: the replica URLs of each
    service.

    ``patience``: seconds to wait for each replica. Raises NotReady.
    """
    addresses: dict[str, str] = {}
    turns: dict[str, Iterator[httpx.URL]] = {}
    for replicas in services:
        for url in replicas:
            await _until_ready(url, patience)
        resources = await _resources(replicas[0])
        addresses |= dict.fromkeys(resources, replicas[0])
        turns |= dict.fromkeys(resources, itertools.cycle([httpx.URL(url) for url in replicas]))
    client = httpx.AsyncClient(base_url="http://installation", transport=ResourceTransport(turns), timeout=_TIMEOUT)
    return InstallationClient(client, None, addresses)


async def _resources(url: str) -> set[str]:
    async with httpx.AsyncClient(base_url=url, timeout=_TIMEOUT) as client:
        paths = (await client.get("/openapi.json")).raise_for_status().json()["paths"]
    return {resource_of(path) for path in paths if path.startswith(PREFIX)}


async def _until_ready(url: str, patience: float) -> None:
    give_up_at = time.monotonic() + patience
    async with httpx.AsyncClient(base_url=url, timeout=_TIMEOUT) as client:
        while True:
            try:
                answer = await client.get("/readyz")
                if answer.status_code == 200:
                    return
                reason = answer.text
            except httpx.TransportError as trouble:
                reason = f"{type(trouble).__name__} {trouble}"
            if time.monotonic() > give_up_at:
                raise NotReady(f"{url} is not ready: {reason}")
            await asyncio.sleep(_PAUSE_SECONDS)
