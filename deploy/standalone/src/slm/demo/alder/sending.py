"""Sending of the history through the public API, as an import, so that the result of each past window is published
once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from slm.demo.alder.enrolment import Participants
from slm.demo.alder.script import targets, tickets
from slm.demo.alder.script.facts import HistoryFacts
from slm.demo.negotiation import ApiProblem

_BATCH = 500
_PAUSE_SECONDS = 0.5

ProgressCallback = Callable[[int, int], None]
"""A callback that gets the number of facts sent so far and the number of all facts."""


async def open_history_import(enrolled: Participants) -> str:
    """Open an import for the history and return its path below ``/api/v1/``.

    Until the import ends, the past is not evaluated, even for agreements that are signed after this call.
    """
    wanted = {"indicators": [each["key"] for each in targets.INDICATORS], "sources": [tickets.SOURCE]}
    opened = await enrolled.post(enrolled.systems_key, "imports", {**wanted, "key": "twelve-months"})
    path = f"imports/{opened['import_id']}"
    await _until(enrolled, path, lambda seen: seen["state"] != "opening")
    return path


async def send_history(enrolled: Participants, path: str, facts: HistoryFacts, tell: ProgressCallback) -> None:
    """Send all facts, complete their import and wait until all of them are evaluated. Raises ApiProblem.

    ``path`` is the import's path below ``/api/v1/``; ``tell`` is called after each batch.
    """
    sent = 0
    for door, batch in _batches(facts):
        await send_items(enrolled, door, batch)
        sent += len(batch)
        tell(sent, facts.count)
    await enrolled.post(enrolled.systems_key, f"{path}/complete", {})
    await _until(enrolled, path, lambda seen: seen["judged_at"] is not None)


async def _until(enrolled: Participants, path: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    while not holds(await enrolled.get(enrolled.systems_key, path)):  # noqa: ASYNC110
        await asyncio.sleep(_PAUSE_SECONDS)


async def send_items(enrolled: Participants, door: str, items: list[dict[str, Any]]) -> None:
    """Post items to the intake's route ``door`` until it accepts them. Raises ApiProblem if an item is refused.

    Each item has an identity, so sending it again changes nothing.
    """
    while items:
        try:
            answer = await enrolled.post(enrolled.systems_key, door, items)
        except httpx.TransportError:
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        if answer["items"]:
            raise ApiProblem(f"{door}: {answer['items'][0]}")
        return


def _batches(facts: HistoryFacts) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    for door, items in (("measurements", facts.measurements), ("ticket-events", facts.ticket_events)):
        for start in range(0, len(items), _BATCH):
            yield door, list(items[start : start + _BATCH])
