"""Principals and their API keys: who may call, as whom, with which roles; and the events that tell every service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slm_agreement.domain.errors import Finding, Invalid, Unknown
from slm_events import instants
from slm_events.agreement import KeyRevoked, PrincipalEnrolled

OPERATOR = "operator"
PARTY_ROLES = ("service_level_manager", "business_signatory", "provider_signatory", "integrator", "viewer")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key by its SHA-256; the key itself is shown once and kept nowhere."""

    key_id: str
    sha256: str
    scopes: list[str]
    created_at: int
    revoked_at: int | None = None


@dataclass(slots=True)
class EnrolledPrincipal:
    """A principal as it stands; ``party_id`` None is an operator of the installation."""

    principal_id: str
    party_id: str | None
    key: str
    name: str
    roles: list[str]
    person_id: str | None = None
    keys: list[ApiKey] = field(default_factory=list)

    def enrolled(self) -> PrincipalEnrolled:
        return PrincipalEnrolled(**self._state())

    def revoke(self, key_id: str, now: int) -> KeyRevoked | None:
        """Revokes a key; None where it was revoked before. Raises Unknown."""
        for index, key in enumerate(self.keys):
            if key.key_id != key_id:
                continue
            if key.revoked_at is not None:
                return None
            self.keys[index] = ApiKey(key.key_id, key.sha256, key.scopes, key.created_at, now)
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


def check_roles(roles: list[str], party_id: str | None) -> list[str]:
    """Roles without repetition. Raises Invalid: operators belong to no party, everyone else to one."""
    allowed = PARTY_ROLES if party_id is not None else (OPERATOR,)
    for index, role in enumerate(roles):
        if role not in allowed:
            remedy = f"write some of: {', '.join(allowed)}"
            raise Invalid("A role that this principal cannot have.", [Finding(f"roles[{index}]", role, remedy)])
    return sorted(set(roles))
