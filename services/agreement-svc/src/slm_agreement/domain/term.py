"""What becomes of a signed version: in force at its instant, then superseded, expired or terminated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_agreement.domain.agreement import Mover, State, Version
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, WrongState
from slm_agreement.domain.people import SIGNATORY_ROLES
from slm_events import instants
from slm_events.agreement import (
    AgreementExpired,
    AgreementInForce,
    AgreementSuperseded,
    AgreementTerminated,
    AgreementTurned,
)

LIVE = frozenset({State.FINALIZED, State.IN_FORCE})


def next_turn_at(version: Version) -> int | None:
    """When the version turns next, microseconds UTC; None where it never does by itself."""
    if version.state == State.IN_FORCE:
        return version.ends_at
    if version.state == State.FINALIZED:
        instants_ = [at for at in (version.effective_at, version.ends_at) if at is not None]
        return min(instants_)
    return None


def turn_due(versions: Sequence[Version], now: int) -> list[tuple[int, Any]]:
    """Turns whatever of one agreement is due, in the order of its instants; gives (instant, event) in that order.

    At one instant a version takes effect before another ends: an amendment effective at the old version's expiry
    supersedes it.
    """
    turned: list[tuple[int, Any]] = []
    while due := [v for v in versions if (at := next_turn_at(v)) is not None and at <= now]:
        version = min(due, key=lambda v: (next_turn_at(v), not _begins(v), v.number))
        turned += _take_effect(version, versions) if _begins(version) else _end(version)
    return turned


def terminate(versions: Sequence[Version], reason: str, at: int, mover: Mover, now: int) -> list[tuple[int, Any]]:
    """Ends the agreement before its term, now or at a later instant: every version signed and not yet ended.

    Raises NotAllowed without a signatory's role, WrongState where nothing is signed, Invalid for a past instant.
    """
    side = versions[0].identity.side_of(mover.party_id)
    if SIGNATORY_ROLES[side] not in mover.roles:
        raise NotAllowed(f"Terminating for the {side} needs the role {SIGNATORY_ROLES[side]}.")
    live = [version for version in versions if version.state in LIVE]
    if not live:
        raise WrongState("There is no version in force to terminate.")
    if at < now:
        remedy = f"write an instant from {instants.to_text(now)} on, or leave it out for now"
        raise Invalid("An agreement ends now or later.", [Finding("at", instants.to_text(at), remedy)])
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
