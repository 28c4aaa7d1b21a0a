"""Regular reviews: each is scheduled one period ahead, and opened when it is due."""

from __future__ import annotations

from dataclasses import replace

from slm_events.instants import UtcMicroseconds
from slm_review.application import agenda
from slm_review.application.ledger import Desk, Ledger
from slm_review.domain import cadence, reviews


async def schedule_review(ledger: Ledger, agreement_id: str, after: UtcMicroseconds) -> None:
    """Schedule the review of the first period that has not ended at ``after``, if the agreement has a cadence."""
    found = cadence.next_period(await ledger.agreements.find(agreement_id=agreement_id), after)
    if found is None:
        return
    review = reviews.review_of_period(*found)
    if await ledger.reviews.get(review.review_id) is None:
        await ledger.reviews.put(review)
        ledger.publish(reviews.review_scheduled_event(review, ledger.now))


async def shorten_scheduled_reviews(ledger: Ledger, agreement_id: str) -> None:
    """Cut the periods of scheduled reviews at the agreement's end, and cancel reviews whose period would begin later.

    Nothing changes while the agreement has no end.
    """
    end = cadence.latest_end_of(await ledger.agreements.find(agreement_id=agreement_id))
    if end is None:
        return
    for review in await ledger.reviews.find(agreement_id=agreement_id, state="scheduled"):
        if review.end_at is not None and review.end_at > end:
            delay = review.due_at - review.end_at
            await ledger.reviews.put(
                replace(review, state="cancelled")
                if review.start_at >= end
                else replace(review, end_at=end, due_at=end + delay)
            )


async def open_due_reviews(desk: Desk) -> int:
    """Open every scheduled review that is due, each in its own transaction; return their number."""
    opened = 0
    for agreement_id, review_id in await desk.due():
        async with desk.begin() as ledger:
            opened += await _open(ledger, agreement_id, review_id)
    return opened


async def _open(ledger: Ledger, agreement_id: str, review_id: str) -> bool:
    await ledger.lock(agreement_id)
    review = await ledger.reviews.get(review_id)
    # Another replica may have opened it between the query and the lock.
    if review is None or review.state != "scheduled" or review.due_at > ledger.now or review.end_at is None:
        return False
    opened = reviews.opened_review(review, ledger.now)
    await ledger.reviews.put(opened)
    ledger.publish(reviews.review_opened_event(opened, await agenda.assemble_agenda(ledger, opened)))
    await schedule_review(ledger, agreement_id, review.end_at)
    return True
