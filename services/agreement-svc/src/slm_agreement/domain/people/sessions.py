"""Sessions: API keys that a person gets by logging in, and that expire by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_events.instants import UtcMicroseconds

HOUR = 3_600_000_000
LASTS = 12 * HOUR
"""How long a session lasts, in microseconds. A session is not renewed: that would need another record on the log of
keys.
"""
MOST = 20
"""The most sessions of one principal at a time. Another one ends the oldest session, so that the principal's record
stays small.
"""


@dataclass(frozen=True, slots=True)
class Identification:
    """The way in which a person proved who they are at a log-in, and who issued the means of proof, such as a link or
    password.

    ``may_sign`` is whether signatures may be given in the session that begins.
    """

    identified_by: str
    issued_how: str
    issued_by_principal_id: str
    issued_by_name: str
    may_sign: bool


def live_sessions(principal: EnrolledPrincipal, now: UtcMicroseconds) -> list[ApiKey]:
    """Return the principal's sessions that have not ended, oldest first."""
    found = [key for key in principal.keys if key.is_session and key.is_live(now)]
    return sorted(found, key=lambda key: (key.created_at, key.key_id))


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """When a session ends (microseconds UTC), and the only requests that its key may send; an empty list means all."""

    expires_at: UtcMicroseconds
    limited_to: list[str]
    link_id: str = ""
    """Id of the guest link with which the session was begun; empty for every other session."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to begin: its id (also the id of its API key), the hash of the key, and the client."""

    session_id: str
    sha256: str
    client: str
    limits: SessionLimits | None = None
    """The limits of the session. None: it lasts twelve hours, and its key may send all requests."""


def add_session(principal: EnrolledPrincipal, new: NewSession, how: Identification, now: UtcMicroseconds) -> ApiKey:
    """Add a session to the principal and return its API key. Sessions that have ended are removed."""
    limits = new.limits or SessionLimits(now + LASTS, [])
    ends = limits.expires_at if principal.ends_at is None else min(limits.expires_at, principal.ends_at)
    session = ApiKey(
        new.session_id,
        new.sha256,
        [],
        now,
        issued_how=how.issued_how,
        issued_by_principal_id=how.issued_by_principal_id,
        issued_by_name=how.issued_by_name,
        may_sign=how.may_sign,
        expires_at=ends,
        identified_by=how.identified_by,
        limited_to=limits.limited_to,
        client=new.client,
        link_id=limits.link_id,
    )
    # A key that is dropped here is refused by every service like a revoked key, because each event with a principal
    # replaces the whole list of its keys.
    kept = {each.key_id for each in live_sessions(principal, now)[-(MOST - 1) :]}
    principal.keys = [each for each in principal.keys if not each.is_session or each.key_id in kept]
    principal.keys.append(session)
    return session


def end_sessions_of_link(principal: EnrolledPrincipal, link_id: str, now: UtcMicroseconds) -> bool:
    """Revoke the live sessions that were begun with this guest link; return whether there was any."""
    ending = {each.key_id for each in live_sessions(principal, now) if each.link_id == link_id}
    principal.keys = [replace(each, revoked_at=now) if each.key_id in ending else each for each in principal.keys]
    return bool(ending)


def end_all_sessions(principal: EnrolledPrincipal, now: UtcMicroseconds, but: str | None = None) -> bool:
    """Revoke every live session of a principal, except the session with the key id ``but``. Return whether one was
    revoked.
    """
    ending = {each.key_id for each in live_sessions(principal, now) if each.key_id != but}
    principal.keys = [replace(each, revoked_at=now) if each.key_id in ending else each for each in principal.keys]
    return bool(ending)
