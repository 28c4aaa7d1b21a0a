"""``/api/v1/agreements/{id}/…``: the steps of a negotiation, and the termination of an agreement."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.api import answer_shapes
from slm_agreement.api.agreements import VersionNumber, agreement_response, choose_version
from slm_agreement.api.bodies.moves import (
    CounterProposalBody,
    DraftProposalBody,
    RevisionReferenceBody,
    SignatureBody,
    TargetAnswersBody,
    TerminationBody,
    TerminationRequestReference,
    WithdrawalBody,
)
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.agreements import AgreementResponse
from slm_agreement.api.responses.negotiation import TargetAnswerEntry
from slm_agreement.application import agreements, terminations
from slm_agreement.application.agreements import RevisionReply
from slm_agreement.domain.contracting.answering import TargetDecisions
from slm_chassis.http import instants
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.problems import invalid
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/agreements", tags=["negotiation"])


def _move(summary: str, *problems: str) -> dict[str, Any]:
    """Return the OpenAPI texts of a route that takes a step of the negotiation and answers with the agreement."""
    return operation(summary, AgreementResponse, "not-allowed", "wrong-state", *problems, headers=(ETAG,))


@router.post(
    "/{agreement_id}/propose",
    **_move("Propose your draft to the other party", "invalid"),
)
async def propose_draft(
    agreement_id: str, body: DraftProposalBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Propose your draft to the other party. If `answer_by` passes without an answer, an event is published; nothing
    else happens.
    """
    answer_by = instants.read_optional_instant(body.answer_by, "answer_by")
    moved = await agreements.propose_draft(ledgers, caller, agreement_id, body.revision_hash, answer_by)
    return await agreement_response(ledgers, caller, moved, response)


@router.post(
    "/{agreement_id}/counter",
    **_move("Counter the proposed revision", "other-side-answers", "nothing-changed", "invalid"),
)
async def counter_revision(
    agreement_id: str, body: CounterProposalBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Answer the proposed revision, given by its hash, with another document."""
    reply = RevisionReply(
        TargetDecisions(answer_by=instants.read_optional_instant(body.answer_by, "answer_by")), body.document
    )
    moved = await agreements.counter_revision(ledgers, caller, agreement_id, body.revision_hash, reply)
    return await agreement_response(ledgers, caller, moved, response)


@router.post(
    "/{agreement_id}/accept",
    **_move("Accept the proposed revision", "other-side-answers", "invalid"),
)
async def accept_revision(
    agreement_id: str, body: RevisionReferenceBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Accept the proposed revision. You cannot accept it while the SMART check finds errors."""
    moved = await agreements.accept_revision(ledgers, caller, agreement_id, body.revision_hash)
    return await agreement_response(ledgers, caller, moved, response)


@router.post(
    "/{agreement_id}/answer",
    **_move("Answer the proposed revision target by target", "other-side-answers", "nothing-changed", "invalid"),
)
async def answer_revision(
    agreement_id: str, body: TargetAnswersBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Accept and refuse targets of the proposed revision in one call, with or without another document.

    Accepting every target accepts the revision. Refusing some counts as a counter-proposal: the other party must
    propose another revision. Your answers to targets whose terms the new revision does not change still apply, and
    need not be repeated. With `document` the revision is countered: each target whose terms differ in the document
    counts as changed.
    """
    reply = RevisionReply(_answer_in(body), body.document)
    moved = await agreements.answer_targets(ledgers, caller, agreement_id, body.revision_hash, reply)
    return await agreement_response(ledgers, caller, moved, response)


def _answer_in(body: TargetAnswersBody) -> TargetDecisions:
    refused: dict[str, str] = {}
    for index, each in enumerate(body.refuse):
        if each.target in refused:
            raise invalid(f"refuse[{index}].target", each.target, "name each target once")
        refused[each.target] = each.reason
    return TargetDecisions(body.accept, refused, instants.read_optional_instant(body.answer_by, "answer_by"))


@router.get(
    "/{agreement_id}/answers", **operation("List the answers to the targets of a version", list_of(TargetAnswerEntry))
)
async def list_target_answers(
    agreement_id: str, caller: Caller, ledgers: TheLedgers, page: Paging, version: VersionNumber = None
) -> dict[str, Any]:
    """List every answer that a party gave to a target of a version, the earliest first, including those that no longer
    apply.
    """
    chosen = choose_version(await agreements.read_visible_versions(ledgers, caller, agreement_id), version)
    entries = answer_shapes.target_answer_entries_json(chosen, None if caller.is_operator else caller.party_id)
    listed = page.within(entries, lambda entry: [entry["number"]])
    return page.shape(listed, lambda entry: [entry["number"]])


@router.post(
    "/{agreement_id}/withdraw",
    **_move("Withdraw an agreement that is not signed", "invalid"),
)
async def withdraw_agreement(
    agreement_id: str, body: WithdrawalBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """End the negotiation without an agreement. Possible until both parties have signed."""
    moved = await agreements.withdraw_agreement(ledgers, caller, agreement_id, body.reason, body.version)
    return await agreement_response(ledgers, caller, moved, response)


@router.post(
    "/{agreement_id}/sign",
    **_move("Sign the revision that both parties accepted", "invalid"),
)
async def sign_revision(
    agreement_id: str, body: SignatureBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Sign the agreed revision as the person behind your key. The last required signature finalizes the agreement."""
    waivers = [waiver.model_dump(exclude_none=True) for waiver in body.waivers]
    moved = await agreements.sign_revision(ledgers, caller, agreement_id, body.revision_hash, waivers)
    return await agreement_response(ledgers, caller, moved, response)


@router.post(
    "/{agreement_id}/terminate",
    **_move("Terminate an agreement with notice", "invalid"),
)
async def terminate_agreement(
    agreement_id: str, body: TerminationBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Terminate the agreement before its term, with a reason and the agreed notice. Only signatories may do this.

    With `by_consent` the agreement does not end yet: the other side is asked to consent to an earlier end. See
    `termination_request` in the response.
    """
    at = instants.read_optional_instant(body.at, "at")
    end = terminations.request_termination if body.by_consent else terminations.terminate_agreement
    moved = await end(ledgers, caller, agreement_id, body.reason, at)
    return await agreement_response(ledgers, caller, moved, response)


@router.post(
    "/{agreement_id}/terminate/consent",
    **_move("Consent to an earlier end", "invalid"),
)
async def consent_to_termination(
    agreement_id: str, body: TerminationRequestReference, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Consent to the end that the other side requested. Only signatories may do this. The agreement ends at the
    requested instant, or now if that instant has passed.
    """
    moved = await terminations.consent_to_termination(ledgers, caller, agreement_id, body.request_id)
    return await agreement_response(ledgers, caller, moved, response)


@router.post(
    "/{agreement_id}/terminate/withdraw",
    **_move("Withdraw or decline a request to end early"),
)
async def withdraw_termination_request(
    agreement_id: str, body: TerminationRequestReference, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Withdraw your side's request to end the agreement early, or decline the other side's request. Only signatories
    may do this.
    """
    moved = await terminations.drop_termination_request(ledgers, caller, agreement_id, body.request_id)
    return await agreement_response(ledgers, caller, moved, response)
