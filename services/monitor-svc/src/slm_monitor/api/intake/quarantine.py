"""Routes for the quarantine (facts that are kept but not evaluated) and for suspended sources:
``/api/v1/quarantine``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.access import Caller, require_role
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
    NoSuchQuarantinedFact,
    QuarantineDecisionNotPossible,
    QuarantinedFactAlreadyDecided,
    QuarantinedFactStillInvalid,
    QuarantinedFactWithoutOwner,
)

router = APIRouter(prefix="/api/v1/quarantine", tags=["quarantine"])
Decider = Annotated[Principal, Depends(require_role("integrator", "service_level_manager"))]
_REASONS: dict[type[QuarantineDecisionNotPossible], tuple[str, str]] = {
    QuarantinedFactAlreadyDecided: ("already-decided", "It is decided already"),
    QuarantinedFactWithoutOwner: ("owner-unknown", "Nobody is known to whom it belongs"),
    QuarantinedFactStillInvalid: ("not-judgeable", "It cannot be judged as it is"),
}
Use = Callable[[SqlQuarantinedFacts, int], Awaitable[None]]


@router.get("", **operation("List the facts in quarantine, with reasons", list_of(QuarantinedFactAnswer)))
async def list_quarantined_facts(
    caller: Caller,
    queries: TheQueries,
    paging: Paging,
    state: Literal["quarantined", "released", "discarded"] | None = None,
) -> dict[str, Any]:
    """List the quarantined facts of the caller's party, each with the reason and the decision on it."""
    return await queries.quarantine(caller, paging, {"state": state})


class SourceToResume(BaseModel):
    """Request body that resumes a suspended source: its name, and the topic of its facts."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {"examples": [{"topic": "slm.tickets", "source": "servicenow"}]},
    }

    topic: Literal["slm.measurements", "slm.tickets"]
    source: Annotated[str, Field(max_length=200)] = ""
    owner_party_id: UUID | None = None
    """For operators: the party to which the source belongs."""


@router.get("/sources", **operation("List the sources that are suspended now", list_of(SuspendedSourceAnswer)))
async def list_suspended_sources(caller: Caller, suspended: TheSuspendedSources, paging: Paging) -> dict[str, Any]:
    """List the suspended sources of the caller's party. A source is suspended if too many of its facts cannot be
    evaluated.

    Facts from a suspended source are quarantined without being evaluated, until somebody resumes the source.
    """
    return await suspended.page(caller, paging)


@router.post("/sources/resume", **operation("Resume a suspended source", ResumedSourceAnswer, "not-found"))
async def resume_source(
    given: SourceToResume, caller: Decider, suspended: TheSuspendedSources, worker: TheWorker
) -> dict[str, Any]:
    """Resume a suspended source: facts that it sends from now on are evaluated. Quarantined facts must be released one
    by one.
    """
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
        "Release a quarantined fact",
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
    """Release a quarantined fact: it is taken in again under its own identity, and then evaluated.

    Answers 409 if the fact was released or discarded before.
    """
    await _decided(database, quarantine_id, lambda ward, now: quarantine.release(ward, quarantine_id, caller, now))
    return {"quarantine_id": quarantine_id, "state": RELEASED}


@router.post(
    "/{quarantine_id}/discard",
    **operation("Discard a quarantined fact", QuarantineDecisionAnswer, "already-decided"),
)
async def discard_quarantined_fact(
    quarantine_id: str, caller: Decider, quarantine: TheQuarantine, database: TheDatabase
) -> dict[str, Any]:
    """Discard a quarantined fact: it is never evaluated, but remains listed.

    Answers 409 if the fact was released or discarded before.
    """
    await _decided(database, quarantine_id, lambda ward, now: quarantine.discard(ward, quarantine_id, caller, now))
    return {"quarantine_id": quarantine_id, "state": DISCARDED}


async def _decided(database: Database, quarantine_id: str, use: Use) -> None:
    """Run a decision on a quarantined fact in a transaction. Refusals become problems."""
    try:
        async with database.begin() as transaction:
            await use(SqlQuarantinedFacts(transaction), transaction.now)
    except NoSuchQuarantinedFact:
        raise not_found("fact set aside", quarantine_id) from None
    except QuarantineDecisionNotPossible as error:
        errors = [{"field": each.field, "value": each.value, "remedy": each.remedy} for each in error.refusals]
        code, title = _REASONS[type(error)]
        raise Problem(409, code, title, f"{error}.", errors) from None
