"""The workflow of an exclusion (requested → approved | rejected, approved → revoked) and its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_calendar.intervals import Interval
from slm_events import exclusions
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, ExclusionScope, UncountedExclusionTime

REQUESTED, APPROVED, REJECTED, REVOKED = "requested", "approved", "rejected", "revoked"


class InvalidExclusionTransition(Exception):
    """The exclusion's present state does not allow the requested change of state."""


class DelegateAlreadyDismissed(InvalidExclusionTransition):
    """The appointment of a delegate has already ended and cannot be ended again."""


class ExclusionDecisionNotAllowed(Exception):
    """The party may see the exclusion but may not decide on it."""


@dataclass(frozen=True, slots=True)
class ActingParty:
    """The party that acts, and its principal; both None if a request was decided because nobody answered in time."""

    party_id: str | None = None
    principal_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExclusionRecord:
    """An exclusion in its present state.

    ``recurrence`` is the rule from which ``intervals`` were computed; None if the exclusion does not recur.
    ``if_silent`` is the decision that takes effect if nobody decides by ``decide_by_at``.
    """

    exclusion_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    kind: str
    scope: ExclusionScope
    intervals: tuple[Interval, ...]
    recurrence: Mapping[str, Any] | None
    text: str
    evidence: Sequence[Mapping[str, Any]]
    requested_by: ActingParty
    requested_at: UtcMicroseconds
    announced_at: UtcMicroseconds
    decide_by_at: UtcMicroseconds | None = None
    if_silent: str | None = None
    state: str = REQUESTED
    decided_by: ActingParty = ActingParty()
    decided_at: UtcMicroseconds | None = None
    decision_reason: str | None = None
    decided_for_party_id: str | None = None
    """The party for which a delegate decided; None if the party decided itself."""
    revoked_by: ActingParty = ActingParty()
    revoked_at: UtcMicroseconds | None = None
    revocation_reason: str | None = None

    @property
    def other_party_id(self) -> str:
        """The party that did not request the exclusion, and so decides on it."""
        is_providers = self.requested_by.party_id == self.provider_party_id
        return self.customer_party_id if is_providers else self.provider_party_id

    def approved(self) -> ApprovedExclusion | None:
        """Return the exclusion in the form that evaluation uses; None unless it is approved."""
        if self.state != APPROVED or self.decided_at is None:
            return None
        return ApprovedExclusion(
            self.exclusion_id,
            self.agreement_id,
            self.kind,
            self.intervals,
            self.scope,
            self.announced_at,
            self.decided_at,
        )


def apply_exclusion_decision(
    entry: ExclusionRecord,
    decision: str,
    by: ActingParty,
    reason: str,
    now: UtcMicroseconds,
    for_party_id: str | None = None,
) -> ExclusionRecord:
    """Return the exclusion with the decision of the party that did not request it, or of that party's delegate.

    ``decision`` is the new state, approved or rejected. ``for_party_id`` is the party for which a delegate decides;
    None if the party decides itself. Raises InvalidExclusionTransition, ExclusionDecisionNotAllowed.
    """
    if entry.other_party_id not in (by.party_id, for_party_id):
        raise ExclusionDecisionNotAllowed(
            "only the party that did not ask for an exclusion, or its delegate, decides on it"
        )
    _expect(entry, REQUESTED, decision)
    return replace(
        entry, state=decision, decided_by=by, decided_at=now, decision_reason=reason, decided_for_party_id=for_party_id
    )


def apply_exclusion_silence(entry: ExclusionRecord) -> ExclusionRecord:
    """Return the exclusion decided as ``if_silent`` says, because nobody decided by ``decide_by_at``.

    The instant of the decision is ``decide_by_at``. Raises InvalidExclusionTransition.
    """
    assert entry.if_silent is not None and entry.decide_by_at is not None
    _expect(entry, REQUESTED, entry.if_silent)
    return replace(
        entry, state=entry.if_silent, decided_at=entry.decide_by_at, decision_reason="nobody decided in time"
    )


def apply_exclusion_revocation(
    entry: ExclusionRecord, by: ActingParty, reason: str, now: UtcMicroseconds
) -> ExclusionRecord:
    """Return the approved exclusion as revoked by one of its parties. Raises InvalidExclusionTransition."""
    _expect(entry, APPROVED, REVOKED)
    return replace(entry, state=REVOKED, revoked_by=by, revoked_at=now, revocation_reason=reason)


def _expect(entry: ExclusionRecord, state: str, wanted: str) -> None:
    if entry.state != state:
        raise InvalidExclusionTransition(f"it is {entry.state}; only one that is {state} can be {wanted}")


def _event_fields(entry: ExclusionRecord) -> dict[str, Any]:
    return {
        "exclusion_id": entry.exclusion_id,
        "agreement_id": entry.agreement_id,
        "provider_party_id": entry.provider_party_id,
        "customer_party_id": entry.customer_party_id,
        "kind": entry.kind,
        "service_ids": sorted(entry.scope.services),
        "indicators": sorted(entry.scope.indicators),
        "target_ids": sorted(entry.scope.targets),
        "intervals": [{"from": to_text(start), "to": to_text(end)} for start, end in entry.intervals],
        "recurrence": None if entry.recurrence is None else dict(entry.recurrence),
        "text": entry.text,
        "evidence": [dict(each) for each in entry.evidence],
        "requested_by_party_id": entry.requested_by.party_id,
        "requested_at": to_text(entry.requested_at),
        "announced_at": to_text(entry.announced_at),
        "decide_by_at": None if entry.decide_by_at is None else to_text(entry.decide_by_at),
        "if_silent": entry.if_silent,
    }


def build_exclusion_requested(entry: ExclusionRecord) -> exclusions.ExclusionRequested:
    return exclusions.ExclusionRequested(**_event_fields(entry))


def build_exclusion_decided(
    entry: ExclusionRecord, uncounted: Sequence[UncountedExclusionTime], now: UtcMicroseconds
) -> exclusions.ExclusionDecided:
    """Build the event of a decision. ``uncounted``: approved time that is not excluded, because the exclusion was
    announced too late or the cap is used up.
    """
    return exclusions.ExclusionDecided(
        **_event_fields(entry),
        decision=entry.state,
        decided_by_party_id=entry.decided_by.party_id,
        decided_for_party_id=entry.decided_for_party_id,
        decided_at=to_text(entry.decided_at or now),
        reason=entry.decision_reason or "",
        uncounted=[each.document() for each in uncounted],
        published_at=to_text(now),
    )


def build_exclusion_revoked(entry: ExclusionRecord) -> exclusions.ExclusionRevoked:
    return exclusions.ExclusionRevoked(
        **_event_fields(entry),
        revoked_by_party_id=entry.revoked_by.party_id,
        revoked_at=to_text(entry.revoked_at or 0),
        reason=entry.revocation_reason or "",
    )
