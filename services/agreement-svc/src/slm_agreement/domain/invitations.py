"""Invitations: a code that works once, by which a company takes part or a person makes a key of its own."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.domain.enrolment import ApiKey, EnrolledPrincipal
from slm_events.agreement import KeyRevoked, PrincipalEnrolled

PARTY, PRINCIPAL = "party", "principal"
OPEN, ACCEPTED, WITHDRAWN, EXPIRED = "open", "accepted", "withdrawn", "expired"
SCOPE = "invitations:write"
"""All that a code is good for, wherever it is sent as a key."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as it stands; of its code only the SHA-256 is kept. Instants in microseconds UTC."""

    invitation_id: str
    party_id: str | None
    """Who invites; None: an operator of the installation."""
    principal_id: str | None
    """Whose key the code makes; None: it invites a company."""
    alias: str
    """What the inviter calls the invited company or person, until it chooses a key and name of its own."""
    note: str
    sha256: str
    created_at: int
    created_by_principal_id: str
    created_by_name: str
    expires_at: int
    state: str = OPEN
    ended_at: int | None = None
    accepted_party_id: str | None = None

    @property
    def kind(self) -> str:
        return PARTY if self.principal_id is None else PRINCIPAL

    @property
    def by_operator(self) -> bool:
        return self.party_id is None

    def state_at(self, now: int) -> str:
        """``open``, ``accepted``, ``withdrawn`` or ``expired``."""
        return EXPIRED if self.state == OPEN and now >= self.expires_at else self.state

    def opened(self) -> PrincipalEnrolled:
        """What makes the code known as a key that may do nothing but accept."""
        return self._bearer().enrolled()

    def closed(self, now: int) -> KeyRevoked:
        """What makes the code void everywhere."""
        revoked = self._bearer().revoke(self.invitation_id, now)
        assert revoked is not None
        return revoked

    def _bearer(self) -> EnrolledPrincipal:
        """Whoever holds the code, as a principal of no party and without a role."""
        key = ApiKey(self.invitation_id, self.sha256, [SCOPE], self.created_at)
        return EnrolledPrincipal(
            self.invitation_id, None, self.invitation_id, "bearer of an invitation", [], None, [key]
        )
