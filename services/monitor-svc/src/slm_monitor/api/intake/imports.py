"""Routes for imports of history: ``/api/v1/imports``."""

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
from slm_chassis.http.access import Caller, require_role
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
from slm_monitor.api.dependencies import TheImports, TheWorker
from slm_monitor.api.responses.intake import ImportAnswer, ImportWithCounts
from slm_monitor.application.engine.evaluation_worker import EvaluationWorker
from slm_monitor.application.intake import imports
from slm_monitor.application.intake.imports import QUIET_MICROSECONDS, HistoryImport

router = APIRouter(prefix="/api/v1/imports", tags=["intake"])
Importer = Annotated[Principal, Depends(require_role("integrator", "service_level_manager"))]
_HEARD_SECONDS = 1.0


class ImportToOpen(BaseModel):
    """Request body that opens an import: the indicators (by key) or ticket sources (by name) whose history will be
    loaded.
    """

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {"examples": [{"key": "servicenow-2025", "sources": ["servicenow"]}]},
    }

    key: Annotated[str, Field(max_length=200)] | None = None
    """The client's own name for the import. A second request with the same key returns the same import."""
    indicators: list[str] = []
    sources: list[str] = []
    owner_party_id: UUID | None = None
    through: str | None = None
    """Only time before this instant waits for the import. The default, and the latest allowed, is the instant of
    opening.
    """


@dataclass(frozen=True)
class ImportDependencies:
    """The store, worker, log and clock that are needed to open and end an import."""

    store: SqlImports
    worker: EvaluationWorker
    log: EventLog
    clock: Clock


async def _import_parts(store: TheImports, worker: TheWorker, log: TheLog, clock: TheClock) -> ImportDependencies:
    return ImportDependencies(store, worker, log, clock)


TheImportDependencies = Annotated[ImportDependencies, Depends(_import_parts)]


async def _import_document(import_id: str, caller: Principal, store: SqlImports) -> dict[str, Any]:
    document = await store.one(import_id, caller)
    if document is None:
        raise not_found("import", import_id)
    if document["state"] == "open" and not await store.is_delivered(import_id):
        document["state"] = "opening"
    return document


@router.post("", **operation("Open an import of history", ImportWithCounts, "not-found", "key-taken", status=201))
async def open_import(given: ImportToOpen, caller: Importer, importing: TheImportDependencies) -> dict[str, Any]:
    """Open an import: the past of these indicators or ticket sources is not evaluated until the import is complete.

    Only results about the time before the instant ``through`` are held back. Windows that ended before ``through`` are
    neither closed nor restated. Clocks whose deadline passed before ``through`` are not published. Results of later
    time are published as always, marked ``importing``. Send the history once the state of the import is ``open``; while
    the state is ``opening``, results of the past may still be published. The import ends when it is completed
    (``/complete``) or deleted, or one hour after the last facts of the past were accepted. If a request repeats the
    ``key`` of an earlier request, the import that was opened with this key is returned in its present state. An import
    in the state ``judged`` holds nothing back any more.
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
    wanted = HistoryImport(
        import_id,
        owner,
        given.indicators,
        given.sources,
        now,
        caller.principal_id,
        _through(given.through, now),
        now + QUIET_MICROSECONDS,
    )
    opened = await imports.open_history_import(importing.store, wanted)
    if (set(opened.indicators), set(opened.sources)) != (set(given.indicators), set(given.sources)):
        errors = [{"field": "key", "value": given.key, "remedy": "give another key, or name the same as before"}]
        raise Problem(409, "key-taken", "The import exists with other indicators or sources", f"{given.key}", errors)
    importing.worker.ring()
    deadline = asyncio.get_running_loop().time() + _HEARD_SECONDS
    # Usually all partitions hold within milliseconds, so that the caller need not poll. Another replica may own the
    # partition, so its inbox in the database is the only thing to look at.
    while (shaped := await _import_document(import_id, caller, importing.store))["state"] == "opening":
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.02)
    return shaped


def _through(given: str | None, now: int) -> int:
    """Return the requested ``through`` in µs, ``now`` if it was left out. Raises a problem if it lies in the future."""
    if given is None:
        return now
    through = instants.read_instant(given, "through")
    if through > now:
        raise invalid("through", given, f"at most the present instant, {to_text(now)}: later windows are never held")
    return through


@router.get("", **operation("List imports, the latest first", list_of(ImportAnswer)))
async def list_imports(
    caller: Caller,
    store: TheImports,
    paging: Paging,
    state: Annotated[
        Literal["open", "judged"] | None, Query(description="`open`: only imports that are not judged yet")
    ] = None,
) -> dict[str, Any]:
    """List the imports that concern the caller, the latest first.

    These are the imports of the caller's party, and imports of other parties whose history is used by targets in the
    caller's agreements. Each import shows its owner, when it was opened, and the instant `through`. Results of the time
    before `through` wait until the import ends.
    """
    return await store.page(caller, paging, state)


@router.get("/{import_id}", **operation("Read one import", ImportWithCounts))
async def read_import(import_id: str, caller: Caller, store: TheImports) -> dict[str, Any]:
    """Read an import: its state, and how many windows and clocks were published because of it.

    The state is ``opening``, ``open``, ``completing`` (its history is being evaluated) or ``judged``. Once it is
    ``judged``, every figure contains the whole import.
    """
    return await _import_document(import_id, caller, store)


async def _owned(import_id: str, caller: Principal, store: SqlImports) -> HistoryImport:
    """Read an import that the caller may end. Raises a problem: 404 if the caller may not see it, 403 if it belongs to
    another party.
    """
    held = await store.find(import_id)
    if held is None or await store.one(import_id, caller) is None:
        raise not_found("import", import_id)
    if not caller.may_see(held.owner_party_id):
        detail = "An import is completed or ended by the party whose history it is."
        raise Problem(403, "not-yours", "It is another party's import", detail)
    return held


@router.post("/{import_id}/complete", **operation("Complete an import", ImportWithCounts, "not-yours", status=202))
async def complete_import(import_id: str, caller: Importer, importing: TheImportDependencies) -> dict[str, Any]:
    """Complete an import: all history has been sent, and is evaluated now. A second request changes nothing."""
    return await _ended(import_id, caller, importing, imports.COMPLETED)


@router.delete("/{import_id}", **operation("End an import early", ImportWithCounts, "not-yours", status=202))
async def end_import(import_id: str, caller: Importer, importing: TheImportDependencies) -> dict[str, Any]:
    """End an import early: the history received so far is evaluated, and nothing waits for the import any more."""
    return await _ended(import_id, caller, importing, imports.ENDED)


async def _ended(import_id: str, caller: Principal, importing: ImportDependencies, ended_as: str) -> dict[str, Any]:
    store, log = importing.store, importing.log
    held = await _owned(import_id, caller, store)
    ends = {topic.name: await log.end_offsets(topic.name) for topic in (MEASUREMENTS, TICKETS)}
    await imports.complete_history_import(store, held.import_id, ends, importing.clock.now(), ended_as)
    importing.worker.ring()
    return await _import_document(import_id, caller, store)
