"""Intake of answers to satisfaction surveys, as ratings of an indicator."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from slm_events.catalogue import REVIEWS
from slm_events.review import SatisfactionSurveyed
from slm_monitor.application.state.partition_step import QuarantineEntry
from slm_monitor.domain.facts import rating_validation
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import Indicator, SentMeasurement
from slm_monitor.domain.intake import validation
from slm_monitor.domain.terms.terms import FOREVER


class RatingIntakeStore(Protocol):
    """The intake of ratings, inside the transaction that handles the survey's event."""

    async def registered(self, indicator: Indicator) -> Indicator:
        """Return the registered indicator with the key of ``indicator``; if there is none, register ``indicator``."""
        ...

    async def append(self, fact: Fact) -> None:
        """Append a fact to the intake."""
        ...

    async def quarantine(self, fact: QuarantineEntry) -> None: ...


async def accept_survey_rating(ratings: RatingIntakeStore, surveyed: SatisfactionSurveyed) -> None:
    """Take in a survey's answer as a rating. An answer that the indicator does not accept is quarantined with the
    reason.
    """
    owner, key = surveyed.provider_party_id, surveyed.indicator
    lowest, highest = rating_validation.parse_rating_scale(surveyed.lowest, surveyed.highest)
    wanted = Indicator(
        f"{owner}/{key}", owner, key, "rating", service_id=surveyed.service_id, lowest=lowest, highest=highest
    )
    held = await ratings.registered(wanted)
    item = SentMeasurement(
        key,
        at=datetime.fromisoformat(surveyed.answered_at),
        score=float(surveyed.score),
        touch_point=surveyed.touch_point,
        respondent=surveyed.respondent,
        id=surveyed.answer_id,
        source=REVIEWS.name,
        revision=surveyed.revision,
        recorded_at=datetime.fromisoformat(surveyed.answered_at),
    )
    taken = validation.validate_measurements([(0, item)], owner, lambda _: held, FOREVER, may_name_owner=False)
    for refusal in taken.refusals:
        reason = f"{refusal.reason}: {refusal.field}: {refusal.remedy}"
        content = {"indicator": key, "score": surveyed.score, "answer_id": surveyed.answer_id}
        await ratings.quarantine(QuarantineEntry(owner, key, reason, content))
    for fact in taken.facts:
        await ratings.append(fact)
