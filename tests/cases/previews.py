"""The previews, asked in process: no server, no database, and one caller that may ask."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from functools import lru_cache
from typing import Any

import httpx
from fastapi import FastAPI

from slm_agreement.api import chain_previews
from slm_chassis.access import Principal
from slm_chassis.http.access import authenticate
from slm_chassis.http.api import bare_api
from slm_chassis.http.limits import Limits
from slm_chassis.metrics import Metrics
from slm_monitor.api.drafts import previews
from slm_report.api import credit_previews


class Refused(Exception):
    """The preview refused the question: a problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(json.dumps(problem))
        self.problem = problem


@lru_cache(maxsize=1)
def api() -> FastAPI:
    # Nobody is asked for a key here, so that all questions count as those of one address.
    app = bare_api(title="Previews", metrics=Metrics("previews"), limits=Limits(address_rate="100000/second"))
    for offered in (previews, credit_previews, chain_previews):
        app.include_router(offered.router)
    caller = Principal(
        principal_id="1",
        party_id="party",
        name="negotiator",
        roles=frozenset(),
        scopes=frozenset(),
        person_id=None,
        key_id="1",
    )
    app.dependency_overrides[authenticate] = lambda: caller
    return app


def ask(what: str, **body: Any) -> dict[str, Any]:
    """The answer of ``POST /api/v1/previews/<what>``. Raises Refused for a 4xx."""
    return asyncio.run(_ask(f"previews/{what}", json.dumps(body, default=_written)))


def ask_credit(**body: Any) -> dict[str, Any]:
    """The answer of ``POST /api/v1/credit-previews``. Raises Refused for a 4xx."""
    return asyncio.run(_ask("credit-previews", json.dumps(body, default=_written)))


def ask_chain(**body: Any) -> dict[str, Any]:
    """The answer of ``POST /api/v1/chain-previews``. Raises Refused for a 4xx."""
    return asyncio.run(_ask("chain-previews", json.dumps(body, default=_written)))


async def _ask(path: str, body: str) -> dict[str, Any]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api()), base_url="http://previews") as client:
        headers = {"Content-Type": "application/json"}
        answer = await client.post(f"/api/v1/{path}", content=body, headers=headers)
    if answer.status_code >= 500:
        raise AssertionError(answer.text)
    document: dict[str, Any] = answer.json()
    if answer.status_code >= 400:
        raise Refused(document)
    return document


def _written(value: object) -> str | float:
    return float(value) if isinstance(value, Decimal) else str(value)
