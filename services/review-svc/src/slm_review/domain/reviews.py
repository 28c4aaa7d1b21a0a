"""Service reviews: scheduled regularly or opened by a breach, with an agenda that grows until they are concluded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_events.review import ReviewConcluded, ReviewLapsed, ReviewOpened, ReviewScheduled
from slm_review.domain.agreements import Agreement
from slm_review.domain.cadence import Period
from slm_review.domain.errors import AlreadyConcluded, NotOpen
from slm_review.domain.findings import Breach

ITEMS_IN_EVENT = 500
"""The most agenda items in the event ``ReviewOpened``, so that its record stays far below a broker's limit of 1 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A service review of one agreement. Instants are microseconds UTC."""

    review_id: str
    agreement_id: str
    agreement_version: int
    agreement_title: str
    provider_party_id: str
    customer_party_id: str
    reason: str
    """Why the review takes place: ``breach`` | ``cadence``."""
    period: str | None
    state: str
    """The state: ``scheduled`` | ``open`` | ``concluded`` | ``cancelled`` | ``lapsed`` (all of its breaches were
    withdrawn).
    """
    start_at: UtcMicroseconds
    end_at: UtcMicroseconds | None
    """The end of the reviewed time: the agenda contains what happened in [start_at, end_at). None means until the
    review is concluded.
    """
    due_at: UtcMicroseconds
    opened_at: UtcMicroseconds | None = None
    concluded_at: UtcMicroseconds | None = None
    concluded_by_principal_id: str | None = None
    summary: str = ""
    attendees: list[str]


def review_of_breach(agreement: Agreement, breach: Breach, now: UtcMicroseconds) -> Review:
    """Return the open review that a breach causes. The id follows from the breach, so that a repeated event makes no
    second review.
    """
    assert breach.certain_at is not None
    return Review(
        review_id=named_id(agreement.agreement_id, "review", "breach", breach.breach_id),
        agreement_id=agreement.agreement_id,
        agreement_version=agreement.version,
        agreement_title=agreement.title,
        provider_party_id=agreement.provider_party_id,
        customer_party_id=agreement.customer_party_id,
        reason="breach",
        period=None,
        state="open",
        start_at=min(breach.certain_at, now),
        end_at=None,
        due_at=now,
        opened_at=now,
        attendees=[],
    )


def review_of_period(agreement: Agreement, period: Period) -> Review:
    """Return the scheduled review of a period, due when the period's windows have closed.

    Each period of an agreement has one review, whichever version demands it.
    """
    return Review(
        review_id=named_id(agreement.agreement_id, "review", "cadence", period.period_id),
        agreement_id=agreement.agreement_id,
        agreement_version=agreement.version,
        agreement_title=agreement.title,
        provider_party_id=agreement.provider_party_id,
        customer_party_id=agreement.customer_party_id,
        reason="cadence",
        period=period.period_id,
        state="scheduled",
        start_at=period.start_at,
        end_at=period.end_at,
        due_at=period.end_at + agreement.closing_delay,
        attendees=[],
    )


def opened_review(review: Review, now: UtcMicroseconds) -> Review:
    """Return the review in the state ``open``."""
    return replace(review, state="open", opened_at=now)


def lapsed_review(review: Review) -> Review:
    """Return the review in the state ``lapsed``, because all of its breaches are withdrawn."""
    return replace(review, state="lapsed")


def reopened_review(review: Review) -> Review:
    """Return the review in the state ``open`` if it had lapsed; else unchanged."""
    return replace(review, state="open") if review.state == "lapsed" else review


def concluded_review(
    review: Review, summary: str, attendees: list[str], by_principal_id: str, now: UtcMicroseconds
) -> Review:
    """Return the review after it was concluded; raises NotOpen and AlreadyConcluded."""
    if review.state == "concluded":
        raise AlreadyConcluded(f"It was concluded at {instants.to_text(review.concluded_at or 0)}.")
    require_opened(review)
    return replace(
        review,
        state="concluded",
        concluded_at=now,
        concluded_by_principal_id=by_principal_id,
        summary=summary,
        attendees=attendees,
    )


def require_opened(review: Review) -> None:
    """Raise NotOpen unless the review is open or was concluded: only such a review can record decisions."""
    if review.state == "scheduled":
        raise NotOpen(f"It opens at {instants.to_text(review.due_at)}.")
    if review.state == "lapsed":
        raise NotOpen("It lapsed: every breach for which it was opened was withdrawn.")
    if review.state == "cancelled":
        raise NotOpen("It was cancelled because its agreement ended before the period began.")


def covers_interval(review: Review, start_at: UtcMicroseconds, end_at: UtcMicroseconds) -> bool:
    """Whether the interval [start_at, end_at) overlaps the time that the review covers.

    To ask about a single instant, give it as ``start_at`` and as ``end_at``.
    """
    reaches = end_at > review.start_at or start_at >= review.start_at
    return reaches and (review.end_at is None or start_at < review.end_at)


def review_scheduled_event(review: Review, now: UtcMicroseconds) -> ReviewScheduled:
    """Return the event that a review was scheduled."""
    return ReviewScheduled(**_moved(review, now), due_at=instants.to_text(review.due_at))


def review_opened_event(review: Review, agenda: Sequence[dict[str, Any]]) -> ReviewOpened:
    """Return the event that a review was opened, with the first items of its agenda."""
    return ReviewOpened(**_moved(review, review.opened_at or 0), agenda=list(agenda[:ITEMS_IN_EVENT]))


def review_concluded_event(review: Review) -> ReviewConcluded:
    """Return the event that a review was concluded."""
    at = review.concluded_at or 0
    return ReviewConcluded(**_moved(review, at), summary=review.summary, attendees=review.attendees)


def review_lapsed_event(review: Review, now: UtcMicroseconds) -> ReviewLapsed:
    """Return the event that a review lapsed."""
    return ReviewLapsed(**_moved(review, now))


def _moved(review: Review, at: UtcMicroseconds) -> dict[str, Any]:
    names = (
        "review_id",
        "agreement_id",
        "agreement_version",
        "provider_party_id",
        "customer_party_id",
        "reason",
        "period",
    )
    return {name: getattr(review, name) for name in names} | {"at": instants.to_text(at)}
