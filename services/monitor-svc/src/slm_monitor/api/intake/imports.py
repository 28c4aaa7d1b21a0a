"""Imports of history: ``/api/v1/imports``."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.clock import Clock
from slm_chassis.http import instants
from slm_chassis.http.access import Caller, require
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheLog
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.http.response_models import list_of
from slm_chassis.identity import named_id, new_id
from slm_chassis.log.port import EventLog
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.instants import to_text
from slm_monitor.adapters.commands.sql_imports import SqlImports
from slm_monitor.api.dependencies import TheImports, TheJudge
from slm_monitor.api.responses.intake import ImportAnswer, ImportWithCounts
from slm_monitor.application.engine.evaluation_worker import EvaluationWorker
from slm_monitor.application.intake import imports
from slm_monitor.application.intake.imports import QUIET_MICROSECONDS, Import

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
    owner_party_id: UUID | None = None
    through: str | None = None
    """Only what lies before this instant waits for the import; by default, and at most, the instant of opening."""


@dataclass(frozen=True)
class ImportParts:
    """The parts that an import is opened and ended with."""

    store: SqlImports
    judge: EvaluationWorker
    log: EventLog
    clock: Clock


async def _import_parts(store: TheImports, judge: TheJudge, log: TheLog, clock: TheClock) -> ImportParts:
    return ImportParts(store, judge, log, clock)


TheImportParts = Annotated[ImportParts, Depends(_import_parts)]


async def _import_document(import_id: str, caller: Principal, store: SqlImports) -> dict[str, Any]:
    document = await store.one(import_id, caller)
    if document is None:
        raise not_found("import", import_id)
    if document["state"] == "open" and not await store.is_delivered(import_id):
        document["state"] = "opening"
    return document


@router.post("", **operation("Open an import of history", ImportWithCounts, "not-found", "key-taken", status=201))
async def open_import(given: ImportToOpen, caller: Importer, importing: TheImportParts) -> dict[str, Any]:
    """Hold back what is judged of the past of these indicators or ticket sources until the import is complete.

    What lies before ``through`` waits: windows that had ended are not closed or restated, and clocks whose deadline had
    passed are not told. Everything later is judged and published as always, marked ``importing``. The import ends with
    ``/complete``, by being deleted, or an hour after the last facts of its past were accepted. Send history once its
    state is ``open``: while it is ``opening`` some partition may not hold yet. Under a key used before it is the import
    of then, as it stands: one that is judged holds nothing any more.
    """
    owner = caller.party_id if given.owner_party_id is None else str(given.owner_party_id)
    if owner is None:
        raise invalid("owner_party_id", None, "an operator names the party whose history it is")
    if not caller.may_see(owner):
        raise not_found("party", owner)
    if not given.indicators and not given.sources:
        raise invalid("indicators", [], "name the indicators or the ticket sources that will be loaded")
    now = importing.clock.now()
    try:
        import_id = new_id() if given.key is None else named_id(owner, "import", given.key)
    except ValueError:
        raise not_found("party", owner) from None
    wanted = Import(
        import_id,
        owner,
        given.indicators,
        given.sources,
        now,
        caller.principal_id,
        _through(given.through, now),
        now + QUIET_MICROSECONDS,
    )
    opened = await imports.open_import(importing.store, wanted)
    if (set(opened.indicators), set(opened.sources)) != (set(given.indicators), set(given.sources)):
        errors = [{"field": "key", "value": given.key, "remedy": "give another key, or name the same as before"}]
        raise Problem(409, "key-taken", "The import exists with other indicators or sources", f"{given.key}", errors)
    importing.judge.ring()
    deadline = asyncio.get_running_loop().time() + _HEARD_SECONDS
    # Mostly all hold within milliseconds, and the caller is spared to ask. Another replica may own the partition: its
    # inbox is the only thing that tells.
    while (shaped := await _import_document(import_id, caller, importing.store))["state"] == "opening":
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.02)
    return shaped


def _through(given: str | None, now: int) -> int:
    if given is None:
        return now
    through = instants.read(given, "through")
    if through > now:
        raise invalid("through", given, f"at most the present instant, {to_text(now)}: later windows are never held")
    return through


@router.get("", **operation("List imports, the latest first", list_of(ImportAnswer)))
async def list_imports(
    caller: Caller,
    store: TheImports,
    paging: Paging,
    state: Annotated[
        Literal["open", "judged"] | None, Query(description="`open`: those that something still waits for")
    ] = None,
) -> dict[str, Any]:
    """The imports that concern the caller, the latest first: its own, and those of the other side of an agreement that
    judges what they name. Each says whose it is, since when, and up to which instant judgements wait for it."""
    return await store.page(caller, paging, state)


@router.get("/{import_id}", **operation("Read one import", ImportWithCounts))
async def read_import(import_id: str, caller: Caller, store: TheImports) -> dict[str, Any]:
    """Where an import stands: ``opening``, ``open``, ``completing`` (its history is being judged) or ``judged``, and
    how many windows and clocks were published for it. Once it is ``judged`` every figure has all of it in it."""
    return await _import_document(import_id, caller, store)


async def _owned(import_id: str, caller: Principal, store: SqlImports) -> Import:
    held = await store.find(import_id)
    if held is None or await store.one(import_id, caller) is None:
        raise not_found("import", import_id)
    if not caller.may_see(held.owner_party_id):
        detail = "An import is completed or ended by the party whose history it is."
        raise Problem(403, "not-yours", "It is another party's import", detail)
    return held


@router.post("/{import_id}/complete", **operation("Complete an import", ImportWithCounts, "not-yours", status=202))
async def complete_import(import_id: str, caller: Importer, importing: TheImportParts) -> dict[str, Any]:
    """All has been sent: judge it. Doing it twice is the same as once."""
    return await _ended(import_id, caller, importing, imports.COMPLETED)


@router.delete("/{import_id}", **operation("Give an import up", ImportWithCounts, "not-yours", status=202))
async def end_import(import_id: str, caller: Importer, importing: TheImportParts) -> dict[str, Any]:
    """Give an import up: what has come of it is judged as it is, and nothing waits for it any more."""
    return await _ended(import_id, caller, importing, imports.ENDED)


async def _ended(import_id: str, caller: Principal, importing: ImportParts, ended_as: str) -> dict[str, Any]:
    store, log = importing.store, importing.log
    held = await _owned(import_id, caller, store)
    ends = {topic.name: await log.end_offsets(topic.name) for topic in (MEASUREMENTS, TICKETS)}
    await imports.complete_import(store, held.import_id, ends, importing.clock.now(), ended_as)
    importing.judge.ring()
    return await _import_document(import_id, caller, store)
