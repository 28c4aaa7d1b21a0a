"""Principals and their API keys: what a principal may do, and what is stored of a key."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds

OPERATOR = "operator"
"""The role of the people who run the installation. It implies every other role and gives access to every party's data.
"""

AUDITOR = "auditor"
"""The role of people who read everything of their party, including its audit trail, and change nothing."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of the API, with the key that was used. ``party_id`` is None for an operator of the installation."""

    principal_id: str
    party_id: str | None
    name: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()
    """What the key allows: ``<resource>:read`` and ``<resource>:write``, ``*`` for every resource. Empty: the key
    allows everything that the roles allow.
    """
    person_id: str | None = None
    key_id: str | None = None
    expires_at: UtcMicroseconds | None = None
    """The instant from which the key is refused (microseconds UTC); None if the key does not expire."""
    limited_to: tuple[str, ...] = ()
    """The only requests that the key may send, as ``METHOD path``. A path that ends in ``/**`` includes all paths
    below it. Empty: the key may send any request.
    """
    identified_by: str = "key"
    """How the user was identified: ``key``, or for the key of a session the way in which the person logged in."""
    by_token: bool = False
    """Whether the request carried an access token that stands for the key, and not the key itself."""

    @property
    def is_operator(self) -> bool:
        """Whether the caller is one of the people who run the installation."""
        return self.party_id is None and OPERATOR in self.roles

    @property
    def only_reads(self) -> bool:
        """Whether the caller may change nothing except its own account."""
        return AUDITOR in self.roles

    def may_see(self, *party_ids: str | None) -> bool:
        """Whether the caller may see data of these parties: an operator, or a caller that belongs to one of them."""
        return self.is_operator or (self.party_id is not None and self.party_id in party_ids)

    def has_role(self, *roles: str) -> bool:
        """Whether the caller has one of the roles. An operator has every role. A use case may still refuse an operator,
        because the operator belongs to no party.
        """
        return self.is_operator or not self.roles.isdisjoint(roles)

    def may_send(self, method: str, path: str) -> bool:
        """Whether the key may send a request with this method and path. HEAD counts as GET.

        True for every request if the key is not limited to some requests (``limited_to`` is empty).
        """
        asked = f"{'GET' if method == 'HEAD' else method} {path}"
        return not self.limited_to or any(
            asked.startswith(each[:-2]) if each.endswith("/**") else asked == each for each in self.limited_to
        )

    def in_scope(self, resource: str, action: str) -> bool:
        """Whether the key's scopes allow an action, ``read`` or ``write``, on a resource.

        A resource is the first path segment after ``/api/v1``.
        """
        return not self.scopes or not self.scopes.isdisjoint({f"{resource}:{action}", f"*:{action}"})


def new_key() -> str:
    """Return a new API key: ``slm_`` and 256 random bits. It is shown once; only its hash is stored."""
    return "slm_" + secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal. A salt is not needed: 256 random bits cannot be found by guessing."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
