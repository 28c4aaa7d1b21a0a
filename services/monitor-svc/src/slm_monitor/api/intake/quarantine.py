"""The quarantine of facts that are kept but not evaluated: ``/api/v1/quarantine``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.access import Caller, require
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.http.response_models import list_of
from slm_monitor.adapters.commands.sql_quarantine import SqlQuarantinedFacts
from slm_monitor.api.dependencies import TheQuarantine, TheQueries, TheSuspendedSources, TheWorker
from slm_monitor.api.responses.intake import (
    QuarantineDecisionAnswer,
    QuarantinedFactAnswer,
    ResumedSourceAnswer,
    SuspendedSourceAnswer,
)
from slm_monitor.application.intake.quarantine import (
    DISCARDED,
    RELEASED,
    DecidedBefore,
    NoSuchFact,
    NotPossible,
    StillRefused,
    WithoutOwner,
)

router = APIRouter(prefix="/api/v1/quarantine", tags=["quarantine"])
Decider = Annotated[Principal, Depends(require("integrator", "service_level_manager"))]
_REASONS: dict[type[NotPossible], tuple[str, str]] = {
    DecidedBefore: ("already-decided", "It is decided already"),
    WithoutOwner: ("owner-unknown", "Nobody is known to whom it belongs"),
    StillRefused: ("not-judgeable", "It cannot be judged as it is"),
}
Use = Callable[[SqlQuarantinedFacts, int], Awaitable[None]]


@router.get("", **operation("List facts that were set aside", list_of(QuarantinedFactAnswer)))
async def list_quarantined_facts(
    caller: Caller,
    queries: TheQueries,
    paging: Paging,
    state: Literal["quarantined", "released", "discarded"] | None = None,
) -> dict[str, Any]:
    """List the quarantined facts of the caller's party, each with the reason and the decision on it."""
    return await queries.quarantine(caller, paging, {"state": state})


class SourceToResume(BaseModel):
    """A suspended source: its name, and the topic of its facts."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {"examples": [{"topic": "slm.tickets", "source": "servicenow"}]},
    }

    topic: Literal["slm.measurements", "slm.tickets"]
    source: Annotated[str, Field(max_length=200)] = ""
    owner_party_id: UUID | None = None
    """For operators: the party that owns the source."""


@router.get("/sources", **operation("List sources that are set aside", list_of(SuspendedSourceAnswer)))
async def list_suspended_sources(caller: Caller, suspended: TheSuspendedSources, paging: Paging) -> dict[str, Any]:
    """List the suspended sources of the caller's party: too many of their facts could not be evaluated.

    Their facts are quarantined without being evaluated, until somebody resumes the source.
    """
    return await suspended.page(caller, paging)


@router.post("/sources/resume", **operation("Judge a source again", ResumedSourceAnswer, "not-found"))
async def resume_source(
    given: SourceToResume, caller: Decider, suspended: TheSuspendedSources, worker: TheWorker
) -> dict[str, Any]:
    """Resume a suspended source: what it sends from now on is evaluated. Quarantined facts are released one by one."""
    owner = caller.party_id if given.owner_party_id is None else str(given.owner_party_id)
    if owner is None:
        raise invalid("owner_party_id", None, "an operator names the party whose source it is")
    if not caller.is_operator and owner != caller.party_id:
        raise not_found("source set aside", given.source)
    if not await suspended.resume(owner, given.topic, given.source):
        raise not_found("source set aside", given.source)
    worker.ring()
    return {"owner_party_id": owner, "topic": given.topic, "source": given.source, "state": "resumed"}


@router.post(
    "/{quarantine_id}/release",
    **operation(
        "Release a fact to be judged",
        QuarantineDecisionAnswer,
        "already-decided",
        "owner-unknown",
        "not-judgeable",
        status=202,
    ),
)
async def release_quarantined_fact(
    quarantine_id: str, caller: Decider, quarantine: TheQuarantine, database: TheDatabase
) -> dict[str, Any]:
    """Release a quarantined fact: it enters the intake once, under its own identity. Answers 409 if it is decided."""
    await _decided(database, quarantine_id, lambda ward, now: quarantine.release(ward, quarantine_id, caller, now))
    return {"quarantine_id": quarantine_id, "state": RELEASED}


@router.post(
    "/{quarantine_id}/discard",
    **operation("Discard a fact that was set aside", QuarantineDecisionAnswer, "already-decided"),
)
async def discard_quarantined_fact(
    quarantine_id: str, caller: Decider, quarantine: TheQuarantine, database: TheDatabase
) -> dict[str, Any]:
    """Discard a quarantined fact: it is never evaluated, but stays visible. Answers 409 if it is decided."""
    await _decided(database, quarantine_id, lambda ward, now: quarantine.discard(ward, quarantine_id, caller, now))
    return {"quarantine_id": quarantine_id, "state": DISCARDED}


async def _decided(database: Database, quarantine_id: str, use: Use) -> None:
    try:
        async with database.begin() as transaction:
            await use(SqlQuarantinedFacts(transaction), transaction.now)
    except NoSuchFact:
        raise not_found("fact set aside", quarantine_id) from None
    except NotPossible as error:
        errors = [{"field": each.field, "value": each.value, "remedy": each.remedy} for each in error.refusals]
        code, title = _REASONS[type(error)]
        raise Problem(409, code, title, f"{error}.", errors) from None
