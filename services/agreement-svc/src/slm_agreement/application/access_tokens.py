"""Access tokens: a program exchanges an API key for a token that is valid for at most an hour (RFC 6749, 4.4)."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.domain.people import enrolment
from slm_chassis.access import Principal
from slm_chassis.access_registry import BOOTSTRAP_ID, AccessRegistry
from slm_chassis.access_tokens import LIFETIME, AccessToken
from slm_chassis.clock import SECOND, Clock
from slm_chassis.reading_tokens import AnnouncedSigner
from slm_events.access_tokens import TokenKeyAnnounced


class UnknownClient(Exception):
    """The key is not valid, or does not have the id that was sent with it."""


class ClientNotAllowed(Exception):
    """The key is valid, and no token is given for it. The message says why."""


class BeyondKey(Exception):
    """The key does not allow the scopes that were asked for."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What a program sends to get a token: the id of an API key, the key, and the scopes that it asks for."""

    key_id: str
    key: str
    scopes: frozenset[str]
    """Empty: all that the key allows."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token with its lifetime in seconds and its scopes, and the principal for whom it was made."""

    client: Principal
    text: str
    seconds: int
    scopes: frozenset[str]
    """Empty: all that the roles allow."""


class TokenIssuer:
    """Issues access tokens. Nothing is stored for a token; the key that signs tokens is announced once a day."""

    def __init__(self, ledgers: LedgerFactory, access: AccessRegistry, clock: Clock) -> None:
        self._ledgers = ledgers
        self._access = access
        self._clock = clock
        self._signer = AnnouncedSigner(self._publish, access, clock)

    async def issue(self, given: ClientCredentials) -> IssuedToken:
        """Issue a token that stands for an API key.

        Raises UnknownClient, ClientNotAllowed and BeyondKey. Raises AccessUnavailable if the event log does not answer
        in time.
        """
        client = await self._access.identify(given.key)
        if client is None or client.by_token or client.key_id != given.key_id:
            raise UnknownClient
        _must_suit(client)
        if any(not client.in_scope(*each.split(":", 1)) for each in given.scopes):
            raise BeyondKey
        scopes = given.scopes or client.scopes
        signer = await self._signer.ready()
        now = self._clock.now()
        ends = min(now + LIFETIME, client.expires_at or now + LIFETIME) // SECOND * SECOND
        if ends - now < SECOND:
            raise UnknownClient
        text = signer.sign(AccessToken(given.key_id, scopes, ends))
        return IssuedToken(client, text, (ends - now) // SECOND, scopes)

    async def _publish(self, announced: TokenKeyAnnounced) -> None:
        async with self._ledgers.begin() as ledger:
            ledger.publish(announced)


def _must_suit(client: Principal) -> None:
    """Raise ClientNotAllowed if the key is of a session, or for one purpose only, or if its principal may sign."""
    if client.identified_by != enrolment.KEY:
        raise ClientNotAllowed("this is the key of a session: issue a key for the program")
    if client.limited_to or client.key_id == BOOTSTRAP_ID:
        raise ClientNotAllowed("this key is for one purpose only: issue a key for the program")
    if not enrolment.SIGNATORIES.isdisjoint(client.roles):
        raise ClientNotAllowed("whoever may sign sends the key itself: enrol a principal for the program")
