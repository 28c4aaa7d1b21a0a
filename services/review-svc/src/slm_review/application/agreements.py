"""Agreements and their ends. Breaches, windows and risks that arrived before their agreement are handled too."""

from __future__ import annotations

from slm_events import instants
from slm_events.agreement import AgreementFinalized, AgreementLifeEvent, AgreementRecorded, AgreementSuperseded
from slm_review.application import breaches, cadence, plans, proposals, windows
from slm_review.application.ledger import Ledger
from slm_review.domain import agreements


async def keep_agreement(ledger: Ledger, event: AgreementFinalized | AgreementRecorded) -> None:
    """Store a version that was signed or put on record.

    Schedule its first review, and process the events that arrived before the version.
    """
    await ledger.lock(event.agreement_id)
    agreement = agreements.version_of(event)
    if await ledger.agreements.get(agreement.version_id) is not None:
        return
    await ledger.agreements.put(agreement)
    await cadence.schedule_review(ledger, agreement.agreement_id, max(agreement.effective_at, agreement.finalized_at))
    await proposals.end_answered_proposals(ledger, agreement)
    await plans.open_waiting_plans(ledger, agreement)
    await breaches.review_waiting_breaches(ledger, agreement)
    await windows.check_waiting_windows(ledger, agreement)


async def end_agreement_version(ledger: Ledger, event: AgreementLifeEvent) -> None:
    """Store the end of a version. If the agreement ends with this version, three things follow:

    - Open proposals lapse.
    - The periods of scheduled reviews are cut at the agreement's end.
    - A scheduled review whose period would begin later is cancelled.
    """
    await ledger.lock(event.agreement_id)
    agreement = await ledger.agreements.get(agreements.version_id(event.agreement_id, event.version))
    if agreement is None:
        return
    await ledger.agreements.put(agreements.version_with_end(agreement, event))
    await cadence.shorten_scheduled_reviews(ledger, event.agreement_id)
    versions = await ledger.agreements.find(agreement_id=event.agreement_id)
    if not isinstance(event, AgreementSuperseded) and all(version.ended_at is not None for version in versions):
        await proposals.lapse_open_proposals(ledger, event.agreement_id, instants.from_text(event.at))
