"""Sign-in links and the set-up of an installation: each has a code that works once and expires."""

from __future__ import annotations

from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds

HOUR = 3_600_000_000
LINK_LASTS = 24 * HOUR
"""How long a sign-in link or a set-up code is valid, in microseconds."""
INSTALLATION = "installation"
"""The id of the only row in the table of the installation."""


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A link with which somebody can log in once as a principal. Only the SHA-256 of its code is stored."""

    link_id: str
    principal_id: str
    sha256: str
    created_by_principal_id: str
    created_by_name: str
    created_at: UtcMicroseconds
    expires_at: UtcMicroseconds
    used_at: UtcMicroseconds | None = None

    def is_open(self, now: UtcMicroseconds) -> bool:
        """Return whether the link can still be used."""
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class InstallationState:
    """The name of the installation, and the code with which its first party can be set up."""

    installation_id: str
    name: str = ""
    sha256: str = ""
    """SHA-256 of the set-up code; empty if there is none."""
    expires_at: UtcMicroseconds = 0
    set_up_at: UtcMicroseconds | None = None

    def accepts(self, sha256: str, now: UtcMicroseconds) -> bool:
        """Return whether the set-up code with this hash may be used now."""
        return bool(self.sha256) and sha256 == self.sha256 and self.set_up_at is None and now < self.expires_at
