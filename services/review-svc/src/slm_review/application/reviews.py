"""Concluding a review, and reading the review to which a decision belongs."""

from __future__ import annotations

from slm_chassis.access import Principal
from slm_review.application import agenda
from slm_review.application.ledger import Desk, Ledger
from slm_review.application.locking import lock_and_read
from slm_review.domain import reviews
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.reviews import Review


async def conclude_review(desk: Desk, caller: Principal, review_id: str, summary: str, attendees: list[str]) -> Review:
    """Record that a review took place; raises NotFound, NotOpen and AlreadyConcluded."""
    async with desk.begin() as ledger:
        review = reviews.concluded_review(
            await lock_review(ledger, caller, review_id), summary, attendees, caller.principal_id, ledger.now
        )
        await ledger.reviews.put(review)
        await ledger.note(caller, "review.concluded", review_id)
        ledger.publish(reviews.review_concluded_event(review))
        return review


async def lock_review(ledger: Ledger, caller: Principal, review_id: str) -> Review:
    """Lock the agreement of a review that the caller may see, and return the review; raises NotFound."""
    return await lock_and_read(ledger, caller, ledger.reviews, "review", review_id)


async def preview_agenda(desk: Desk, review_id: str) -> list[AgendaItem]:
    """Return the agenda that a scheduled review would have if it opened now, earliest item first.

    The caller must have checked the right to see the review.
    """
    async with desk.begin() as ledger:
        review = await ledger.reviews.get(review_id)
        return [] if review is None else await agenda.gather_agenda_items(ledger, review)
