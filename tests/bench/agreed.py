"""Agreements of a benchmark: two parties, registered indicators, targets upon them, signed through the public API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_events.instants import to_text

TARGETS_EACH = 100
"""Number of targets of one agreement."""


class Reached(Protocol):
    """An installation under load."""

    client: httpx.AsyncClient


def month_start(now: int) -> int:
    """The first instant of the calendar month (UTC) of an instant, microseconds."""
    first = datetime.fromtimestamp(now / 1_000_000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(first.timestamp()) * 1_000_000


async def register(system: Reached, cast: Cast, keys: Sequence[str], kind: str, **more: Any) -> None:
    """Register indicators of the provider."""
    for key in keys:
        await negotiation.post(
            system.client, cast.integrator_key, "/api/v1/indicators", {"key": key, "kind": kind, **more}
        )


async def agree(system: Reached, cast: Cast, name: str, effective_at: int, targets: Sequence[dict[str, Any]]) -> None:
    """Negotiate and sign agreements of a hundred targets each; returns when monitor-svc knows all of them."""
    await negotiation.record_requirement(system.client, cast)
    for number in range(0, len(targets), TARGETS_EACH):
        document = {
            "title": f"{name} {number}",
            "timezone": "UTC",
            "term": {"effective_at": to_text(effective_at), "expires_at": None, "notice": "P90D"},
            "requirements": ["checkout-always"],
            "clauses": {
                "service_description": "What is measured here.",
                "availability": "As its targets say.",
                "continuity": "None.",
            },
            "targets": list(targets[number : number + TARGETS_EACH]),
        }
        await _signed(system, cast, f"{name}-{number}", document)


async def agree_on_values(system: Reached, cast: Cast, name: str, effective_at: int, keys: Sequence[str]) -> None:
    """Register indicators of milliseconds, and promise of each of them a share over the month and over an hour."""
    await register(system, cast, keys, "value", unit="ms")
    await agree(system, cast, name, effective_at, of_values(keys))


async def _signed(system: Reached, cast: Cast, key: str, document: dict[str, Any]) -> None:
    client = system.client
    proposed = await negotiation.propose_draft(
        client, cast, await negotiation.draft_agreement(client, cast, document, key)
    )
    charges = {"text": "A fixed price a month.", "amount": "4200.00", "currency": "EUR"}
    answer = {**proposed["document"], "clauses": {**proposed["document"]["clauses"], "charges": charges}}
    countered = await negotiation.make_counter_proposal(client, cast, proposed, answer)
    signed = await negotiation.sign_for_both_parties(
        client, cast, await negotiation.accept_counter_proposal(client, cast, countered)
    )
    await _known(system, cast, signed["agreement_id"], len(document["targets"]))


async def _known(system: Reached, cast: Cast, agreement_id: str, count: int) -> None:
    async with asyncio.timeout(120):
        while True:
            path = f"/api/v1/targets?agreement_id={agreement_id}&limit={count}"
            page = await negotiation.get(system.client, cast.viewer_key, path)
            if len(page["items"]) == count:
                return
            await asyncio.sleep(0.1)


def share(key: str, indicator: str, window: dict[str, str], **more: Any) -> dict[str, Any]:
    """A target: at least 99 % of the values are at most 300 ms."""
    return {
        "key": key,
        "title": key,
        "indicator": {"key": indicator, "unit": "ms"},
        "aggregation": {"share_at_most": "300"},
        "objective": {"at_least": "99", "unit": "percent"},
        "window": window,
        **more,
    }


def in_month(indicator: str) -> dict[str, Any]:
    """Over the calendar month, with the default burn rate pairs."""
    return share(f"{indicator}-month", indicator, {"calendar": "month"}, warn_at={"burn_rate": "default"})


def in_hour(indicator: str) -> dict[str, Any]:
    """Over a rolling hour, with a burn rate pair of its own."""
    pairs = [{"long": "PT10M", "short": "PT1M", "factor": "3"}]
    return share(f"{indicator}-hour", indicator, {"rolling": "PT1H"}, warn_at={"burn_rate": pairs})


def of_values(keys: Sequence[str]) -> list[dict[str, Any]]:
    """Targets of both kinds for each indicator."""
    return [build(key) for key in keys for build in (in_month, in_hour)]
