"""Links for guests: each is mailed for one agreement and confirmed by a code that is mailed to the same address."""

from __future__ import annotations

from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds

MINUTE = 60_000_000
LINK_LASTS = 30 * 24 * 60 * MINUTE
CODE_MINUTES = 10
MOST_FAILURES = 20
"""The number of wrong codes after which a link is blocked. There are a million codes, so guessing succeeds for one link
in 50,000.
"""
OPEN, WITHDRAWN, EXPIRED, BLOCKED = "open", "withdrawn", "expired", "blocked"
_READ = ("", "/**")
_DONE = ("/accept", "/answer", "/counter", "/comments", "/sign")


@dataclass(frozen=True, slots=True)
class GuestLink:
    """A link to one agreement that was mailed to a person. Only hashes of its secrets are stored.

    Instants are microseconds UTC.
    """

    link_id: str
    agreement_id: str
    principal_id: str
    person_id: str
    email: str
    """The normalised address that the link was mailed to. The link is void as soon as the person has another address.
    """
    sha256: str
    created_by_principal_id: str
    created_by_name: str
    created_at: UtcMicroseconds
    expires_at: UtcMicroseconds
    code_sha256: str = ""
    """SHA-256 of the link's id followed by the newest code; empty if there is no code, or it was used."""
    code_expires_at: UtcMicroseconds = 0
    failures: int = 0
    party_id: str | None = None
    """The party whose manager sent the link."""
    withdrawn_at: UtcMicroseconds | None = None
    reads_only: bool = False
    """Whether the link only lets a guest read: the product put it into its own mail, and no manager sent it."""

    def is_open(self, now: UtcMicroseconds) -> bool:
        """Return whether the link can still be used."""
        return self.state_at(now) == OPEN

    def state_at(self, now: UtcMicroseconds) -> str:
        """Return the link's state: ``open``, ``withdrawn``, ``expired``, or ``blocked`` after too many wrong codes."""
        if self.withdrawn_at is not None:
            return WITHDRAWN
        if now >= self.expires_at:
            return EXPIRED
        return OPEN if self.failures < MOST_FAILURES else BLOCKED

    def accepts(self, code_sha256: str, now: UtcMicroseconds) -> bool:
        """Return whether the code with this hash is the newest code of the link and still valid."""
        return bool(self.code_sha256) and code_sha256 == self.code_sha256 and now < self.code_expires_at


def guest_key_requests(link: GuestLink) -> list[str]:
    """Return the only requests that may be sent with a guest's key.

    They read the agreement and the guest's own data, and end the guest's session. If the link does not have
    ``reads_only``, they also comment on the agreement, answer it and sign it.
    """
    path = f"/api/v1/agreements/{link.agreement_id}"
    return [
        *(f"GET {path}{each}" for each in _READ),
        *(f"POST {path}{each}" for each in _DONE if not link.reads_only),
        "GET /api/v1/me",
        "DELETE /api/v1/sessions/current",
    ]
