"""Principals and API keys: operators enrol for any party, service level managers within their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slm_agreement.application import callers, registering
from slm_agreement.application.ledger import Desk, Ledger
from slm_agreement.domain import enrolment
from slm_agreement.domain.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import NAMESPACE, new_id


async def enrol(
    desk: Desk,
    caller: Principal,
    party_id: str | None,
    key: str | None,
    name: str,
    roles: list[str],
    person_id: str | None,
) -> tuple[EnrolledPrincipal, bool]:
    """A principal without keys yet, and whether it is new. An operator who names no party enrols an operator."""
    callers.must_manage(caller)
    if not (caller.is_operator and party_id is None):
        party_id = callers.party_for(caller, party_id)
    roles = enrolment.check_roles(roles, party_id)
    key = callers.key_or_random(key)
    principal_id = callers.id_of(party_id if party_id is not None else NAMESPACE, "principal", key)
    principal = EnrolledPrincipal(principal_id, party_id, key, name, roles, person_id)
    async with desk.begin() as ledger:
        await _check(ledger, principal)
        kept, is_new = await registering.enter(ledger, ledger.principals, principal_id, principal, ignoring=("keys",))
        if is_new:
            ledger.publish(kept.enrolled())
            await ledger.note(caller, "principal.enrol", principal_id, {"name": name, "roles": roles})
    return kept, is_new


async def edit(
    desk: Desk,
    caller: Principal,
    principal_id: str,
    name: str,
    roles: list[str],
    person_id: str | None,
    unless_changed: Callable[[EnrolledPrincipal], None],
) -> EnrolledPrincipal:
    """Another name, other roles or person; its keys stay and take the new roles at once. Raises Unknown."""
    async with desk.begin() as ledger:
        principal = await _managed(ledger, caller, principal_id)
        unless_changed(principal)
        roles = enrolment.check_roles(roles, principal.party_id)
        principal = replace(principal, name=name, roles=roles, person_id=person_id)
        await _check(ledger, principal)
        await ledger.principals.put(principal)
        ledger.publish(principal.enrolled())
        await ledger.note(caller, "principal.edit", principal_id, {"name": name, "roles": roles})
    return principal


async def issue_key(desk: Desk, caller: Principal, principal_id: str, scopes: list[str]) -> tuple[ApiKey, str]:
    """A new key and, this once, its secret. Raises NotAllowed for scopes beyond those of the caller's own key."""
    _must_hold(caller, scopes)
    secret = new_key()
    async with desk.begin() as ledger:
        principal = await _managed(ledger, caller, principal_id)
        api_key = ApiKey(new_id(), hash_of(secret), sorted(set(scopes)), ledger.now)
        principal.keys.append(api_key)
        await ledger.principals.put(principal)
        ledger.publish(principal.enrolled())
        await ledger.note(caller, "key.issue", principal_id, {"key_id": api_key.key_id, "scopes": api_key.scopes})
    return api_key, secret


async def revoke_key(desk: Desk, caller: Principal, principal_id: str, key_id: str) -> None:
    """The key is dead here at once and everywhere within moments; again changes nothing. Raises Unknown."""
    async with desk.begin() as ledger:
        principal = await _managed(ledger, caller, principal_id)
        revoked = principal.revoke(key_id, ledger.now)
        if revoked is None:
            return
        await ledger.principals.put(principal)
        ledger.publish(revoked)
        await ledger.note(caller, "key.revoke", principal_id, {"key_id": key_id})


async def _managed(ledger: Ledger, caller: Principal, principal_id: str) -> EnrolledPrincipal:
    """The principal, locked, if the caller manages its party. Raises Unknown, NotAllowed."""
    callers.must_manage(caller)
    await ledger.lock(principal_id)
    principal = await ledger.principals.get(principal_id)
    if principal is None or not caller.may_see(principal.party_id):
        raise Unknown(f"There is no principal {principal_id!r} that you may see.")
    return principal


def _must_hold(caller: Principal, scopes: list[str]) -> None:
    """A key that is limited must not beget one that is less so."""
    if not caller.scopes:
        return
    beyond = [each for each in scopes if not caller.in_scope(*each.split(":", 1))]
    if beyond or not scopes:
        detail = f"Your key is limited to {', '.join(sorted(caller.scopes))}: name scopes for the new key among these."
        raise NotAllowed(detail)


async def _check(ledger: Ledger, principal: EnrolledPrincipal) -> None:
    """Party and person exist, and belong together."""
    if principal.party_id is not None and await ledger.parties.get(principal.party_id) is None:
        raise Unknown(f"There is no party {principal.party_id!r}.")
    if principal.person_id is None:
        return
    person = await ledger.people.get(principal.person_id)
    if person is None or person.party_id != principal.party_id:
        remedy = "write the id of a person of the principal's party"
        raise Invalid("There is no such person.", [Finding("person_id", principal.person_id, remedy)])
