"""``/api/v1/agreements/{id}/…``: the moves of a negotiation, and the termination of an agreement."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.api.agreement_answers import AgreementAnswer
from slm_agreement.api.agreements import shown
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.schemas import CounterProposal, NamedRequest, Proposal, SignatureBody, Termination, Withdrawal
from slm_agreement.application import agreements, terminations
from slm_chassis.http import instants
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import ETAG, operation

router = APIRouter(prefix="/api/v1/agreements", tags=["negotiation"])


def _move(summary: str, *problems: str) -> dict[str, Any]:
    """Return the OpenAPI texts of a move, which answers with the agreement after it."""
    return operation(summary, AgreementAnswer, "not-allowed", "wrong-state", *problems, headers=(ETAG,))


@router.post(
    "/{agreement_id}/propose",
    **_move("Propose your draft to the other party", "invalid"),
)
async def propose_draft(
    agreement_id: str, body: Proposal, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Propose your draft to the other party."""
    return shown(*await agreements.propose(desk, caller, agreement_id, body.revision_hash), response)


@router.post(
    "/{agreement_id}/counter",
    **_move("Counter the proposed revision", "other-side-answers", "nothing-changed", "invalid"),
)
async def counter_revision(
    agreement_id: str, body: CounterProposal, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Answer the proposed revision, given by its hash, with a document of your own."""
    moved = await agreements.counter(desk, caller, agreement_id, body.revision_hash, body.document)
    return shown(*moved, response)


@router.post(
    "/{agreement_id}/accept",
    **_move("Accept the proposed revision", "other-side-answers", "invalid"),
)
async def accept_revision(
    agreement_id: str, body: Proposal, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Accept the proposed revision. Refused while the check finds errors."""
    return shown(*await agreements.accept_revision(desk, caller, agreement_id, body.revision_hash), response)


@router.post(
    "/{agreement_id}/withdraw",
    **_move("Withdraw an agreement that is not signed", "invalid"),
)
async def withdraw_agreement(
    agreement_id: str, body: Withdrawal, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """End the negotiation. Possible until both parties have signed."""
    return shown(*await agreements.withdraw_agreement(desk, caller, agreement_id, body.reason, body.version), response)


@router.post(
    "/{agreement_id}/sign",
    **_move("Sign the revision that both parties accepted", "invalid"),
)
async def sign_revision(
    agreement_id: str, body: SignatureBody, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Sign the agreed revision as the person behind your key. The last required signature finalizes it."""
    waivers = [waiver.model_dump(exclude_none=True) for waiver in body.waivers]
    return shown(*await agreements.sign(desk, caller, agreement_id, body.revision_hash, waivers), response)


@router.post(
    "/{agreement_id}/terminate",
    **_move("Terminate an agreement with notice", "invalid"),
)
async def terminate_agreement(
    agreement_id: str, body: Termination, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Terminate the agreement before its term, with a reason and the agreed notice (signatories).

    With `by_consent` this only asks the other side for an earlier end: see `termination_request` in the answer.
    """
    at = instants.optional(body.at, "at")
    end = terminations.ask if body.by_consent else terminations.terminate
    return shown(*await end(desk, caller, agreement_id, body.reason, at), response)


@router.post(
    "/{agreement_id}/terminate/consent",
    **_move("Consent to an earlier end", "invalid"),
)
async def consent_to_termination(
    agreement_id: str, body: NamedRequest, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Consent to the end that the other side asked for (signatories): at its instant, or now if that has passed."""
    return shown(*await terminations.consent(desk, caller, agreement_id, body.request_id), response)


@router.post(
    "/{agreement_id}/terminate/withdraw",
    **_move("Withdraw or decline a request to end early"),
)
async def withdraw_termination_request(
    agreement_id: str, body: NamedRequest, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Withdraw your side's request to end early, or decline that of the other side (signatories)."""
    return shown(*await terminations.drop_request(desk, caller, agreement_id, body.request_id), response)
