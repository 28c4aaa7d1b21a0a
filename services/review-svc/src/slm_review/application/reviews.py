"""Concluding a review, and reading the one to which a decision belongs."""

from __future__ import annotations

from slm_chassis.access import Principal
from slm_review.application import agenda
from slm_review.application.ledger import Desk, Ledger
from slm_review.application.locking import locked
from slm_review.domain import reviews
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.reviews import Review


async def conclude(desk: Desk, caller: Principal, review_id: str, summary: str, attendees: list[str]) -> Review:
    """Record that the review took place; raises NotFound, NotOpen and AlreadyConcluded."""
    async with desk.begin() as ledger:
        review = reviews.concluded(
            await take(ledger, caller, review_id), summary, attendees, caller.principal_id, ledger.now
        )
        await ledger.reviews.put(review)
        await ledger.note(caller, "review.concluded", review_id)
        ledger.publish(reviews.conclusion_of(review))
        return review


async def take(ledger: Ledger, caller: Principal, review_id: str) -> Review:
    """Lock the agreement of a review of the caller's party, and return the review; raises NotFound."""
    return await locked(ledger, caller, ledger.reviews, "review", review_id)


async def preview(desk: Desk, review_id: str) -> list[AgendaItem]:
    """Return the agenda that a scheduled review would have if it opened now, in order of time.

    The caller's right to see the review must have been checked.
    """
    async with desk.begin() as ledger:
        review = await ledger.reviews.get(review_id)
        return [] if review is None else await agenda.gather(ledger, review)
