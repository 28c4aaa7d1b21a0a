"""Imports of history: ``/api/v1/imports``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.http.access import Caller, require
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.identity import named_id, new_id
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.instants import to_text
from slm_monitor.application import imports
from slm_monitor.application.imports import Import

router = APIRouter(prefix="/api/v1/imports", tags=["intake"])
Importer = Annotated[Principal, Depends(require("integrator", "service_level_manager"))]
_HEARD_SECONDS = 1.0


class ImportToOpen(BaseModel):
    """What is going to be loaded: indicators by key, ticket sources by name."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {"examples": [{"key": "servicenow-2025", "sources": ["servicenow"]}]},
    }

    key: Annotated[str, Field(max_length=200)] | None = None
    """The client's own name for it: opened again under the same key it is the same import, and holds once."""
    indicators: list[str] = []
    sources: list[str] = []
    owner_party_id: str | None = None
    expires_in_seconds: Annotated[int, Field(gt=0, le=imports.LONGEST_SECONDS)] = 24 * 3600


async def _shaped(held: Import, request: Request) -> dict[str, Any]:
    is_opening = held.state == "open" and not await request.app.state.imports.is_heard(held.import_id)
    return {
        "import_id": held.import_id,
        "state": "opening" if is_opening else held.state,
        "owner_party_id": held.owner_party_id,
        "indicators": list(held.indicators),
        "sources": list(held.sources),
        "opened_at": to_text(held.opened_at),
        "expires_at": to_text(held.expires_at),
    }


@router.post("", status_code=201)
async def start(given: ImportToOpen, caller: Importer, request: Request) -> dict[str, Any]:
    """Hold timers and verdicts of what is named until the import completes.

    Send history once its state is ``open``: while it is ``opening`` some partition may not hold yet. Under a key used
    before it is the import of then, as it stands: one that is complete holds nothing any more.
    """
    owner = given.owner_party_id or caller.party_id
    if owner is None:
        raise invalid("owner_party_id", None, "an operator names the party whose history it is")
    if not caller.may_see(owner):
        raise not_found("party", owner)
    if not given.indicators and not given.sources:
        raise invalid("indicators", [], "name the indicators or the ticket sources that will be loaded")
    state = request.app.state
    try:
        import_id = new_id() if given.key is None else named_id(owner, "import", given.key)
    except ValueError:
        raise not_found("party", owner) from None
    opened = await imports.start(
        state.imports, import_id, owner, given.indicators, given.sources, state.clock.now(), given.expires_in_seconds
    )
    if (set(opened.indicators), set(opened.sources)) != (set(given.indicators), set(given.sources)):
        errors = [{"field": "key", "value": given.key, "remedy": "give another key, or name the same as before"}]
        raise Problem(409, "conflict", "The import exists with other indicators or sources", f"{given.key}", errors)
    state.judge.ring()
    deadline = asyncio.get_running_loop().time() + _HEARD_SECONDS
    # Mostly all hold within milliseconds, and the caller is spared to ask. Another replica may own the partition: its
    # inbox is the only thing that tells.
    while (shaped := await _shaped(opened, request))["state"] == "opening":
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.02)
    return shaped


async def _mine(import_id: str, caller: Principal, request: Request) -> Import:
    held: Import | None = await request.app.state.imports.find(import_id)
    if held is None or not caller.may_see(held.owner_party_id):
        raise not_found("import", import_id)
    return held


@router.get("/{import_id}")
async def read(import_id: str, caller: Caller, request: Request) -> dict[str, Any]:
    """Where an import stands: opening, open, completing (its history is being judged) or complete."""
    return await _shaped(await _mine(import_id, caller, request), request)


@router.post("/{import_id}/complete", status_code=202)
async def complete(import_id: str, caller: Importer, request: Request) -> dict[str, Any]:
    """All has been sent: judge it. Doing it twice is the same as once."""
    held = await _mine(import_id, caller, request)
    state = request.app.state
    ends = {topic.name: await state.log.end_offsets(topic.name) for topic in (MEASUREMENTS, TICKETS)}
    await imports.complete(state.imports, held.import_id, ends)
    state.judge.ring()
    return await _shaped(await _mine(import_id, caller, request), request)
