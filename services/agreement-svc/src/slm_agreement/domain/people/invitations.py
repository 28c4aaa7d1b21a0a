"""Invitations: a code that works once, with which a company joins or a person creates an API key or password."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_events.agreement import KeyRevoked, PrincipalEnrolled
from slm_events.instants import UtcMicroseconds

PARTY, PRINCIPAL = "party", "principal"
OPEN, ACCEPTED, WITHDRAWN, EXPIRED = "open", "accepted", "withdrawn", "expired"
SCOPE = "invitations:write"
"""The only scope of an invitation's code when the code is sent as an API key."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """The present state of an invitation. Only the SHA-256 of its code is stored. Instants are microseconds UTC."""

    invitation_id: str
    party_id: str | None
    """The inviting party; None for an operator of the installation."""
    principal_id: str | None
    """The principal for whom the code creates a key; None if the invitation is for a company."""
    alias: str
    """The inviter's name for the invited company or person, until they choose a key and name of their own."""
    note: str
    sha256: str
    created_at: UtcMicroseconds
    created_by_principal_id: str
    created_by_name: str
    expires_at: UtcMicroseconds
    state: str = OPEN
    ended_at: UtcMicroseconds | None = None
    accepted_party_id: str | None = None
    email: str | None = None
    """The mail address of the invited company or person; None if the inviter passes the code on."""
    is_mailed: bool = False
    """Whether the code was mailed to ``email`` and shown to nobody."""
    named_company_id: str | None = None
    """The inviter's named company that is invited; None for any other invitation."""

    @property
    def kind(self) -> str:
        """Whom the invitation is for: ``party`` (a company) or ``principal`` (the person behind a principal)."""
        return PARTY if self.principal_id is None else PRINCIPAL

    @property
    def by_operator(self) -> bool:
        """Whether an operator of the installation is the inviter."""
        return self.party_id is None

    def state_at(self, now: UtcMicroseconds) -> str:
        """Return the invitation's state: ``open``, ``accepted``, ``withdrawn`` or ``expired``."""
        return EXPIRED if self.state == OPEN and now >= self.expires_at else self.state

    def opened(self) -> PrincipalEnrolled:
        """Return the event by which every service accepts the code as a key that can only accept the invitation."""
        return self._bearer().enrolled()

    def closed(self, now: UtcMicroseconds) -> KeyRevoked:
        """Return the event that makes every service refuse the invitation's code. A code is published like a key."""
        revoked = self._bearer().revoke(self.invitation_id, now)
        assert revoked is not None
        return revoked

    def _bearer(self) -> EnrolledPrincipal:
        """Return the principal that stands for whoever sends the invitation's code. It has no party and no role."""
        key = ApiKey(self.invitation_id, self.sha256, [SCOPE], self.created_at)
        return EnrolledPrincipal(
            self.invitation_id, None, self.invitation_id, "bearer of an invitation", [], None, [key]
        )
