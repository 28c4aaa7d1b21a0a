"""Principals, their roles and their API keys, and the events by which every service learns of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from slm_agreement.domain.errors import Finding, Invalid, Unknown
from slm_agreement.domain.people.people import SIGNATORY_ROLES
from slm_events import instants
from slm_events.agreement import KeyRevoked, PrincipalEnrolled

OPERATOR = "operator"
MANAGER = "service_level_manager"
SIGNATORIES = frozenset(SIGNATORY_ROLES.values())
PARTY_ROLES = (MANAGER, "business_signatory", "provider_signatory", "integrator", "viewer")
BY_OPERATOR, BY_INVITATION, BY_HOLDER, BY_MANAGER = "operator", "invitation", "holder", "manager"
"""How a key was issued: by an operator; by its holder with an invitation's code; by its holder with an older key; by a
manager of its party.
"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key by its SHA-256. The key itself is shown once and not stored."""

    key_id: str
    sha256: str
    scopes: list[str]
    created_at: int
    revoked_at: int | None = None
    issued_how: str = BY_MANAGER
    issued_by_principal_id: str = ""
    """Who issued it; for a key from an invitation, who invited."""
    issued_by_name: str = ""
    may_sign: bool = False
    """Whether only its holder or an operator was involved in issuing it. No other key may sign."""


@dataclass(slots=True)
class EnrolledPrincipal:
    """The present state of a principal. ``party_id`` is None for an operator of the installation."""

    principal_id: str
    party_id: str | None
    key: str
    name: str
    roles: list[str]
    person_id: str | None = None
    keys: list[ApiKey] = field(default_factory=list)

    @property
    def may_sign(self) -> bool:
        """Whether it has the role of a signatory."""
        return not SIGNATORIES.isdisjoint(self.roles)

    def live_key(self, key_id: str | None) -> ApiKey | None:
        """Return the key with this id; None if it is unknown or revoked."""
        return next((key for key in self.keys if key.key_id == key_id and key.revoked_at is None), None)

    def enrolled(self) -> PrincipalEnrolled:
        """Return the event that carries the present state."""
        return PrincipalEnrolled(**self._state())

    def revoke(self, key_id: str, now: int) -> KeyRevoked | None:
        """Revoke a key and return the event; None if it was revoked before. Raises Unknown."""
        for index, key in enumerate(self.keys):
            if key.key_id != key_id:
                continue
            if key.revoked_at is not None:
                return None
            self.keys[index] = replace(key, revoked_at=now)
            return KeyRevoked(**self._state(), revoked_key_id=key_id)
        raise Unknown(f"The principal has no key {key_id!r}.")

    def _state(self) -> dict[str, Any]:
        return {
            "principal_id": self.principal_id,
            "party_id": self.party_id,
            "name": self.name,
            "roles": list(self.roles),
            "person_id": self.person_id,
            "keys": [
                {
                    "key_id": key.key_id,
                    "sha256": key.sha256,
                    "scopes": list(key.scopes),
                    "revoked_at": None if key.revoked_at is None else instants.to_text(key.revoked_at),
                }
                for key in self.keys
            ],
        }


def check_roles(roles: list[str], party_id: str | None, person_id: str | None) -> list[str]:
    """Return the roles, sorted and without repetition; raises Invalid for roles that the principal cannot have.

    An operator belongs to no party, everyone else to one. Who manages principals cannot sign, and neither can a
    machine.
    """
    allowed = PARTY_ROLES if party_id is not None else (OPERATOR,)
    for index, role in enumerate(roles):
        if role not in allowed:
            remedy = f"write some of: {', '.join(allowed)}"
            raise Invalid("A role that this principal cannot have.", [Finding(f"roles[{index}]", role, remedy)])
    signing = sorted(SIGNATORIES & set(roles))
    if signing and MANAGER in roles:
        remedy = f"give {signing[0]} to another person: whoever manages principals and drafts cannot sign"
        raise Invalid("Managing and signing must be done by two people.", [Finding("roles", ", ".join(roles), remedy)])
    if signing and person_id is None:
        remedy = f"name the person who signs, or leave {signing[0]} out: a machine has no mandate"
        raise Invalid("Only a person can sign.", [Finding("person_id", "none", remedy)])
    return sorted(set(roles))
