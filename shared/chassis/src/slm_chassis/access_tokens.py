"""Access tokens. A token stands for an API key for an hour at most (RFC 6749, 4.4), or lets a service read on behalf of
a person for some minutes.

The key pair that signs the tokens is in the memory of the process that made it and is stored nowhere. Its public half
is announced on ``slm.access``, where every service reads it: all processes accept the tokens, also after the process
that signed them has ended.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from slm_chassis.access import hash_of
from slm_chassis.clock import SECOND
from slm_chassis.identity import new_id
from slm_events import instants
from slm_events.access_tokens import TokenKeyAnnounced
from slm_events.instants import UtcMicroseconds

PREFIX = "slmt_"
"""The beginning of an access token. No API key and no token of an OpenID provider begins like this."""
LIFETIME = 3_600 * SECOND
"""The longest time for which a token is valid, in microseconds."""
SIGNING = 24 * LIFETIME
"""How long a process signs with one key pair, in microseconds."""
CURVE: Final = "Ed25519"
_ALGORITHM = "Ed25519"
_LONGEST = 16 << 10
_READING = re.compile(r"GET /\S+|POST /[\w/-]+/reading-links")
"""The requests that can be allowed to a token that reads in a person's place."""
_MOST_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The content of a token: the API key that it stands for, its scopes, and when it expires."""

    key_id: str
    scopes: frozenset[str]
    """Empty: the scopes of the key."""
    expires_at: UtcMicroseconds
    """The instant from which the token is refused, in whole seconds, as microseconds UTC."""


@dataclass(frozen=True, slots=True)
class ReadingToken:
    """The content of a token with which a service reads on behalf of a person: the person's principal, the only
    requests that may be sent, and when it expires.
    """

    principal_id: str
    requests: tuple[str, ...]
    """Each as ``METHOD path``; not empty. All of them read, except one that makes a reading link for the person."""
    expires_at: UtcMicroseconds
    """The instant from which the token is refused, in whole seconds, as microseconds UTC."""


class TokenSigner:
    """A new key pair with which tokens are signed. The private half is in memory only."""

    def __init__(self, now: UtcMicroseconds) -> None:
        self._pair = OKPKey.generate_key(CURVE)
        self.token_key_id = new_id()
        self.signs_until = now + SIGNING
        self.expires_at = self.signs_until + LIFETIME
        """The instant from which no token with this key is valid."""

    @property
    def public_key(self) -> str:
        """The public half, Base64url: the ``x`` of a JSON Web Key."""
        return str(self._pair.as_dict(private=False)["x"])

    def sign(self, token: AccessToken | ReadingToken) -> str:
        """Return the token as text."""
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": self.token_key_id}
        claims: dict[str, Any] = {"exp": token.expires_at // SECOND}
        if isinstance(token, ReadingToken):
            claims |= {"sub": token.principal_id, "requests": list(token.requests)}
        else:
            claims["client_id"] = token.key_id
            if token.scopes:
                claims["scope"] = " ".join(sorted(token.scopes))
        text = json.dumps(claims, separators=(",", ":")).encode()
        return PREFIX + jws.serialize_compact(header, text, self._pair, algorithms=[_ALGORITHM])


class TokenKeys:
    """The public keys that were announced, and the tokens that were found to be signed with them."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[OKPKey, UtcMicroseconds]] = {}
        self._read: OrderedDict[str, tuple[str, AccessToken | ReadingToken]] = OrderedDict()
        """Hash of a token → id of its signing key, and what it says. A signature costs a tenth of a millisecond."""

    def __contains__(self, token_key_id: object) -> bool:
        return token_key_id in self._keys

    def learn(self, announced: TokenKeyAnnounced) -> None:
        """Accept tokens that are signed with an announced key; raises ValueError if the announcement is not valid."""
        try:
            expires_at = instants.from_text(announced.expires_at)
            public = OKPKey.import_key({"kty": "OKP", "crv": announced.curve, "x": announced.public_key})
            # A malformed key is found only here.
            is_usable = announced.curve == CURVE and public.public_key is not None
        except (JoseError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"no public key: {error!r}") from error
        if not is_usable:
            raise ValueError(f"the curve {announced.curve!r} is not known")
        self._keys[announced.token_key_id] = public, expires_at

    def forget(self, token_key_id: str) -> None:
        """Refuse all tokens that are signed with a key."""
        self._keys.pop(token_key_id, None)

    def expire(self, now: UtcMicroseconds) -> None:
        """Drop the keys and tokens that have expired."""
        self._keys = {name: kept for name, kept in self._keys.items() if now < kept[1]}
        while self._read and self._is_over(next(iter(self._read.values())), now):
            self._read.popitem(last=False)

    def read(self, token: str, now: UtcMicroseconds) -> AccessToken | ReadingToken | None:
        """Return the content of a token; None if it is not signed with a known key, or has expired."""
        remembered = hash_of(token)
        found = self._read.get(remembered) or self._checked(token)
        if found is None or self._is_over(found, now):
            return None
        self._read[remembered] = found
        if len(self._read) > _MOST_REMEMBERED:
            self._read.popitem(last=False)
        return found[1]

    def _is_over(self, found: tuple[str, AccessToken | ReadingToken], now: UtcMicroseconds) -> bool:
        key = self._keys.get(found[0])
        return key is None or now >= key[1] or now >= found[1].expires_at

    def _checked(self, token: str) -> tuple[str, AccessToken | ReadingToken] | None:
        text = token.removeprefix(PREFIX)
        if len(text) > _LONGEST or not text.isascii():
            return None
        try:
            signed = jws.extract_compact(text.encode())
            token_key_id = signed.headers().get("kid")
            key = self._keys.get(token_key_id) if isinstance(token_key_id, str) else None
            if token_key_id is None or key is None:
                return None
            claims = json.loads(jws.deserialize_compact(text, key[0], algorithms=[_ALGORITHM]).payload)
            return token_key_id, _read_claims(claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


def _read_claims(claims: Mapping[str, Any]) -> AccessToken | ReadingToken:
    expires_at = int(claims["exp"]) * SECOND
    if "sub" in claims:
        requests = tuple(claims["requests"])
        # Without a request the token would allow everything that the person may do.
        if "client_id" in claims or not requests or not all(_READING.fullmatch(each) for each in requests):
            raise ValueError("a token that reads for a person names the requests that it sends, and no key")
        return ReadingToken(str(claims["sub"]), requests, expires_at)
    return AccessToken(str(claims["client_id"]), frozenset(claims.get("scope", "").split()), expires_at)
