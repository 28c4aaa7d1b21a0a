"""Exclusions that monitor-svc publishes: time that does not count, asked for, decided and revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionMoved:
    """The fields that all changes of an exclusion have: what is excluded, why, and who requested it."""

    exclusion_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    kind: str
    """``planned`` | ``force_majeure`` | ``customer_caused`` | ``claim``."""
    service_ids: list[str]
    """Together with ``indicators`` and ``target_ids`` it limits the exclusion. If all are empty, the whole agreement is
    meant.
    """
    indicators: list[str]
    """Each ``<owner party>/<key>``."""
    target_ids: list[str]
    intervals: list[dict[str, str]]
    """Each ``{"from", "to"}``, with all occurrences of a recurrence."""
    recurrence: dict[str, Any] | None
    text: str
    evidence: list[dict[str, Any]]
    requested_by_party_id: str
    requested_at: str
    announced_at: str
    decide_by_at: str | None
    if_silent: str | None
    """``approved`` | ``rejected``: the decision if nobody decides until ``decide_by_at``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRequested(ExclusionMoved):
    """A party asks the other one to agree that some time does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionDecided(ExclusionMoved):
    """An exclusion was approved or rejected. Approved time is excluded from the figures from now on.

    The other party or its delegate decided, or nobody did until ``decide_by_at``.
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
    """Approved time that is nevertheless not excluded: ``{"from", "to", "cause", "detail"}``. ``cause`` is
    ``announced_late`` or ``past_cap``.
    """
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRevoked(ExclusionMoved):
    """An approved exclusion was revoked: its time counts again."""

    revoked_by_party_id: str | None
    revoked_at: str
    reason: str
