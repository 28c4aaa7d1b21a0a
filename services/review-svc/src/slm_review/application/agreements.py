"""Signed agreements and their ends. Events that arrived before their agreement are completed here."""

from __future__ import annotations

from slm_events.agreement import AgreementFinalized, AgreementTurned
from slm_review.application import breaches, cadence, plans, proposals, windows
from slm_review.application.ledger import Ledger
from slm_review.domain import agreements


async def keep_agreement(ledger: Ledger, event: AgreementFinalized) -> None:
    """Store a finalized version, schedule its first review, and complete what was waiting for it."""
    await ledger.lock(event.agreement_id)
    agreement = agreements.finalized(event)
    if await ledger.agreements.get(agreement.version_id) is not None:
        return
    await ledger.agreements.put(agreement)
    await cadence.schedule(ledger, agreement.agreement_id, max(agreement.effective_at, agreement.finalized_at))
    await proposals.settle(ledger, agreement)
    await plans.open_waiting_plans(ledger, agreement)
    await breaches.review_waiting_breaches(ledger, agreement)
    await windows.look_at_waiting_windows(ledger, agreement)


async def end(ledger: Ledger, event: AgreementTurned) -> None:
    """Store the end of a version; scheduled reviews are cut to it, or cancelled if their period begins after it."""
    await ledger.lock(event.agreement_id)
    agreement = await ledger.agreements.get(agreements.version_id(event.agreement_id, event.version))
    if agreement is None:
        return
    await ledger.agreements.put(agreements.with_end(agreement, event))
    await cadence.cut(ledger, event.agreement_id)
