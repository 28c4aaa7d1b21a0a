"""Principals, their roles and their API keys, and the events by which every service learns of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from slm_agreement.domain.errors import Finding, Invalid, Unknown
from slm_agreement.domain.people.people import SIGNATORY_ROLES
from slm_events import instants
from slm_events.agreement import KeyRevoked, PrincipalEnrolled
from slm_events.instants import UtcMicroseconds

OPERATOR = "operator"
MANAGER, AUDITOR = "service_level_manager", "auditor"
SIGNATORIES = frozenset(SIGNATORY_ROLES.values())
PARTY_ROLES = (MANAGER, "business_signatory", "provider_signatory", "integrator", "viewer", AUDITOR)
BY_OPERATOR, BY_INVITATION, BY_HOLDER, BY_MANAGER = "operator", "invitation", "holder", "manager"
"""How a key was issued: by an operator; by the principal itself with an invitation's code; by the principal itself with
an older key or by logging in; by a manager of its party.
"""
KEY, PASSWORD, SIGN_IN_LINK, MAIL_CODE, OIDC = "key", "password", "sign_in_link", "mail_code", "oidc"
"""How the user of a key is identified: by the key itself, or in a session by what the person logged in with."""

MOST_SUBJECTS = 5


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key of a principal, kept as its SHA-256. The key itself is shown once and not stored."""

    key_id: str
    sha256: str
    scopes: list[str]
    created_at: UtcMicroseconds
    revoked_at: UtcMicroseconds | None = None
    issued_how: str = BY_MANAGER
    issued_by_principal_id: str = ""
    """Id of the principal that issued the key or, for a key from an invitation, of the inviter."""
    issued_by_name: str = ""
    may_sign: bool = False
    """Whether the key may sign. It may sign only if each person who took part in issuing it is one of these:

    - the principal itself,
    - an operator,
    - the person who named the principal as first signatory when their company was registered.
    """
    expires_at: UtcMicroseconds | None = None
    """The instant from which the key is refused (microseconds UTC); None if the key does not expire."""
    identified_by: str = KEY
    limited_to: list[str] = field(default_factory=list)
    """The only requests that may be sent with the key, such as ``GET /api/v1/me``; empty: all that its roles and scopes
    allow.
    """
    client: str = ""
    """Where a session was begun, in the client's own words, such as a browser and a machine."""
    link_id: str = ""
    """Id of the guest link with which a session was begun; empty for every other key."""

    @property
    def is_session(self) -> bool:
        """Whether the key was issued for a log-in. Such a key always expires."""
        return self.identified_by != KEY

    def is_live(self, now: UtcMicroseconds) -> bool:
        """Return whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(slots=True)
class EnrolledPrincipal:
    """The present state of a principal: a person or a program that may call the API.

    ``party_id`` is None for an operator of the installation.
    """

    principal_id: str
    party_id: str | None
    key: str
    name: str
    roles: list[str]
    person_id: str | None = None
    keys: list[ApiKey] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    """Hashes of the OpenID provider's subjects that log in as the principal. Their access tokens are accepted as API
    keys, unless the principal may sign.
    """
    ends_at: UtcMicroseconds | None = None
    """The instant from which every key and session of the principal is refused (microseconds UTC); None if there is
    none.
    """

    @property
    def may_sign(self) -> bool:
        """Whether the principal has the role of a signatory."""
        return not SIGNATORIES.isdisjoint(self.roles)

    def live_key(self, key_id: str | None, now: UtcMicroseconds) -> ApiKey | None:
        """Return the key with this id; None if it is unknown, revoked or expired."""
        if self.has_ended(now):
            return None
        return next((key for key in self.keys if key.key_id == key_id and key.is_live(now)), None)

    def has_ended(self, now: UtcMicroseconds) -> bool:
        """Return whether the principal has ended, so that it can neither log in nor use a key."""
        return self.ends_at is not None and now >= self.ends_at

    def expiry_of(self, key: ApiKey) -> UtcMicroseconds | None:
        """Return when a key is refused (microseconds UTC): at its own expiry or at the principal's end, whichever is
        earlier.

        None if it has neither.
        """
        ends = [each for each in (key.expires_at, self.ends_at) if each is not None]
        return min(ends, default=None)

    def deactivate(self, now: UtcMicroseconds) -> None:
        """End the principal now and revoke all its keys.

        If the end is moved to a later instant, the principal can log in again, but revoked keys stay revoked.
        """
        self.ends_at = now
        self.keys = [replace(key, revoked_at=now) if key.is_live(now) else key for key in self.keys]

    def enrolled(self) -> PrincipalEnrolled:
        """Return the event that has the principal's present state."""
        return PrincipalEnrolled(**self._state())

    def revoke(self, key_id: str, now: UtcMicroseconds) -> KeyRevoked | None:
        """Revoke a key and return the event; None if it was revoked before. Raises Unknown."""
        for index, key in enumerate(self.keys):
            if key.key_id != key_id:
                continue
            if key.revoked_at is not None:
                return None
            self.keys[index] = replace(key, revoked_at=now)
            return KeyRevoked(**self._state(), revoked_key_id=key_id)
        raise Unknown(f"The principal has no key {key_id!r}.")

    def link(self, subject: str) -> None:
        """Accept the access tokens of an OpenID subject as keys of the principal.

        If the principal then has more than ``MOST_SUBJECTS`` subjects, the oldest subject is removed.
        """
        if subject not in self.subjects:
            self.subjects = [*self.subjects, subject][-MOST_SUBJECTS:]

    def _subjects(self) -> list[dict[str, Any]]:
        """Return the OpenID subjects in the form of keys, for the event.

        Empty for a principal that may sign: it is identified by its mail address, which an access token does not show.
        """
        return [
            {
                "key_id": str(UUID(hex=subject[:32])),
                "sha256": subject,
                "scopes": [],
                "revoked_at": None,
                "expires_at": _text(self.ends_at),
                "identified_by": OIDC,
            }
            for subject in ([] if self.may_sign else self.subjects)
        ]

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
                    "revoked_at": _text(key.revoked_at),
                    "expires_at": _text(self.expiry_of(key)),
                    **({"limited_to": list(key.limited_to)} if key.limited_to else {}),
                    **({"identified_by": key.identified_by} if key.is_session else {}),
                }
                for key in self.keys
            ]
            + self._subjects(),
            "ends_at": _text(self.ends_at),
        }


def check_roles(roles: list[str], party_id: str | None, person_id: str | None) -> list[str]:
    """Return the roles, sorted and without repetition; raises Invalid for roles that a principal cannot have.

    An operator belongs to no party; every other principal belongs to one party. A manager and a principal without a
    person cannot sign. An auditor cannot have another role.
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
    if AUDITOR in roles and len(set(roles)) > 1:
        remedy = f"leave {AUDITOR} out, or give it alone: an auditor changes nothing"
        raise Invalid("An auditor has no other role.", [Finding("roles", ", ".join(roles), remedy)])
    return sorted(set(roles))


def check_principal_end(roles: list[str], ends_at: UtcMicroseconds | None, now: UtcMicroseconds) -> None:
    """Raise Invalid if a principal with these roles cannot have the end ``ends_at`` (None: no end).

    ``now`` is the instant at which the end is set.
    """
    if ends_at is None and AUDITOR in roles:
        remedy = "write the instant at which the audit ends, like 2027-03-31T22:00:00Z"
        raise Invalid("An auditor is let in until a date.", [Finding("ends_at", "none", remedy)])
    if ends_at is not None and ends_at <= now:
        remedy = "write an instant in the future, or deactivate the principal to end it now"
        raise Invalid("The end is past.", [Finding("ends_at", instants.to_text(ends_at), remedy)])


def _text(instant: UtcMicroseconds | None) -> str | None:
    return None if instant is None else instants.to_text(instant)
