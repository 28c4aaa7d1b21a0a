"""Answers about exclusions of time, and about delegates who decide on them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.shapes import (
    Budget,
    Document,
    Exact,
    Instant,
    Length,
    TimeInterval,
    UncountedInterval,
    Verdict,
)

ExclusionKind = Literal["planned", "force_majeure", "customer_caused", "claim"]
ExclusionState = Literal["requested", "approved", "rejected", "revoked"]


class RecurrenceAnswer(Answer):
    """The rule by which an exclusion recurs. Part of an exclusion's answer."""

    rule: str
    """RRULE of RFC 5545"""
    start: Instant = Field(alias="from")
    """The first occurrence"""
    duration: Length
    """Length of each occurrence"""
    timezone: str
    """IANA zone whose wall clock the occurrences keep"""


class ExclusionAnswer(Answer):
    """Time that is left out of an agreement's figures, once the other party has approved it.

    If ``services``, ``indicators`` and ``targets`` are all empty, the exclusion concerns the whole agreement.
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
    """Why the time is to be excluded; only `planned` time is limited by the agreed notice and cap"""
    state: ExclusionState
    """State of the exclusion; only `approved` time is left out of figures"""
    services: list[str]
    """Ids of the services to which the exclusion is limited"""
    indicators: list[str]
    """Indicators to which the exclusion is limited, each by its party's id and its key, joined by `/`"""
    targets: list[str]
    """Ids of the targets to which the exclusion is limited"""
    intervals: list[TimeInterval]
    """The time to exclude; of a recurring exclusion each occurrence"""
    recurrence: RecurrenceAnswer | None
    """The rule by which the exclusion recurs; null if it does not recur"""
    text: str
    """Description by the party that requested the exclusion"""
    evidence: list[Document]
    """The evidence given with the request"""
    requested_by_party_id: str
    """Id of the party that requested the exclusion"""
    requested_by_principal_id: str | None
    """Id of the principal that requested the exclusion"""
    requested_at: Instant
    """When the exclusion was requested"""
    announced_at: Instant
    """When the time was announced to the other party"""
    decide_by_at: Instant | None
    """Last instant at which the other party may decide; null: no limit"""
    if_silent: Literal["approved", "rejected"] | None
    """The decision that takes effect if nobody decides until `decide_by_at`; null: no limit"""
    waits_for_party_id: str | None
    """Id of the party that has to decide; null after the decision"""
    decided_by_party_id: str | None
    """Id of the party that decided; null before the decision, and if `if_silent` took effect"""
    decided_by_principal_id: str | None
    """Id of the principal that decided; null before the decision, and if `if_silent` took effect"""
    decided_at: Instant | None
    """When the decision was made; null until then"""
    decision_reason: str | None
    """Reason for the decision; null until then"""
    decided_for_party_id: str | None
    """Id of the party for which its delegate decided; null if the party decided itself"""
    revoked_by_party_id: str | None
    """Id of the party that revoked the exclusion; null if not revoked"""
    revoked_by_principal_id: str | None
    """Id of the principal that revoked the exclusion; null if not revoked"""
    revoked_at: Instant | None
    """When the exclusion was revoked; null if not revoked"""
    revocation_reason: str | None
    """Reason for the revocation; null if not revoked"""
    uncounted: list[UncountedInterval] = ABSENT
    """Time that is approved but not excluded, and why; missing if that was not computed"""


class DelegateAnswer(Answer):
    """The appointment of a party that decides on exclusions for another party."""

    delegate_id: str
    """Id of the appointment"""
    agreement_id: str
    """Id of the agreement"""
    party_id: str
    """Id of the party in whose place the delegate decides"""
    delegate_party_id: str
    """Id of the party that decides"""
    reason: str
    """Why the delegate was appointed"""
    appointed_by_principal_id: str | None
    """Id of the principal that appointed the delegate"""
    appointed_at: Instant
    """When the delegate was appointed"""
    ends_at: Instant | None
    """Last instant at which the delegate may decide; null: no end"""
    dismissed_by_principal_id: str | None
    """Id of the principal that ended the appointment; null if nobody has"""
    dismissed_at: Instant | None
    """When the appointment was ended; null if it was not"""


class FigureUnderExclusions(Answer):
    """The outcome that a window would have if certain exclusions were in force. Warnings are left out, so `at_risk` is
    shown as `met`.
    """

    figure: Exact | None
    """The figure, exact, in the unit of the objective; null if there is none"""
    figure_display: str
    """The figure as text for people"""
    verdict: Verdict
    """Verdict of the window"""
    budget: Budget | None
    """The error budget; null if the target has none"""


class AffectedWindowAnswer(TimeInterval):
    """A window that contains time of an exclusion."""

    target_id: str
    """Id of the target"""
    target_title: str
    """Title of the target"""
    window_id: str
    """Id of the window, such as `2026-11`; of a rolling window, which ends now, its length"""


class WindowEffect(AffectedWindowAnswer):
    """The effect of the next decision on an exclusion: the outcome of a window now, and its outcome after this
    decision.
    """

    before: FigureUnderExclusions
    """The outcome now"""
    after: FigureUnderExclusions
    """The outcome after the decision: if the requested exclusion were approved, or the approved one revoked"""
    changes: bool
    """Whether the two outcomes differ"""


class WindowWithoutEffect(AffectedWindowAnswer):
    """A window that contains time of an exclusion, but for which the effect is not given."""

    cause: Literal["accepted", "not_evaluable", "not_kept", "shown_at_close", "too_many"]
    """`accepted`: both parties accepted the window, so it is frozen and the difference becomes an adjustment of a later
    window; `not_evaluable`: its terms cannot be evaluated; `not_kept`: its facts were deleted; `shown_at_close`: the
    agreement shows its customer figures only when a window closes; `too_many`: more windows than one answer calculates
    """


class ExclusionEffect(Answer):
    """The changes to figures, as of one instant, that the next decision on an exclusion would make.

    The next decision on a requested exclusion is its approval. The next decision on an approved exclusion is its
    revocation.
    """

    agreement_id: str
    """Id of the agreement"""
    as_of: Instant
    """The instant as of which the effect is calculated; later time changes no figure yet"""
    counted: list[TimeInterval]
    """Time that the exclusion leaves out of figures, or would leave out"""
    uncounted: list[UncountedInterval]
    """Time of the exclusion that is not excluded, and why"""
    shown: bool
    """Whether the caller may see the figures of the agreement; a delegate may not"""
    windows: list[WindowEffect]
    """The windows that contain time of the exclusion, the latest first; without windows that have not begun"""
    untold: list[WindowWithoutEffect]
    """The windows for which the effect is not given, and why"""
