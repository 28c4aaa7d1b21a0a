"""``/api/v1/agreements/{id}/…``: the moves of a negotiation, and the end of an agreement."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.api.agreements import shown
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.schemas import CounterProposal, NamedRequest, Proposal, SignatureBody, Termination, Withdrawal
from slm_agreement.application import agreements, terminations
from slm_chassis.http import instants
from slm_chassis.http.access import Caller

router = APIRouter(prefix="/api/v1/agreements", tags=["negotiation"])


@router.post("/{agreement_id}/propose")
async def propose(
    agreement_id: str, body: Proposal, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Put your draft to the other party."""
    return shown(*await agreements.propose(desk, caller, agreement_id, body.revision_hash), response)


@router.post("/{agreement_id}/counter")
async def counter(
    agreement_id: str, body: CounterProposal, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Answer the revision on the table, named by its hash, with a document of your own."""
    moved = await agreements.counter(desk, caller, agreement_id, body.revision_hash, body.document)
    return shown(*moved, response)


@router.post("/{agreement_id}/accept")
async def accept_revision(
    agreement_id: str, body: Proposal, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Accept the revision on the table; refused while the check finds errors."""
    return shown(*await agreements.accept_revision(desk, caller, agreement_id, body.revision_hash), response)


@router.post("/{agreement_id}/withdraw")
async def withdraw_agreement(
    agreement_id: str, body: Withdrawal, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """End the negotiation; possible until both parties have signed."""
    return shown(*await agreements.withdraw_agreement(desk, caller, agreement_id, body.reason, body.version), response)


@router.post("/{agreement_id}/sign")
async def sign(
    agreement_id: str, body: SignatureBody, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Sign the agreed revision as the person behind your key; the last signature required finalizes it."""
    waivers = [waiver.model_dump(exclude_none=True) for waiver in body.waivers]
    return shown(*await agreements.sign(desk, caller, agreement_id, body.revision_hash, waivers), response)


@router.post("/{agreement_id}/terminate")
async def terminate(
    agreement_id: str, body: Termination, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """End the agreement before its term, saying why (signatories), keeping the notice that was agreed.

    With `by_consent` it only asks the other side to let it end earlier: see `ending_asked` of the answer.
    """
    at = instants.optional(body.at, "at")
    end = terminations.ask if body.by_consent else terminations.terminate
    return shown(*await end(desk, caller, agreement_id, body.reason, at), response)


@router.post("/{agreement_id}/terminate/consent")
async def consent_to_end(
    agreement_id: str, body: NamedRequest, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Let the agreement end as the other side asked (signatories): at its instant, or now where that has passed."""
    return shown(*await terminations.consent(desk, caller, agreement_id, body.request_id), response)


@router.post("/{agreement_id}/terminate/withdraw")
async def withdraw_ending(
    agreement_id: str, body: NamedRequest, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Take back what your side asked, or decline what the other side asked (signatories)."""
    return shown(*await terminations.drop_request(desk, caller, agreement_id, body.request_id), response)
