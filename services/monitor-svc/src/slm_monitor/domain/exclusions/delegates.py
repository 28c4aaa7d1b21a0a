"""Delegates: parties that decide on the exclusions of one agreement for another party, until a fixed end or until they
are dismissed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.exclusions.exclusion_workflow import ActingParty, DelegateAlreadyDismissed


@dataclass(frozen=True, slots=True)
class ExclusionDelegate:
    """An appointment: ``delegate_party_id`` decides for ``party_id`` on the exclusions of one agreement."""

    delegate_id: str
    agreement_id: str
    party_id: str
    delegate_party_id: str
    reason: str
    appointed_by: ActingParty
    appointed_at: UtcMicroseconds
    ends_at: UtcMicroseconds | None = None
    dismissed_by: ActingParty | None = None
    dismissed_at: UtcMicroseconds | None = None

    def acts_at(self, instant: UtcMicroseconds) -> bool:
        """Whether the delegate may decide at an instant."""
        ends = [each for each in (self.ends_at, self.dismissed_at) if each is not None]
        return self.appointed_at <= instant and all(instant < each for each in ends)


def end_delegate_appointment(delegate: ExclusionDelegate, by: ActingParty, now: UtcMicroseconds) -> ExclusionDelegate:
    """Return the appointment with its end at ``now``; decisions that the delegate made before remain valid.

    Raises DelegateAlreadyDismissed if the appointment has already ended.
    """
    if not delegate.acts_at(now):
        raise DelegateAlreadyDismissed("it has ended already")
    return replace(delegate, dismissed_by=by, dismissed_at=now)


def may_decide_as_delegate(
    delegates: Iterable[ExclusionDelegate], for_party_id: str, party_id: str | None, now: UtcMicroseconds
) -> bool:
    """Whether ``party_id`` may decide for ``for_party_id`` as a delegate. An operator (``party_id`` None) may not."""
    return any(
        each.party_id == for_party_id and each.delegate_party_id == party_id and each.acts_at(now) for each in delegates
    )
