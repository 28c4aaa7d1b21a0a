"""Tokens with which a service reads another service's API on behalf of a person, and the key pair that signs tokens.

A mail to a person shows figures from the product's API. They must be the figures that the person would get there. A
token names the person's principal and the only requests that may be sent. The caller then has the roles and the party
that the principal has at the time, and can change nothing that is agreed. The token expires after some minutes, or
earlier if the principal ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from slm_chassis.access import Principal
from slm_chassis.access_records import end_of, is_past
from slm_chassis.access_tokens import CURVE, ReadingToken, TokenSigner
from slm_chassis.clock import SECOND, Clock
from slm_events import instants
from slm_events.access_tokens import TokenKeyAnnounced
from slm_events.instants import UtcMicroseconds

READS_FOR = 300 * SECOND
"""How long a token that reads on behalf of a person is valid, in microseconds."""


class TokenReaders:
    """The principals in whose place tokens may read: all that have not ended, with their present roles and party."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Principal, UtcMicroseconds | None]] = {}

    def learn(self, principal: Principal, enrolled: Any) -> None:
        """Remember a principal and the instant at which it ends. ``enrolled`` is its PrincipalEnrolled, which has the
        instant.
        """
        self._known[principal.principal_id] = principal, end_of(enrolled)

    def forget(self, principal_id: str) -> None:
        """Refuse tokens that read on behalf of this principal."""
        self._known.pop(principal_id, None)

    def reader_of(self, token: ReadingToken, now: UtcMicroseconds) -> Principal | None:
        """Return the principal in whose place a token reads, limited to the token's requests; None if it has ended."""
        found, ends_at = self._known.get(token.principal_id, (None, None))
        if found is None or is_past(ends_at, now):
            return None
        return replace(found, limited_to=token.requests, expires_at=token.expires_at, by_token=True)


class KnownTokenKeys(Protocol):
    """Knows which signing keys the log has delivered."""

    async def wait_for_token_key(self, token_key_id: str) -> None:
        """Wait until the log has delivered the announcement of a token's key; raises AccessUnavailable."""
        ...


class AnnouncedSigner:
    """The key pair with which this process signs tokens, announced once a day.

    The private half is in the memory of this process only. Another process has a key of its own, and every process
    accepts the tokens of all of them.
    """

    def __init__(
        self, publish: Callable[[TokenKeyAnnounced], Awaitable[None]], access: KnownTokenKeys, clock: Clock
    ) -> None:
        """``publish`` stores the event in a transaction of its own, so that it reaches the log."""
        self._publish = publish
        self._access = access
        self._clock = clock
        self._signer: TokenSigner | None = None
        self._announcing = asyncio.Lock()

    async def ready(self) -> TokenSigner:
        """Return the key pair to sign with, once every service can know its public half. Raises AccessUnavailable."""
        async with self._announcing:
            now = self._clock.now()
            if self._signer is None or now >= self._signer.signs_until:
                signer = TokenSigner(now)
                await self._publish(announcement_of(signer))
                self._signer = signer
            signer = self._signer
        # A request that gives up waiting leaves the key: the next one waits for it, and announces no other.
        await self._access.wait_for_token_key(signer.token_key_id)
        return signer

    async def reading_token(self, principal_id: str, requests: Sequence[str]) -> str:
        """Return a token with which these requests can be sent on behalf of a principal. Raises AccessUnavailable."""
        signer = await self.ready()
        ends = (self._clock.now() + READS_FOR) // SECOND * SECOND
        return signer.sign(ReadingToken(principal_id, tuple(requests), ends))


def announcement_of(signer: TokenSigner) -> TokenKeyAnnounced:
    """Return the event by which every service learns the public half of a key pair."""
    return TokenKeyAnnounced(
        token_key_id=signer.token_key_id,
        curve=CURVE,
        public_key=signer.public_key,
        expires_at=instants.to_text(signer.expires_at),
    )
