"""Answers about exclusions of time, and about delegates who decide on them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.shapes import Document, Instant, Length, TimeInterval, UncountedInterval

ExclusionKind = Literal["planned", "force_majeure", "customer_caused", "claim"]
ExclusionState = Literal["requested", "approved", "rejected", "revoked"]


class RecurrenceAnswer(Answer):
    """The rule by which an exclusion recurs."""

    rule: str
    """RRULE of RFC 5545"""
    start: Instant = Field(alias="from")
    """The first occurrence"""
    duration: Length
    """How long each occurrence is"""
    timezone: str
    """IANA zone whose wall clock the occurrences keep"""


class ExclusionAnswer(Answer):
    """Time that does not count in an agreement's figures, once the other party agrees.

    Where ``services``, ``indicators`` and ``targets`` are all empty it is about the whole agreement.
    """

    exclusion_id: str
    """Id of the exclusion"""
    agreement_id: str
    """Id of the agreement"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    kind: ExclusionKind
    """Why the time does not count; only `planned` time is bound by the agreed notice and cap"""
    state: ExclusionState
    """Its state; only `approved` time does not count"""
    services: list[str]
    """Ids of the services that it is limited to"""
    indicators: list[str]
    """Indicators that it is limited to, each by its party's id and its key, joined by `/`"""
    targets: list[str]
    """Ids of the targets that it is limited to"""
    intervals: list[TimeInterval]
    """The time; of a recurrence each occurrence"""
    recurrence: RecurrenceAnswer | None
    """The rule by which it recurs; null if it does not"""
    text: str
    """Its description by the party that asked"""
    evidence: list[Document]
    """The evidence given with the request"""
    requested_by_party_id: str
    """Id of the party that asked for it"""
    requested_by_principal_id: str | None
    """Id of the principal that asked for it"""
    requested_at: Instant
    """When it was asked for"""
    announced_at: Instant
    """When it was announced to the other party"""
    decide_by_at: Instant | None
    """Last instant at which the other party may decide; null: no limit"""
    if_silent: Literal["approved", "rejected"] | None
    """What it means if the party has not decided by then; null: no limit"""
    waits_for_party_id: str | None
    """Id of the party that has to decide; null once it is decided"""
    decided_by_party_id: str | None
    """Id of the party that decided; null until then, and where it was silent"""
    decided_by_principal_id: str | None
    """Id of the principal that decided; null until then, and where nobody did"""
    decided_at: Instant | None
    """When it was decided; null until then"""
    decision_reason: str | None
    """Why it was decided so; null until then"""
    decided_for_party_id: str | None
    """Id of the party for which its delegate decided; null if the party decided itself"""
    revoked_by_party_id: str | None
    """Id of the party that revoked it; null if not revoked"""
    revoked_by_principal_id: str | None
    """Id of the principal that revoked it; null if not revoked"""
    revoked_at: Instant | None
    """When it was revoked; null if not"""
    revocation_reason: str | None
    """Why it was revoked; null if not"""
    uncounted: list[UncountedInterval] = ABSENT
    """Approved time that is not excluded, and why; missing if it was not computed"""


class DelegateAnswer(Answer):
    """A party that decides on exclusions for another party."""

    delegate_id: str
    """Id of the appointment"""
    agreement_id: str
    """Id of the agreement"""
    party_id: str
    """Id of the party that is decided for"""
    delegate_party_id: str
    """Id of the party that decides"""
    reason: str
    """Why it was appointed"""
    appointed_by_principal_id: str | None
    """Id of the principal that appointed it"""
    appointed_at: Instant
    """When it was appointed"""
    ends_at: Instant | None
    """Last instant at which it may decide; null: no end"""
    dismissed_by_principal_id: str | None
    """Id of the principal that ended the appointment; null if nobody has"""
    dismissed_at: Instant | None
    """When the appointment was ended; null if it was not"""
