"""The event by which every service learns how access tokens are signed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKeyAnnounced:
    """A public key was announced: access tokens that are signed with its private half stand for API keys."""

    token_key_id: str
    """The ``kid`` in the header of the tokens."""
    curve: str
    """``Ed25519``."""
    public_key: str
    """The public key, Base64url without padding: the ``x`` of a JSON Web Key (RFC 8037)."""
    expires_at: str
    """The instant from which every token with this key is refused. Each token expires by itself within an hour."""
