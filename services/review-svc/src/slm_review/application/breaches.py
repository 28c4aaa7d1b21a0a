"""The reaction to published and withdrawn breaches: they end action plans and open reviews."""

from __future__ import annotations

from slm_events.frozen import change_frozen
from slm_events.monitor import BreachWithdrawn, TargetBreached
from slm_review.application import agenda, plans
from slm_review.application.ledger import Ledger
from slm_review.domain import findings, reviews
from slm_review.domain.agreements import Agreement, version_id
from slm_review.domain.findings import Breach
from slm_review.domain.reviews import Review


async def handle_breach(ledger: Ledger, event: TargetBreached) -> None:
    """Store a breach, end the action plans that should avert it, and open a review if the agreement demands one."""
    await ledger.lock(event.agreement_id)
    known = await ledger.breaches.get(event.breach_id)
    await _keep(ledger, known, findings.breach_after_publication(event, known))


async def withdraw_breach(ledger: Ledger, event: BreachWithdrawn) -> None:
    """Store the withdrawal of a breach and update agendas. An action plan that the breach ended stays ended, because
    its end was published.
    """
    await ledger.lock(event.agreement_id)
    known = await ledger.breaches.get(event.breach_id)
    await _keep(ledger, known, findings.breach_after_withdrawal(event, known))


async def review_waiting_breaches(ledger: Ledger, agreement: Agreement) -> None:
    """Process the breaches that arrived before this version of the agreement: put each on the agenda of a review.

    A review is opened if none is open and the agreement demands one.
    """
    found = await ledger.breaches.find(
        agreement_id=agreement.agreement_id, agreement_version=agreement.version, review_id=None
    )
    for breach in sorted(found, key=lambda breach: breach.certain_at or 0):
        await ledger.breaches.put(await _reviewed(ledger, breach))


async def _keep(ledger: Ledger, known: Breach | None, breach: Breach) -> None:
    if breach == known:
        return
    await ledger.breaches.put(await _reviewed(ledger, breach))
    await plans.settle_window(ledger, breach.agreement_id, breach.agreement_version, breach.target_id, breach.window_id)


async def _reviewed(ledger: Ledger, breach: Breach) -> Breach:
    """Put the breach on the agenda of an open review, or of a new one if the agreement demands it; return the breach.

    The returned breach has the review's id. If the breach is on an agenda already, its item is updated, and its review
    can lapse or reopen. A withdrawn breach that is on no agenda, and a breach that needs no review, are only returned.
    """
    if breach.review_id is not None:
        await agenda.revise_breach(ledger, breach)
        await _lapse_or_reopen(ledger, breach.review_id, breach)
        return breach
    if not breach.is_standing:
        return breach
    review = await _review_for(ledger, breach)
    if review is None:
        return breach
    await agenda.add_breach(ledger, review, breach)
    return change_frozen(breach, review_id=review.review_id)


async def _lapse_or_reopen(ledger: Ledger, review_id: str, breach: Breach) -> None:
    """End a review that was opened by a breach if all breaches on its agenda are withdrawn.

    If the breach was published again, the review is reopened.
    """
    review = await ledger.reviews.get(review_id)
    if review is None or review.reason != "breach":
        return
    if breach.is_standing:
        await ledger.reviews.put(reviews.reopened_review(review))
        return
    items = await ledger.agenda.find(review_id=review_id, kind="breach")
    if review.state == "open" and not any(item.state == "standing" for item in items):
        await ledger.reviews.put(reviews.lapsed_review(review))
        ledger.publish(reviews.review_lapsed_event(review, ledger.now))


async def _review_for(ledger: Ledger, breach: Breach) -> Review | None:
    """Return the agreement's open review; if there are several, the one that was opened first.

    If none is open, open a review of the breach. If the agreement does not demand a review then, return None.
    """
    opened = await ledger.reviews.find(agreement_id=breach.agreement_id, state="open")
    if opened:
        return min(opened, key=lambda review: (review.opened_at or 0, review.review_id))
    agreement = await ledger.agreements.get(version_id(breach.agreement_id, breach.agreement_version))
    if agreement is None or not agreement.is_reviewed_on_breach:
        return None
    review = reviews.review_of_breach(agreement, breach, ledger.now)
    await ledger.reviews.put(review)
    items = await agenda.assemble_agenda(ledger, review, breach)
    ledger.publish(reviews.review_opened_event(review, items))
    return review
