"""Routes for exclusions: one party requests that some time is left out of figures, and the other party or its delegate
decides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from slm_calendar.errors import CalendarError
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http import instants
from slm_chassis.http.access import Caller, require_role
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.problems import Problem, not_found
from slm_chassis.http.response_models import list_of
from slm_chassis.http.web_addresses import WithAddresses
from slm_chassis.identity import new_id
from slm_monitor.adapters.commands.exclusion_queries import build_delegate_document, build_exclusion_record_document
from slm_monitor.adapters.commands.sql_exclusions import SqlExclusions
from slm_monitor.api.dependencies import TheExclusions, TheWorker
from slm_monitor.api.responses.exclusions import DelegateAnswer, ExclusionAnswer
from slm_monitor.application.commands import exclusions
from slm_monitor.application.commands.exclusions import ExclusionRequest, NoSuchObject
from slm_monitor.application.engine.evaluation_worker import EvaluationWorker
from slm_monitor.domain.exclusions.delegates import ExclusionDelegate
from slm_monitor.domain.exclusions.exclusion_workflow import (
    APPROVED,
    REJECTED,
    ActingParty,
    DelegateAlreadyDismissed,
    ExclusionDecisionNotAllowed,
    InvalidExclusionTransition,
)

router = APIRouter(prefix="/api/v1", tags=["exclusions"])
Requester = Annotated[Principal, Depends(require_role("service_level_manager", "integrator"))]
Decider = Annotated[
    Principal, Depends(require_role("service_level_manager", "business_signatory", "provider_signatory"))
]
Text = Annotated[str, Field(max_length=4_000)]
Names = Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=200)]


class _ExclusionBody(BaseModel):
    model_config = {"extra": "forbid"}


class ExcludedInterval(_ExclusionBody):
    """A time interval in a request: it includes the instant ``from`` and does not include the instant ``to``."""

    start: str = Field(alias="from", examples=["2026-11-22T22:00:00Z"])
    end: str = Field(alias="to", examples=["2026-11-23T02:00:00Z"])


class ExclusionRecurrence(_ExclusionBody):
    """A recurring interval in a request, by an RRULE of RFC 5545. Each occurrence begins at the wall-clock time of
    ``from`` in ``timezone``. The default time zone is the agreement's.
    """

    rule: Annotated[str, Field(max_length=500, examples=["FREQ=WEEKLY;BYDAY=SU;COUNT=10"])]
    start: str = Field(alias="from", examples=["2026-11-22T01:00:00Z"])
    duration: Annotated[str, Field(max_length=40, examples=["PT2H"])]
    timezone: Annotated[str, Field(max_length=60)] | None = None


class ExclusionToRequest(_ExclusionBody):
    """Request body for an exclusion: the time to exclude from figures, and why.

    ``services``, ``indicators`` and ``targets`` limit the exclusion to parts of the agreement, each named by id or
    key. If all three are empty, the exclusion concerns the whole agreement.
    """

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {
                    "agreement_id": "0193a5c0-7a00-7000-8000-000000000001",
                    "kind": "planned",
                    "text": "Database upgrade",
                    "targets": ["checkout-availability"],
                    "interval": {"from": "2026-11-22T22:00:00Z", "to": "2026-11-23T02:00:00Z"},
                    "decide_by_at": "2026-11-20T12:00:00Z",
                    "if_silent": "approved",
                }
            ]
        },
    }

    agreement_id: str
    kind: Literal["planned", "force_majeure", "customer_caused", "claim"]
    text: Text
    interval: ExcludedInterval | None = None
    recurrence: ExclusionRecurrence | None = None
    services: Names = []
    indicators: Names = []
    targets: Names = []
    evidence: Annotated[list[dict[str, Any]], WithAddresses, Field(max_length=50)] = []
    announced_at: str | None = None
    """The instant at which the time was announced to the other party; by default the instant of the request."""
    decide_by_at: str | None = None
    if_silent: Literal["approved", "rejected"] | None = None


class DelegateToAppoint(_ExclusionBody):
    """Request body that appoints a party to decide on an agreement's exclusions in place of the caller's party."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {
                    "agreement_id": "0193a5c0-7a00-7000-8000-000000000001",
                    "delegate_party_id": "0193a5c0-7a00-7000-8000-000000000002",
                    "reason": "Our operations are theirs.",
                    "ends_at": "2027-01-01T00:00:00Z",
                }
            ]
        },
    }

    agreement_id: str
    delegate_party_id: Annotated[str, Field(min_length=1, max_length=100)]
    reason: Text = ""
    ends_at: str | None = None


class ExclusionDecisionRequest(_ExclusionBody):
    """Request body of the operations that approve or reject an exclusion: the reason for the decision."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"reason": "As agreed on the phone."}]}}

    reason: Text = ""


_UNSAID = ExclusionDecisionRequest()


class ExclusionRevocationRequest(_ExclusionBody):
    """Request body of the operation that revokes an approved exclusion: the reason for the revocation."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"reason": "It was not used."}]}}

    reason: Annotated[str, Field(min_length=1, max_length=4_000)]


def parse_exclusion_request(given: ExclusionToRequest) -> ExclusionRequest:
    """Convert a request body to an ExclusionRequest, with instants in µs. Raises a problem that names the invalid
    field.
    """
    interval = given.interval
    recurrence = given.recurrence
    return ExclusionRequest(
        agreement_id=given.agreement_id,
        kind=given.kind,
        text=given.text,
        interval=None
        if interval is None
        else (
            instants.read_instant(interval.start, "interval.from"),
            instants.read_instant(interval.end, "interval.to"),
        ),
        recurrence=None
        if recurrence is None
        else {
            "rule": recurrence.rule,
            "from": instants.read_instant(recurrence.start, "recurrence.from"),
            "duration": recurrence.duration,
            "timezone": recurrence.timezone,
        },
        services=given.services,
        indicators=given.indicators,
        targets=given.targets,
        evidence=given.evidence,
        announced_at=instants.read_optional_instant(given.announced_at, "announced_at"),
        decide_by_at=instants.read_optional_instant(given.decide_by_at, "decide_by_at"),
        if_silent=given.if_silent,
    )


def require_acting_party(caller: Principal) -> ActingParty:
    """Return the caller's party. Raises a problem (403) for an operator, who belongs to no party."""
    if caller.party_id is None:
        detail = "An operator sees exclusions, but asks for them and decides on them for nobody: use a key of a party."
        raise Problem(403, "no-party", "Only a party may do this", detail)
    return ActingParty(caller.party_id, caller.principal_id)


@dataclass(frozen=True)
class ExclusionUseCases:
    """Runs the use cases of exclusions, each in a transaction of its own."""

    database: Database
    worker: EvaluationWorker

    async def run(self, use: Callable[[SqlExclusions, int], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Run a use case in a transaction, then wake the evaluation worker; return the document that the use case made.

        A refusal by the use case is raised as a problem.
        """
        try:
            async with self.database.begin() as transaction:
                document = await use(SqlExclusions(transaction), transaction.now)
        except NoSuchObject as error:
            raise not_found(error.kind, error.given) from None
        except CalendarError as error:
            raise Problem(422, "invalid-request", "The request is not valid", str(error), error.errors) from None
        except ExclusionDecisionNotAllowed as error:
            raise Problem(403, "not-your-turn", "The other party decides", f"{error}.") from None
        except DelegateAlreadyDismissed as error:
            raise Problem(409, "already-ended", "It has ended already", f"{error}.") from None
        except InvalidExclusionTransition as error:
            raise Problem(409, "already-decided", "It is decided already", f"{error}.") from None
        self.worker.ring()
        return document


async def _use_cases(database: TheDatabase, worker: TheWorker) -> ExclusionUseCases:
    return ExclusionUseCases(database, worker)


TheExclusionUseCases = Annotated[ExclusionUseCases, Depends(_use_cases)]


def _decision(summary: str) -> dict[str, Any]:
    return operation(summary, ExclusionAnswer, "no-party", "not-your-turn", "already-decided")


@router.post(
    "/exclusions",
    **operation("Request an exclusion", ExclusionAnswer, "no-party", "not-found", "not-your-turn", status=201),
)
async def request_exclusion(
    given: ExclusionToRequest, caller: Requester, use_cases: TheExclusionUseCases
) -> dict[str, Any]:
    """Request from the other party of an agreement that some time is excluded from figures.

    Once the exclusion is approved, the time is removed from all figures that the exclusion concerns. Open windows
    change at once, closed windows by a restatement. Planned time is excluded only as far as the agreement's notice and
    cap allow; ``uncounted`` of an approved exclusion lists the time that is approved but not excluded. Planned time
    that touches a critical period with ``freeze`` is refused.
    """
    by, wanted = require_acting_party(caller), parse_exclusion_request(given)

    async def use(register: SqlExclusions, now: int) -> dict[str, Any]:
        return build_exclusion_record_document(await exclusions.request_exclusion(register, wanted, new_id(), by, now))

    return await use_cases.run(use)


async def _decide(
    exclusion_id: str,
    decision: str,
    given: ExclusionDecisionRequest,
    caller: Principal,
    use_cases: TheExclusionUseCases,
) -> dict[str, Any]:
    by = require_acting_party(caller)

    async def use(register: SqlExclusions, now: int) -> dict[str, Any]:
        return build_exclusion_record_document(
            *await exclusions.decide_exclusion(register, exclusion_id, decision, by, given.reason, now)
        )

    return await use_cases.run(use)


@router.post("/exclusions/{exclusion_id}/approve", **_decision("Approve an exclusion"))
async def approve_exclusion(
    exclusion_id: str, caller: Decider, use_cases: TheExclusionUseCases, given: ExclusionDecisionRequest = _UNSAID
) -> dict[str, Any]:
    """Approve an exclusion, as the party that did not request it, or its delegate. Answers 409 if it was decided
    before.
    """
    return await _decide(exclusion_id, APPROVED, given, caller, use_cases)


@router.post("/exclusions/{exclusion_id}/reject", **_decision("Reject an exclusion"))
async def reject_exclusion(
    exclusion_id: str, caller: Decider, use_cases: TheExclusionUseCases, given: ExclusionDecisionRequest = _UNSAID
) -> dict[str, Any]:
    """Reject an exclusion, as the party that did not request it, or its delegate. Answers 409
    if it was decided before.
    """
    return await _decide(exclusion_id, REJECTED, given, caller, use_cases)


@router.post("/exclusions/{exclusion_id}/revoke", **_decision("Revoke an exclusion"))
async def revoke_exclusion(
    exclusion_id: str, given: ExclusionRevocationRequest, caller: Decider, use_cases: TheExclusionUseCases
) -> dict[str, Any]:
    """Revoke an approved exclusion, as either party. The figures then include its time again."""
    by = require_acting_party(caller)

    async def use(register: SqlExclusions, now: int) -> dict[str, Any]:
        return build_exclusion_record_document(
            await exclusions.revoke_exclusion(register, exclusion_id, by, given.reason, now)
        )

    return await use_cases.run(use)


@router.get("/exclusions", **operation("List exclusions, the newest first", list_of(ExclusionAnswer)))
async def list_exclusions(
    caller: Caller,
    queries: TheExclusions,
    paging: Paging,
    agreement_id: str | None = None,
    state: Annotated[Literal["requested", "approved", "rejected", "revoked"] | None, Query()] = None,
    kind: Annotated[Literal["planned", "force_majeure", "customer_caused", "claim"] | None, Query()] = None,
) -> dict[str, Any]:
    """List the exclusions that concern the caller's party, the newest first."""
    filters = {"agreement_id": agreement_id, "state": state, "kind": kind}
    return await queries.page(caller, paging, filters)


@router.post(
    "/exclusion-delegates",
    **operation("Appoint a delegate", DelegateAnswer, "no-party", "not-found", "not-your-turn", status=201),
)
async def appoint_delegate(
    given: DelegateToAppoint, caller: Decider, use_cases: TheExclusionUseCases
) -> dict[str, Any]:
    """Appoint another party to decide, in your party's place, on the exclusions that the other side requests."""
    by, ends_at = require_acting_party(caller), instants.read_optional_instant(given.ends_at, "ends_at")

    async def use(register: SqlExclusions, now: int) -> dict[str, Any]:
        wanted = ExclusionDelegate(
            new_id(), given.agreement_id, by.party_id or "", given.delegate_party_id, given.reason, by, now, ends_at
        )
        return build_delegate_document(await exclusions.appoint_exclusion_delegate(register, wanted, now))

    return await use_cases.run(use)


@router.post(
    "/exclusion-delegates/{delegate_id}/dismiss",
    **operation("Dismiss a delegate", DelegateAnswer, "no-party", "not-your-turn", "already-ended"),
)
async def dismiss_delegate(delegate_id: str, caller: Decider, use_cases: TheExclusionUseCases) -> dict[str, Any]:
    """Dismiss a delegate. Decisions that it has made remain valid. Answers 409 if the appointment has ended before."""
    by = require_acting_party(caller)

    async def use(register: SqlExclusions, now: int) -> dict[str, Any]:
        return build_delegate_document(await exclusions.dismiss_exclusion_delegate(register, delegate_id, by, now))

    return await use_cases.run(use)


@router.get("/exclusion-delegates", **operation("List delegates, the newest first", list_of(DelegateAnswer)))
async def list_delegates(
    caller: Caller, queries: TheExclusions, paging: Paging, agreement_id: str | None = None
) -> dict[str, Any]:
    """List the delegates that the caller's party appointed, and the appointments in which this party is the delegate.

    The newest appointment comes first.
    """
    return await queries.delegates(caller, paging, agreement_id)


@router.get("/exclusions/{exclusion_id}", **operation("Read one exclusion", ExclusionAnswer))
async def read_exclusion(exclusion_id: str, caller: Caller, queries: TheExclusions) -> dict[str, Any]:
    """Read one exclusion. If it is approved, the answer lists the approved time that is not excluded, and why."""
    entry = await queries.one(caller, exclusion_id)
    if entry is None:
        raise not_found("exclusion", exclusion_id)
    async with queries.database.begin() as transaction:
        uncounted = await exclusions.list_time_not_excluded(SqlExclusions(transaction), entry)
    return build_exclusion_record_document(entry, uncounted)
