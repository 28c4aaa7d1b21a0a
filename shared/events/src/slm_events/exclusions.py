"""The events of exclusions, published by monitor-svc: excluded time was requested, decided on, or revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionEvent:
    """The fields that all events of an exclusion have: the excluded time, from what it is excluded and why, and who
    requested the exclusion.
    """

    exclusion_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    kind: str
    """``planned`` | ``force_majeure`` | ``customer_caused`` | ``claim``."""
    service_ids: list[str]
    """The services to which the exclusion is limited. ``indicators`` and ``target_ids`` limit it in the same way. If
    all three are empty, it applies to the whole agreement.
    """
    indicators: list[str]
    """Each indicator as ``<owner party>/<key>``."""
    target_ids: list[str]
    intervals: list[dict[str, str]]
    """The excluded time, each ``{"from", "to"}``, with all occurrences of a recurrence."""
    recurrence: dict[str, Any] | None
    text: str
    evidence: list[dict[str, Any]]
    requested_by_party_id: str
    requested_at: str
    announced_at: str
    decide_by_at: str | None
    if_silent: str | None
    """What applies if nobody decides until ``decide_by_at``: ``approved`` | ``rejected``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRequested(ExclusionEvent):
    """A party asked the other party to agree that some time is excluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionDecided(ExclusionEvent):
    """An exclusion was approved or rejected. Approved time is excluded from the figures from now on.

    The other party or its delegate decided, or ``if_silent`` applied because nobody decided by ``decide_by_at``.
    """

    decision: str
    """``approved`` | ``rejected``."""
    decided_by_party_id: str | None
    """None if nobody decided until ``decide_by_at``."""
    decided_for_party_id: str | None = None
    """The party for which its delegate decided; None if the party decided itself."""
    decided_at: str
    reason: str
    uncounted: list[dict[str, str]]
    """Approved time that is not excluded, because a rule on planned maintenance forbids it: ``{"from", "to", "cause",
    "detail"}``. ``cause`` is ``announced_late`` or ``past_cap``.
    """
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRevoked(ExclusionEvent):
    """An approved exclusion was revoked: its time is no longer excluded from the figures."""

    revoked_by_party_id: str | None
    revoked_at: str
    reason: str
