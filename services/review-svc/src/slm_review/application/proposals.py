"""Target revision proposals: made by a review or by attained figures, answered by an amendment."""

from __future__ import annotations

from typing import Any

from slm_chassis.access import Principal
from slm_chassis.identity import new_id
from slm_events.agreement import AmendmentDrafted
from slm_review.application import agenda, reviews, targets
from slm_review.application.ledger import Desk, Ledger
from slm_review.domain import decisions, objectives
from slm_review.domain.decisions import Proposal
from slm_review.domain.reviews import Review, require_opened


async def propose(
    desk: Desk, caller: Principal, review_id: str, target: str, objective: dict[str, Any], reason: str
) -> Proposal:
    """Propose a new objective for a target. Raises NotFound, NotOpen, NotAcceptable."""
    async with desk.begin() as ledger:
        review = await reviews.take(ledger, caller, review_id)
        require_opened(review)
        proposal = await _proposal(ledger, caller, review, target, objective, reason)
        await ledger.note(caller, "proposal.made", proposal.proposal_id)
        return await make(ledger, proposal)


async def make(ledger: Ledger, proposal: Proposal) -> Proposal:
    """Keep a proposal and tell of it. In a replay its answer may have been heard before."""
    for answer in await ledger.amendments.find(proposal_id=proposal.proposal_id):
        proposal = decisions.answered(proposal, answer)
    await ledger.proposals.put(proposal)
    await agenda.add_proposal(ledger, proposal)
    ledger.publish(decisions.proposing_of(proposal))
    return proposal


async def link(ledger: Ledger, event: AmendmentDrafted) -> None:
    """An amendment was drafted in answer to a proposal."""
    amendment = decisions.amendment(event)
    if amendment is None:
        return
    await ledger.lock(event.agreement_id)
    await ledger.amendments.put(amendment)
    proposal = await ledger.proposals.get(amendment.proposal_id)
    if proposal is not None and proposal.agreement_id == amendment.agreement_id:
        await ledger.proposals.put(decisions.answered(proposal, amendment))


async def _proposal(
    ledger: Ledger, caller: Principal, review: Review, target: str, objective: dict[str, Any], reason: str
) -> Proposal:
    agreement, terms = await targets.agreed(ledger, review, target)
    return Proposal(
        proposal_id=new_id(),
        review_id=review.review_id,
        agreement_id=review.agreement_id,
        agreement_version=agreement.version,
        target_id=terms["target_id"],
        target_key=terms["key"],
        target_title=terms.get("title") or terms["key"],
        provider_party_id=agreement.provider_party_id,
        customer_party_id=agreement.customer_party_id,
        present_objective=terms["objective"],
        objective=objectives.revised(terms["objective"], objective),
        reason=reason,
        origin="review",
        proposed_by_party_id=caller.party_id,
        proposed_by_principal_id=caller.principal_id,
        proposed_at=ledger.now,
    )
