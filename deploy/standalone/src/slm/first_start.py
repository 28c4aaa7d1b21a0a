"""The link by which the first person sets up an installation."""

from __future__ import annotations

import asyncio

import httpx
import structlog

from slm.installation import Installation

_PATH = "/api/v1/installation/links"
_TRIES, _PAUSE_SECONDS = 20, 0.5
_NOT_NOW = frozenset({429, 503})
_logger = structlog.get_logger(__name__)


async def set_up_link(installation: Installation) -> str | None:
    """Create a link for the set-up and return its path; None if the installation has a party already."""
    transport = httpx.ASGITransport(installation.face)
    headers = {"Authorization": f"Bearer {installation.key.value}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://installation", headers=headers) as client:
        for _ in range(_TRIES):
            response = await client.post(_PATH)
            if response.status_code not in _NOT_NOW:
                break
            # The log of keys is read to its end a moment after the start.
            await asyncio.sleep(_PAUSE_SECONDS)
    if response.status_code == 201:
        return str(response.json()["link"])
    if response.status_code != 409:
        _logger.warning("no link for the first start", status=response.status_code)
    return None
