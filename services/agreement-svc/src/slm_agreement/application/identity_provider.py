"""The port by which use cases let an OpenID provider identify somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slm_agreement.domain.people.openid import ClaimRule, ProvenIdentity
from slm_events.instants import UtcMicroseconds


@dataclass(frozen=True, slots=True)
class LogInSecrets:
    """The random values that make one log-in distinct from every other. Each is used for one log-in only."""

    state: str
    nonce: str
    verifier: str
    """The code verifier of PKCE (RFC 7636)."""


@dataclass(frozen=True, slots=True)
class ProviderReply:
    """The parameters with which the OpenID provider sent the browser back."""

    code: str
    issuer: str | None


class IdentityProvider(Protocol):
    """An OpenID provider that this installation trusts."""

    name: str
    """The name of the provider, as people are shown it."""
    rules: tuple[ClaimRule, ...]
    """Rules that give party and roles. Without any rule, only people who are recorded already can log in."""
    only_party: str
    """Id or key of the only party whose people can log in if there are no rules; empty: people of all parties can."""

    async def address_for(self, secrets: LogInSecrets) -> str:
        """Return the provider's web address at which a log-in begins; raises ProviderAway."""
        ...

    async def identify(self, reply: ProviderReply, secrets: LogInSecrets, now: UtcMicroseconds) -> ProvenIdentity:
        """Exchange the reply's code for tokens and return whom they identify; raises ProviderAway and
        IdentityNotProven.
        """
        ...
