"""The acts that a version of an agreement needs from a party now: an answer, a signature or a decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from slm_agreement.domain.contracting import signing
from slm_agreement.domain.people.people import SIGNATORY_ROLES
from slm_agreement.domain.versions.agreement import ON_THE_TABLE, Version, VersionState
from slm_agreement.domain.versions.term import LIVE
from slm_events import instants
from slm_events.instants import UtcMicroseconds

ANSWER, SIGNATURE, DECISION = "answer", "signature", "decision"
REVISION, TERMINATION, AMENDMENT = "revision", "termination_request", "drafted_amendment"
NEEDS = (ANSWER, SIGNATURE, DECISION)
_MANAGER = "service_level_manager"


@dataclass(frozen=True, slots=True)
class RequiredAct:
    """An act that a version needs from a party: an answer, a signature or a decision."""

    need: str
    """``answer`` to the proposed revision, ``signature`` of the accepted revision, or ``decision`` on the other party's
    request to end the agreement early or on an amendment that the product drafted.
    """
    about: str
    """The subject of the act: ``revision``, ``termination_request`` or ``drafted_amendment``."""
    party_id: str
    roles: tuple[str, ...]
    """The roles that allow a principal to perform the act; one of them is enough."""
    person_id: str | None
    """The only person who can perform the act; None: anybody of the party with one of the roles."""
    not_by: tuple[str, ...]
    """Ids of people who cannot perform the act, because they have already signed."""
    deadline: UtcMicroseconds | None
    """By when the act is needed (microseconds UTC); None: there is no deadline."""

    def is_for(self, party_id: str | None, roles: Collection[str], person_id: str | None) -> bool:
        """Return whether a principal of this party, with these roles and this person, may perform the act."""
        right = self.party_id == party_id and not set(self.roles).isdisjoint(roles)
        return right and self.person_id in (None, person_id) and person_id not in self.not_by


def required_acts(version: Version) -> list[RequiredAct]:
    """Return every act that the version needs now from either party."""
    identity = version.identity
    if version.state in ON_THE_TABLE and version.awaited_party_id is not None:
        awaited = version.awaited_party_id
        # A party whose targets were refused must write another revision, which signatories may not do.
        writes = version.tabled_by_party_id == awaited
        roles = (_MANAGER,) if writes else (_MANAGER, SIGNATORY_ROLES[identity.side_of(awaited)])
        return [RequiredAct(ANSWER, REVISION, awaited, roles, None, (), version.answer_by)]
    if version.state == VersionState.AGREED:
        return _signatures(version)
    if version.state in LIVE and version.ending is not None:
        other = identity.other_than(version.ending["party_id"])
        decider = SIGNATORY_ROLES[identity.side_of(other)]
        return [RequiredAct(DECISION, TERMINATION, other, (decider,), None, (), version.ending["at"])]
    if version.state == VersionState.DRAFT and version.drafted_by_party_id is None:
        parties = (identity.provider_party_id, identity.customer_party_id)
        return [RequiredAct(DECISION, AMENDMENT, party_id, (_MANAGER,), None, (), None) for party_id in parties]
    return []


def other_signed_at(version: Version, party_id: str | None) -> int | None:
    """Return when the other party last signed the current revision (microseconds UTC); None: it has not signed.

    ``party_id`` is the party that asks.
    """
    current = version.current.hash
    signed = [s.signed_at for s in version.signatures if s.revision_hash == current and s.party_id != party_id]
    return max(signed, default=None)


def _signatures(version: Version) -> list[RequiredAct]:
    sides = {"provider": version.identity.provider_party_id, "customer": version.identity.customer_party_id}
    signed = tuple(s.person_id for s in version.signatures if s.revision_hash == version.current.hash)
    starts = version.current.document["term"]["effective_at"]
    deadline = None if starts is None else instants.from_text(starts)
    return [
        RequiredAct(SIGNATURE, REVISION, sides[side], (SIGNATORY_ROLES[side],), person_id, signed, deadline)
        for side, person_id in signing.pending_signatures(version)
    ]
