"""The term of a signed version: it comes into force, and is later superseded, expires or is terminated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown, WrongState
from slm_agreement.domain.terms import target_windows
from slm_agreement.domain.versions.agreement import Version, VersionState
from slm_events import instants
from slm_events.agreement import (
    AgreementExpired,
    AgreementInForce,
    AgreementLifeEvent,
    AgreementSuperseded,
    AgreementTerminated,
)
from slm_events.instants import UtcMicroseconds

_WAITING = frozenset({VersionState.FINALIZED, VersionState.RECORDED})
"""States of a version that is signed or on record, and is not in force yet."""
LIVE = _WAITING | {VersionState.IN_FORCE}
"""States of a version that is signed or on record and has not ended."""


def next_state_change_at(version: Version) -> UtcMicroseconds | None:
    """Return when a signed version next comes into force or ends (microseconds UTC); None if nothing is to come."""
    if version.state == VersionState.IN_FORCE:
        return version.ends_at
    if version.state in _WAITING:
        instants_ = [at for at in (version.effective_at, version.ends_at) if at is not None]
        return min(instants_)
    return None


def last_notice_at(version: Version) -> UtcMicroseconds | None:
    """Return the last instant at which notice of the version's end can be given (microseconds UTC).

    This instant is the version's end minus the notice period. None if the version has no end, or no notice period.
    """
    terms = version.current.document["term"]
    expires_at = instants.from_text(terms["expires_at"]) if terms["expires_at"] else None
    ends_at = version.ends_at if version.ends_at is not None else expires_at
    notice = target_windows.parse_duration(terms["notice"])
    return None if ends_at is None or not notice else ends_at - notice


def apply_due_state_changes(versions: Sequence[Version], now: UtcMicroseconds) -> list[tuple[int, Any]]:
    """Apply all changes of state that are due in one agreement; return pairs of instant and event, the earliest first.

    At the same instant, coming into force is applied before an end: an amendment that takes effect at the old version's
    expiry supersedes the old version.
    """
    turned: list[tuple[int, Any]] = []
    while due := [v for v in versions if (at := next_state_change_at(v)) is not None and at <= now]:
        version = min(due, key=lambda v: (next_state_change_at(v), not _begins(v), v.number))
        turned += _take_effect(version, versions) if _begins(version) else _end(version)
    return turned


@dataclass(frozen=True, slots=True)
class TerminationRequest:
    """A party's request to end the agreement earlier than the notice period allows. Instants are microseconds UTC."""

    request_id: str
    party_id: str
    identity: str
    """The mail address, or else the id, of the person who made the request. The same person cannot consent to the
    request.
    """
    name: str
    reason: str
    at: UtcMicroseconds | None
    """When the agreement should end. None: as soon as the other party consents."""
    asked_at: UtcMicroseconds


def end_versions(
    versions: Sequence[Version], reason: str, at: UtcMicroseconds, now: UtcMicroseconds
) -> list[tuple[int, Any]]:
    """End the agreement early: ``at`` becomes the end of every signed version that would end later.

    Returns pairs of instant and event for the changes that are due now. Raises WrongState if no version is signed,
    and Invalid for an instant in the past or within the notice period.
    """
    live = _live(versions)
    # A record says what became of a contract; whether its notice was kept is between the two companies.
    notice = None if live[0].identity.is_on_record else _notice(live)
    earliest = now + (target_windows.parse_duration(notice) or 0)
    if at < now:
        remedy = f"write an instant from {instants.to_text(now)} on, or leave it out for now"
        raise Invalid("An agreement cannot end in the past.", [Finding("at", instants.to_text(at), remedy)])
    if at < earliest:
        remedy = (
            f"write an instant from {instants.to_text(earliest)} on, because the notice is {notice}; or ask the other "
            "party to consent, with by_consent"
        )
        raise Invalid("The notice period is not kept.", [Finding("at", instants.to_text(at), remedy, "term.notice")])
    return _terminated(live, versions, reason, at, now)


def end_record(versions: Sequence[Version], at: UtcMicroseconds, reason: str) -> bool:
    """Let an agreement on record end when the agreement that confirms it takes effect; return whether that changes it.

    ``at`` is that instant, in the future (microseconds UTC). The record is terminated and not superseded: a window of
    superseded terms is judged to its end, which would judge the days after ``at`` twice. A record that ends earlier
    stays as it is.
    """
    ending = [each for each in versions if each.state in LIVE and (each.ends_at is None or at < each.ends_at)]
    for version in ending:
        version.ends_at, version.end_reason = at, reason
        version.edits += 1
    return bool(ending)


def record_termination_request(versions: Sequence[Version], asked: TerminationRequest) -> Version:
    """Record a request to end the agreement early; return the version that stores the request.

    Raises WrongState and Invalid.
    """
    live = _live(versions)
    if asked.at is not None and asked.at < asked.asked_at:
        remedy = f"write an instant from {instants.to_text(asked.asked_at)} on, or leave it out"
        raise Invalid("An agreement cannot end in the past.", [Finding("at", instants.to_text(asked.at), remedy)])
    open_ = _open_request(live)
    if open_ is not None and open_.party_id != asked.party_id:
        raise WrongState(f"The other party has already asked: consent to {open_.request_id}, or decline it.")
    version = max(live, key=lambda each: each.number)
    same = open_ is not None and (open_.reason, open_.at) == (asked.reason, asked.at)
    if not same:
        for each in live:
            each.ending = None
        version.ending = asdict(asked)
        version.edits += 1
    return version


def record_termination_consent(
    versions: Sequence[Version], request_id: str, party_id: str, identity: str, now: UtcMicroseconds
) -> list[tuple[int, Any]]:
    """End the agreement as the other party requested.

    Returns pairs of instant and event for the changes that are due now. Raises NotAllowed for the party and for the
    person that made the request, Unknown if there is no open request with this id, and WrongState if no version is
    signed.
    """
    live = _live(versions)
    asked = _open_request_of(live, request_id)
    if asked.party_id == party_id or asked.identity == identity:
        raise NotAllowed("The other party must consent, and a different person from the one who asked.")
    for version in live:
        version.ending = None
    return _terminated(live, versions, asked.reason, max(now, asked.at or now), now)


def drop_termination_request(versions: Sequence[Version], request_id: str) -> Version:
    """Remove a request to end the agreement early; return the version that stored the request.

    Raises Unknown if there is no open request with this id, and WrongState if no version is signed.
    """
    live = _live(versions)
    _open_request_of(live, request_id)
    version = next(each for each in live if each.ending is not None)
    version.ending = None
    version.edits += 1
    return version


def _live(versions: Sequence[Version]) -> list[Version]:
    live = [version for version in versions if version.state in LIVE]
    if not live:
        raise WrongState("There is no version in force to terminate.")
    return live


def _notice(live: Sequence[Version]) -> str | None:
    """Return the notice period of the version in force or, if none is in force, of the next version; None if none is
    agreed.
    """
    version = min(live, key=lambda each: (each.state != VersionState.IN_FORCE, each.number))
    notice: str | None = version.current.document["term"]["notice"]
    return notice


def _open_request(live: Sequence[Version]) -> TerminationRequest | None:
    return next((TerminationRequest(**version.ending) for version in live if version.ending is not None), None)


def _open_request_of(live: Sequence[Version], request_id: str) -> TerminationRequest:
    asked = _open_request(live)
    if asked is None or asked.request_id != request_id:
        raise Unknown(f"There is no request {request_id!r} to end the agreement.")
    return asked


def _terminated(
    live: Sequence[Version], versions: Sequence[Version], reason: str, at: UtcMicroseconds, now: UtcMicroseconds
) -> list[tuple[int, Any]]:
    for version in live:
        if version.ends_at is None or at < version.ends_at:
            version.ends_at, version.end_reason = at, reason
            version.edits += 1
    return apply_due_state_changes(versions, now)


def _begins(version: Version) -> bool:
    if version.state not in _WAITING or version.effective_at is None:
        return False
    return version.ends_at is None or version.effective_at < version.ends_at


def _take_effect(version: Version, versions: Sequence[Version]) -> list[tuple[int, Any]]:
    at = version.effective_at or 0
    turned: list[tuple[int, Any]] = []
    for old in versions:
        if old.state == VersionState.IN_FORCE:
            old.state, old.ended_at = VersionState.SUPERSEDED, at
            old.edits += 1
            turned.append((at, _turned(AgreementSuperseded, old, at, by_version=version.number)))
    version.state = VersionState.IN_FORCE
    version.edits += 1
    return [*turned, (at, _turned(AgreementInForce, version, at))]


def _end(version: Version) -> list[tuple[int, Any]]:
    at = version.ends_at or 0
    version.ended_at = at
    version.edits += 1
    if version.end_reason:
        version.state = VersionState.TERMINATED
        return [(at, _turned(AgreementTerminated, version, at, reason=version.end_reason))]
    version.state = VersionState.EXPIRED
    return [(at, _turned(AgreementExpired, version, at))]


def _turned(event: type[AgreementLifeEvent], version: Version, at: UtcMicroseconds, **more: Any) -> AgreementLifeEvent:
    return event(
        agreement_id=version.identity.agreement_id,
        version=version.number,
        provider_party_id=version.identity.provider_party_id,
        customer_party_id=version.identity.customer_party_id,
        at=instants.to_text(at),
        **more,
    )
