"""The end of an agreement before its term: with the agreed notice, or earlier with the other party's consent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_agreement.application import agreements
from slm_agreement.application.ledger import Desk, Ledger
from slm_agreement.domain.versions import term
from slm_agreement.domain.versions.agreement import Version
from slm_chassis.access import Principal
from slm_chassis.identity import new_id

Turned = tuple[list[Version], Version]


async def terminate(desk: Desk, caller: Principal, agreement_id: str, reason: str, at: int | None) -> Turned:
    """End the agreement at an instant (microseconds UTC; None means now) that keeps the notice period.

    Raises NotAllowed unless the caller may sign for a side, WrongState if nothing is signed, and Invalid within the
    notice period.
    """
    async with desk.begin() as ledger:
        versions = await agreements.opened(ledger, caller, agreement_id)
        await agreements.signer(ledger, caller, versions[0].identity)
        instant = ledger.now if at is None else at
        turned = term.end_versions(versions, reason, instant, ledger.now)
        await _keep(ledger, versions, turned)
        await ledger.note(caller, "agreement.terminate", agreement_id, {"reason": reason, "at": instant})
    return versions, _ended_last(versions)


async def ask(desk: Desk, caller: Principal, agreement_id: str, reason: str, at: int | None) -> Turned:
    """Ask the other party to end the agreement earlier than the notice period allows. Repeating it changes nothing."""
    async with desk.begin() as ledger:
        versions = await agreements.opened(ledger, caller, agreement_id)
        by = await agreements.signer(ledger, caller, versions[0].identity)
        asked = term.TerminationRequest(
            new_id(), by.person.party_id, by.person.identity, by.person.name, reason, at, ledger.now
        )
        version = term.ask(versions, asked)
        await ledger.agreements.save(version)
        await ledger.note(caller, "agreement.ask-to-end", agreement_id, {"reason": reason, "at": at})
    return versions, version


async def consent(desk: Desk, caller: Principal, agreement_id: str, request_id: str) -> Turned:
    """End the agreement as the other party requested, at the requested instant or now if that is past."""
    async with desk.begin() as ledger:
        versions = await agreements.opened(ledger, caller, agreement_id)
        by = await agreements.signer(ledger, caller, versions[0].identity)
        turned = term.consent(versions, request_id, by.person.party_id, by.person.identity, ledger.now)
        await _keep(ledger, versions, turned)
        await ledger.note(caller, "agreement.consent-to-end", agreement_id, {"request_id": request_id})
    return versions, _ended_last(versions)


async def drop_request(desk: Desk, caller: Principal, agreement_id: str, request_id: str) -> Turned:
    """Withdraw the own request, or decline the other party's."""
    async with desk.begin() as ledger:
        versions = await agreements.opened(ledger, caller, agreement_id)
        await agreements.signer(ledger, caller, versions[0].identity)
        version = term.drop_request(versions, request_id)
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
