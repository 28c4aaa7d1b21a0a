"""The recording of lessons of reviews."""

from __future__ import annotations

from slm_chassis.access import Principal
from slm_chassis.identity import new_id
from slm_review.application import reviews
from slm_review.application.ledger import Desk
from slm_review.domain import decisions
from slm_review.domain.decisions import Lesson
from slm_review.domain.reviews import require_opened


async def record_lesson(desk: Desk, caller: Principal, review_id: str, text: str) -> Lesson:
    """Record a lesson of an open or concluded review; raises NotFound and NotOpen."""
    async with desk.begin() as ledger:
        review = await reviews.lock_review(ledger, caller, review_id)
        require_opened(review)
        lesson = Lesson(
            lesson_id=new_id(),
            review_id=review_id,
            agreement_id=review.agreement_id,
            provider_party_id=review.provider_party_id,
            customer_party_id=review.customer_party_id,
            text=text,
            recorded_by_principal_id=caller.principal_id,
            recorded_at=ledger.now,
        )
        await ledger.lessons.put(lesson)
        await ledger.note(caller, "lesson.recorded", lesson.lesson_id)
        ledger.publish(decisions.lesson_recorded_event(lesson))
        return lesson
