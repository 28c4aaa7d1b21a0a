"""Invitations: a code that works once, with which a company joins or a person creates their own key."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_events.agreement import KeyRevoked, PrincipalEnrolled

PARTY, PRINCIPAL = "party", "principal"
OPEN, ACCEPTED, WITHDRAWN, EXPIRED = "open", "accepted", "withdrawn", "expired"
SCOPE = "invitations:write"
"""The only scope of a code that is used as a key."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """The present state of an invitation. Only the SHA-256 of its code is stored. Instants are microseconds UTC."""

    invitation_id: str
    party_id: str | None
    """The inviting party; None for an operator of the installation."""
    principal_id: str | None
    """The principal for which the code creates a key; None if it invites a company."""
    alias: str
    """The inviter's name for the invited company or person, until it chooses its own key and name."""
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
        """``party`` for a company, ``principal`` for a person's key."""
        return PARTY if self.principal_id is None else PRINCIPAL

    @property
    def by_operator(self) -> bool:
        """Whether an operator invited."""
        return self.party_id is None

    def state_at(self, now: int) -> str:
        """Return ``open``, ``accepted``, ``withdrawn`` or ``expired``."""
        return EXPIRED if self.state == OPEN and now >= self.expires_at else self.state

    def opened(self) -> PrincipalEnrolled:
        """Return the event that makes every service accept the code as a key for accepting the invitation."""
        return self._bearer().enrolled()

    def closed(self, now: int) -> KeyRevoked:
        """Return the event that makes every service refuse the code."""
        revoked = self._bearer().revoke(self.invitation_id, now)
        assert revoked is not None
        return revoked

    def _bearer(self) -> EnrolledPrincipal:
        """Return the holder of the code as a principal without party and role."""
        key = ApiKey(self.invitation_id, self.sha256, [SCOPE], self.created_at)
        return EnrolledPrincipal(
            self.invitation_id, None, self.invitation_id, "bearer of an invitation", [], None, [key]
        )
