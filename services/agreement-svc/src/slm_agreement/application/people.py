"""People of a party and their mandates to sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slm_agreement.application import callers, registering
from slm_agreement.application.ledger import Desk, Ledger
from slm_agreement.domain.errors import Unknown
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
        person = replace(person, name=name, email=email, mandates=mandates, external_refs=external_refs)
        await ledger.people.put(person)
        await ledger.note(caller, "person.edit", person_id, _told(person))
    return person


async def seen(ledger: Ledger, caller: Principal, person_id: str) -> Person:
    """A person of a party that the caller may see. Raises Unknown."""
    person = await ledger.people.get(person_id)
    if person is None or not caller.may_see(person.party_id):
        raise Unknown(f"There is no person {person_id!r} that you may see.")
    return person


def _told(person: Person) -> dict[str, Any]:
    return {"name": person.name, "mandates": [mandate.role for mandate in person.mandates]}
