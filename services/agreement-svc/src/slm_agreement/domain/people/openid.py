"""Log-ins with an OpenID provider: open log-ins, subjects linked to principals, and roles that follow from claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from slm_agreement.domain.people.accounts import normalise_address
from slm_agreement.domain.people.people import Person
from slm_events.instants import UtcMicroseconds

MINUTE = 60_000_000
LOG_IN_LASTS = 10 * MINUTE
"""Microseconds within which a log-in must be completed after it was begun."""


@dataclass(frozen=True, slots=True)
class OpenIdLogIn:
    """A log-in that was begun at an OpenID provider. The browser that began it may complete it once.

    Only hashes are stored.
    """

    sha256: str
    """SHA-256 of the ``state`` that was sent to the provider."""
    browser_sha256: str
    """SHA-256 of a secret that only the browser has."""
    expires_at: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class OpenIdLink:
    """A subject of an OpenID provider that has logged in as a principal. The link is kept when the mail address
    changes.
    """

    link_id: str
    issuer: str
    subject: str
    principal_id: str
    linked_at: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """The identity of somebody who has logged in at an OpenID provider, as the provider's tokens prove it."""

    issuer: str
    subject: str
    name: str
    email: str | None
    """None unless the provider has verified the address."""
    claims: Mapping[str, Any]

    @property
    def link_id(self) -> str:
        """The id of the OpenID link of this subject.

        If a person is recorded for the subject, the person's key ends with the first 16 characters of this id.
        """
        return sha256(f"{self.issuer}\n{self.subject}".encode()).hexdigest()

    def is_at(self, person: Person | None) -> bool:
        """Return whether the verified mail address is the one recorded with the person."""
        return (
            person is not None
            and bool(self.email)
            and normalise_address(self.email or "") == normalise_address(person.email or "")
        )


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """A rule of the settings: whoever has this value in this claim belongs to the party and has the roles.

    ``party`` is the party's key or id.
    """

    claim: str
    value: str
    party: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimedRoles:
    """The party and the roles that the settings' rules give to somebody with certain claims."""

    party: str
    roles: tuple[str, ...]


def roles_from_claims(rules: Iterable[ClaimRule], claims: Mapping[str, Any]) -> ClaimedRoles | None:
    """Return the party and the roles of all rules that the claims fulfil.

    None if the claims fulfil no rule, or rules of two parties: a person belongs to one party.
    """
    fulfilled = [rule for rule in rules if rule.value in _values(claims, rule.claim)]
    parties = {rule.party for rule in fulfilled}
    if len(parties) != 1:
        return None
    return ClaimedRoles(parties.pop(), tuple(sorted({role for rule in fulfilled for role in rule.roles})))


def _values(claims: Mapping[str, Any], name: str) -> Sequence[str]:
    """Return the texts of a claim; ``name`` is the whole name of the claim or a path into nested claims:
    ``realm_access.roles``.
    """
    found: Any = claims
    for part in (name,) if name in claims else name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return [value for value in values if isinstance(value, str)]
