"""Published and withdrawn breaches: they end plans and open reviews."""

from __future__ import annotations

from slm_events.frozen import changed
from slm_events.monitor import BreachWithdrawn, TargetBreached
from slm_review.application import agenda, plans
from slm_review.application.ledger import Ledger
from slm_review.domain import findings, reviews
from slm_review.domain.agreements import Agreement, version_id
from slm_review.domain.findings import Breach
from slm_review.domain.reviews import Review


async def handle_breach(ledger: Ledger, event: TargetBreached) -> None:
    """Store a breach. It ends open plans, and opens a review if the agreement demands one."""
    await ledger.lock(event.agreement_id)
    known = await ledger.breaches.get(event.breach_id)
    await _keep(ledger, known, findings.breached(event, known))


async def withdraw(ledger: Ledger, event: BreachWithdrawn) -> None:
    """Store the withdrawal of a breach and update agendas. A plan that it ended stays ended, because that was
    published.
    """
    await ledger.lock(event.agreement_id)
    known = await ledger.breaches.get(event.breach_id)
    await _keep(ledger, known, findings.withdrawn(event, known))


async def review_waiting_breaches(ledger: Ledger, agreement: Agreement) -> None:
    """Review the breaches that arrived before their agreement."""
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
    """Return the breach with the review whose agenda has it; a review is opened if the agreement demands one."""
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
    return changed(breach, review_id=review.review_id)


async def _lapse_or_reopen(ledger: Ledger, review_id: str, breach: Breach) -> None:
    """End a review whose breaches are all withdrawn; reopen it if one is published again."""
    review = await ledger.reviews.get(review_id)
    if review is None or review.reason != "breach":
        return
    if breach.is_standing:
        await ledger.reviews.put(reviews.reopened(review))
        return
    items = await ledger.agenda.find(review_id=review_id, kind="breach")
    if review.state == "open" and not any(item.state == "standing" for item in items):
        await ledger.reviews.put(reviews.lapsed(review))
        ledger.publish(reviews.lapsing_of(review, ledger.now))


async def _review_for(ledger: Ledger, breach: Breach) -> Review | None:
    """Return the open review that was opened first; else a new one, or None if the agreement does not demand one."""
    opened = await ledger.reviews.find(agreement_id=breach.agreement_id, state="open")
    if opened:
        return min(opened, key=lambda review: (review.opened_at or 0, review.review_id))
    agreement = await ledger.agreements.get(version_id(breach.agreement_id, breach.agreement_version))
    if agreement is None or not agreement.is_reviewed_on_breach:
        return None
    review = reviews.by_breach(agreement, breach, ledger.now)
    await ledger.reviews.put(review)
    items = await agenda.assemble(ledger, review, breach)
    ledger.publish(reviews.review_opened(review, items))
    return review
