"""Target revision proposals: made by a review or because of attained figures, answered by an amendment, or declined."""

from __future__ import annotations

from typing import Any

from slm_chassis.access import Principal
from slm_chassis.identity import new_id
from slm_events import instants
from slm_events.agreement import AgreementWithdrawn, AmendmentDrafted
from slm_events.instants import UtcMicroseconds
from slm_review.application import agenda, reviews, targets
from slm_review.application.ledger import Desk, Ledger
from slm_review.application.locking import lock_and_read
from slm_review.domain import objectives, proposed
from slm_review.domain.agreements import Agreement
from slm_review.domain.errors import OnRecord
from slm_review.domain.proposed import Proposal
from slm_review.domain.reviews import require_opened

_NO_ANSWER = (
    "Its other party does not use the product and cannot answer a proposal: terminate the record, and record the "
    "changed contract under another key."
)


async def propose_objective(
    desk: Desk, caller: Principal, review_id: str, target: str, objective: dict[str, Any], reason: str
) -> Proposal:
    """Propose a new objective for a target, as a decision of a review.

    The target is added to the agreement's open proposal if there is one. Raises NotFound, NotOpen, NotAcceptable, and
    OnRecord for an agreement on record: nobody could answer the proposal.
    """
    async with desk.begin() as ledger:
        review = await reviews.lock_review(ledger, caller, review_id)
        require_opened(review)
        agreement, terms = await targets.find_agreed_target(ledger, review, target)
        if agreement.recorded_by_party_id is not None:
            raise OnRecord(_NO_ANSWER)
        wanted = objectives.check_proposed_objective(terms["objective"], objective)
        named = proposed.proposed_target(terms, terms["objective"], wanted, reason)
        proposal = Proposal(
            proposal_id=new_id(),
            review_id=review.review_id,
            agreement_id=review.agreement_id,
            agreement_version=agreement.version,
            provider_party_id=agreement.provider_party_id,
            customer_party_id=agreement.customer_party_id,
            targets=[named],
            origin="review",
            proposed_by_party_id=caller.party_id,
            proposed_by_principal_id=caller.principal_id,
            proposed_at=ledger.now,
        )
        made = await add_to_open_proposal(ledger, proposal, named)
        await ledger.note(caller, "proposal.made", made.proposal_id)
        return made


async def add_to_open_proposal(ledger: Ledger, proposal: Proposal, target: dict[str, Any]) -> Proposal:
    """Store and publish a proposal for a target.

    If a proposal is open for the agreement, the target is added to it instead. Returns the stored proposal.
    """
    for known in await ledger.proposals.find(agreement_id=proposal.agreement_id):
        if known.is_open:
            proposal = proposed.proposal_with_target(known, target)
    # In a replay the answer may have arrived before the proposal.
    for answer in await ledger.amendments.find(proposal_id=proposal.proposal_id):
        proposal = proposed.answered_proposal(proposal, answer)
    await ledger.proposals.put(proposal)
    await agenda.add_proposal(ledger, proposal)
    ledger.publish(proposed.target_revision_proposed_event(proposal, target))
    return proposal


async def decline_proposal(desk: Desk, caller: Principal, proposal_id: str, reason: str) -> Proposal:
    """Decline a target revision proposal; raises NotFound and AlreadyEnded.

    After that, attained figures can cause another proposal for these targets only if enough windows in a row are met.
    Only windows that end after the decline count.
    """
    async with desk.begin() as ledger:
        known = await lock_and_read(ledger, caller, ledger.proposals, "target revision proposal", proposal_id)
        proposal = proposed.declined_proposal(known, reason, caller.party_id, caller.principal_id, ledger.now)
        await ledger.proposals.put(proposal)
        await ledger.note(caller, "proposal.declined", proposal_id)
        ledger.publish(proposed.target_revision_declined_event(proposal))
        return proposal


async def link_amendment(ledger: Ledger, event: AmendmentDrafted) -> None:
    """Store that an amendment was drafted in answer to a proposal."""
    amendment = proposed.amendment(event)
    if amendment is None:
        return
    await ledger.lock(event.agreement_id)
    await ledger.amendments.put(amendment)
    proposal = await ledger.proposals.get(amendment.proposal_id)
    if proposal is not None and proposal.agreement_id == amendment.agreement_id:
        await ledger.proposals.put(proposed.answered_proposal(proposal, amendment))


async def end_answered_proposals(ledger: Ledger, agreement: Agreement) -> None:
    """End the open proposals of an agreement after a version was signed.

    A proposal that this version answers becomes agreed. Proposals for older versions lapse.
    """
    for proposal in await ledger.proposals.find(agreement_id=agreement.agreement_id):
        if proposal.amendment_version == agreement.version:
            state, reason = "agreed", f"Version {agreement.version} was signed."
        elif proposal.agreement_version < agreement.version:
            state, reason = "lapsed", f"Version {agreement.version} was signed without it."
        else:
            continue
        await ledger.proposals.put(proposed.proposal_with_end(proposal, state, reason, agreement.finalized_at))


async def lapse_open_proposals(ledger: Ledger, agreement_id: str, at: UtcMicroseconds) -> None:
    """End the open proposals of an agreement that ended at the instant ``at``: nobody can answer them any more."""
    for proposal in await ledger.proposals.find(agreement_id=agreement_id):
        await ledger.proposals.put(proposed.proposal_with_end(proposal, "lapsed", "The agreement ended.", at))


async def decline_withdrawn_proposal(ledger: Ledger, event: AgreementWithdrawn) -> None:
    """After a party withdrew a draft amendment, mark the proposal that the draft answered as declined."""
    await ledger.lock(event.agreement_id)
    for proposal in await ledger.proposals.find(agreement_id=event.agreement_id):
        if proposal.amendment_version == event.version:
            at = instants.from_text(event.moved_at)
            reason = event.reason or "The amendment was withdrawn."
            await ledger.proposals.put(proposed.proposal_with_end(proposal, "declined", reason, at))
