"""The life of a signed version: it comes into force, and is then superseded, expires or is terminated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown, WrongState
from slm_agreement.domain.terms import target_windows
from slm_agreement.domain.versions.agreement import State, Version
from slm_events import instants
from slm_events.agreement import (
    AgreementExpired,
    AgreementInForce,
    AgreementSuperseded,
    AgreementTerminated,
    AgreementTurned,
)

LIVE = frozenset({State.FINALIZED, State.IN_FORCE})
"""States of a version that is signed and has not ended."""


def next_turn_at(version: Version) -> int | None:
    """Return when the version's state next changes by itself (microseconds UTC); None if it never does."""
    if version.state == State.IN_FORCE:
        return version.ends_at
    if version.state == State.FINALIZED:
        instants_ = [at for at in (version.effective_at, version.ends_at) if at is not None]
        return min(instants_)
    return None


def turn_due(versions: Sequence[Version], now: int) -> list[tuple[int, Any]]:
    """Apply all due changes of one agreement in the order of their instants; return (instant, event) in that order.

    At the same instant, coming into force is applied before an end: an amendment that takes effect at the old version's
    expiry supersedes it.
    """
    turned: list[tuple[int, Any]] = []
    while due := [v for v in versions if (at := next_turn_at(v)) is not None and at <= now]:
        version = min(due, key=lambda v: (next_turn_at(v), not _begins(v), v.number))
        turned += _take_effect(version, versions) if _begins(version) else _end(version)
    return turned


@dataclass(frozen=True, slots=True)
class TerminationRequest:
    """A party's request to end the agreement earlier than the notice period allows. Instants are microseconds UTC."""

    request_id: str
    party_id: str
    identity: str
    """The person who made the request. The same person cannot consent."""
    name: str
    reason: str
    at: int | None
    """None means as soon as the other party consents."""
    asked_at: int


def end_versions(versions: Sequence[Version], reason: str, at: int, now: int) -> list[tuple[int, Any]]:
    """End the agreement before its term: every version that is signed and has not ended.

    Raises WrongState if nothing is signed, and Invalid for an instant in the past or within the notice period.
    """
    live = _live(versions)
    notice = _notice(live)
    earliest = now + (target_windows.length(notice) or 0)
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


def ask(versions: Sequence[Version], asked: TerminationRequest) -> Version:
    """Record a request to end earlier; return the version that keeps it. Raises WrongState and Invalid."""
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


def consent(
    versions: Sequence[Version], request_id: str, party_id: str, identity: str, now: int
) -> list[tuple[int, Any]]:
    """End the agreement as the other party requested.

    Raises NotAllowed for the person who asked, Unknown if there is no request with this id, and WrongState if no
    version is signed.
    """
    live = _live(versions)
    asked = _open_request_of(live, request_id)
    if asked.party_id == party_id or asked.identity == identity:
        raise NotAllowed("The other party must consent, and a different person from the one who asked.")
    for version in live:
        version.ending = None
    return _terminated(live, versions, asked.reason, max(now, asked.at or now), now)


def drop_request(versions: Sequence[Version], request_id: str) -> Version:
    """Withdraw or decline a request; return the version that kept it. Raises Unknown and WrongState."""
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
    """Return the notice period of the version in force, or of the next one if none is in force."""
    version = min(live, key=lambda each: (each.state != State.IN_FORCE, each.number))
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
    live: Sequence[Version], versions: Sequence[Version], reason: str, at: int, now: int
) -> list[tuple[int, Any]]:
    for version in live:
        if version.ends_at is None or at < version.ends_at:
            version.ends_at, version.end_reason = at, reason
            version.edits += 1
    return turn_due(versions, now)


def _begins(version: Version) -> bool:
    if version.state != State.FINALIZED or version.effective_at is None:
        return False
    return version.ends_at is None or version.effective_at < version.ends_at


def _take_effect(version: Version, versions: Sequence[Version]) -> list[tuple[int, Any]]:
    at = version.effective_at or 0
    turned: list[tuple[int, Any]] = []
    for old in versions:
        if old.state == State.IN_FORCE:
            old.state, old.ended_at = State.SUPERSEDED, at
            old.edits += 1
            turned.append((at, _turned(AgreementSuperseded, old, at, by_version=version.number)))
    version.state = State.IN_FORCE
    version.edits += 1
    return [*turned, (at, _turned(AgreementInForce, version, at))]


def _end(version: Version) -> list[tuple[int, Any]]:
    at = version.ends_at or 0
    version.ended_at = at
    version.edits += 1
    if version.end_reason:
        version.state = State.TERMINATED
        return [(at, _turned(AgreementTerminated, version, at, reason=version.end_reason))]
    version.state = State.EXPIRED
    return [(at, _turned(AgreementExpired, version, at))]


def _turned(event: type[AgreementTurned], version: Version, at: int, **more: Any) -> AgreementTurned:
    return event(
        agreement_id=version.identity.agreement_id,
        version=version.number,
        provider_party_id=version.identity.provider_party_id,
        customer_party_id=version.identity.customer_party_id,
        at=instants.to_text(at),
        **more,
    )
