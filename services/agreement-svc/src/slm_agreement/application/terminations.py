"""The end of an agreement before its term: with the agreed notice, or earlier with the other party's consent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_agreement.application import agreements, callers
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.versions import term
from slm_agreement.domain.versions.agreement import Version
from slm_chassis.access import Principal
from slm_chassis.identity import new_id
from slm_events.instants import UtcMicroseconds

Turned = tuple[list[Version], Version]


async def terminate_agreement(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, reason: str, at: UtcMicroseconds | None
) -> Turned:
    """End the agreement at the instant ``at`` (microseconds UTC; None: now), which must keep the notice period.

    Return all versions and the newest version that ends. Raises NotAllowed unless the caller may sign for a side, or is
    a manager of the recorder of an agreement on record; WrongState if no version is signed or on record; and Invalid if
    ``at`` is past or too early for the notice period.
    """
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        if versions[0].identity.is_on_record:
            # The contract was ended elsewhere, and the record only says so: whoever may record may enter that.
            versions[0].identity.side_of(caller.party_id)
            callers.require_manager(caller)
        else:
            await agreements.authorize_caller_to_sign(ledger, caller, versions[0].identity)
        instant = ledger.now if at is None else at
        turned = term.end_versions(versions, reason, instant, ledger.now)
        await _keep(ledger, versions, turned)
        await ledger.note(caller, "agreement.terminate", agreement_id, {"reason": reason, "at": instant})
    return versions, _ended_last(versions)


async def request_termination(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, reason: str, at: UtcMicroseconds | None
) -> Turned:
    """Ask the other party to end the agreement earlier than the notice period allows: at ``at`` (microseconds UTC;
    None: as soon as the other party consents).

    Return all versions and the version that stores the request. The same request again changes nothing; a request with
    another reason or instant replaces the earlier one. Raises NotAllowed, Invalid, and WrongState if the other party
    has asked already.
    """
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        agreements.refuse_on_record(versions, "enter its end without by_consent, with the reason")
        by = await agreements.authorize_caller_to_sign(ledger, caller, versions[0].identity)
        asked = term.TerminationRequest(
            new_id(), by.person.party_id, by.person.identity, by.person.name, reason, at, ledger.now
        )
        version = term.record_termination_request(versions, asked)
        await ledger.agreements.save(version)
        await ledger.note(caller, "agreement.ask-to-end", agreement_id, {"reason": reason, "at": at})
    return versions, version


async def consent_to_termination(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, request_id: str
) -> Turned:
    """End the agreement as the other party requested: at the requested instant, or now if this instant is past.

    Return all versions and the newest version that ends.
    """
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        by = await agreements.authorize_caller_to_sign(ledger, caller, versions[0].identity)
        turned = term.record_termination_consent(
            versions, request_id, by.person.party_id, by.person.identity, ledger.now
        )
        await _keep(ledger, versions, turned)
        await ledger.note(caller, "agreement.consent-to-end", agreement_id, {"request_id": request_id})
    return versions, _ended_last(versions)


async def drop_termination_request(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, request_id: str
) -> Turned:
    """Withdraw the request of the caller's own side, or decline the request of the other side.

    Return all versions and the version that stored the request.
    """
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        await agreements.authorize_caller_to_sign(ledger, caller, versions[0].identity)
        version = term.drop_termination_request(versions, request_id)
        await ledger.agreements.save(version)
        await ledger.note(caller, "agreement.drop-ending", agreement_id, {"request_id": request_id})
    return versions, version


async def _keep(ledger: Ledger, versions: Sequence[Version], turned: Sequence[tuple[int, Any]]) -> None:
    for version in versions:
        await ledger.agreements.save(version)
    for at, event in turned:
        ledger.publish(event, at=at)


def _ended_last(versions: Sequence[Version]) -> Version:
    return max(versions, key=lambda version: (version.ends_at is not None, version.number))
