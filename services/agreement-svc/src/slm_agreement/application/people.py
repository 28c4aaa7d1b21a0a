"""People of a party and their mandates to sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slm_agreement.application import callers, registering
from slm_agreement.application.ledger import Desk, Ledger
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown
from slm_agreement.domain.people import Mandate, Person
from slm_chassis.access import Principal


async def record(
    desk: Desk,
    caller: Principal,
    party_id: str | None,
    key: str | None,
    name: str,
    email: str | None,
    mandates: list[Mandate],
    external_refs: list[dict[str, Any]],
) -> tuple[Person, bool]:
    """A person of the caller's party (an operator names the party), and whether it is new."""
    callers.must_manage(caller)
    party_id = callers.party_for(caller, party_id)
    key = callers.key_or_random(key)
    person = Person(callers.id_of(party_id, "person", key), party_id, key, name, email, mandates, external_refs)
    async with desk.begin() as ledger:
        if await ledger.parties.get(party_id) is None:
            raise Unknown(f"There is no party {party_id!r}.")
        await _address_is_free(ledger, person)
        kept, is_new = await registering.enter(ledger, ledger.people, person.person_id, person)
        if is_new:
            await ledger.note(caller, "person.record", kept.person_id, _told(kept))
    return kept, is_new


async def edit(
    desk: Desk,
    caller: Principal,
    person_id: str,
    name: str,
    email: str | None,
    mandates: list[Mandate],
    external_refs: list[dict[str, Any]],
    unless_changed: Callable[[Person], None],
) -> Person:
    """Another name, address or other mandates; what was signed under the old ones stays signed. Raises Unknown."""
    callers.must_manage(caller)
    async with desk.begin() as ledger:
        await ledger.lock(person_id)
        person = await seen(ledger, caller, person_id)
        unless_changed(person)
        await _must_not_sign(ledger, caller, person)
        person = replace(person, name=name, email=email, mandates=mandates, external_refs=external_refs)
        await _address_is_free(ledger, person)
        await ledger.people.put(person)
        await ledger.note(caller, "person.edit", person_id, _told(person))
    return person


async def seen(ledger: Ledger, caller: Principal, person_id: str) -> Person:
    """A person of a party that the caller may see. Raises Unknown."""
    person = await ledger.people.get(person_id)
    if person is None or not caller.may_see(person.party_id):
        raise Unknown(f"There is no person {person_id!r} that you may see.")
    return person


async def _must_not_sign(ledger: Ledger, caller: Principal, person: Person) -> None:
    """Raises NotAllowed where a manager would change who somebody is, or may sign as, that signs."""
    bound = await ledger.principal_of(person.person_id)
    principal = await ledger.principals.get(bound) if bound is not None else None
    if principal is not None and principal.may_sign and not caller.is_operator:
        raise NotAllowed(f"{person.name} may sign: an operator edits the record of somebody who does.")


async def _address_is_free(ledger: Ledger, person: Person) -> None:
    """Raises Invalid where somebody else of the party has the mail address: it tells one human being from another."""
    if not person.email:
        return
    await ledger.lock(f"addresses of {person.party_id}")
    others = [each for each in await ledger.people_with(person.party_id, person.email) if each != person.person_id]
    if others:
        remedy = f"write another address, or use the person there is, {others[0]}"
        raise Invalid("The address is another person's.", [Finding("email", person.email, remedy)])


def _told(person: Person) -> dict[str, Any]:
    return {"name": person.name, "mandates": [mandate.role for mandate in person.mandates]}
