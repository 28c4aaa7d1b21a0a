"""The people of a party and their mandates to sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slm_agreement.application import callers
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.register import Register, replace_details
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown
from slm_agreement.domain.people.people import Mandate, Person
from slm_chassis.access import Principal

PEOPLE = Register[Person](
    "person",
    "record",
    kept=lambda ledger: ledger.people,
    may_see=lambda caller, person: caller.may_see(person.party_id),
    audited=lambda person: {"name": person.name, "mandates": [mandate.role for mandate in person.mandates]},
)


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """The fields of a person that can be edited."""

    name: str
    email: str | None
    mandates: list[Mandate]
    external_refs: list[dict[str, Any]]


async def record_person(
    ledgers: LedgerFactory, caller: Principal, party_id: str | None, key: str | None, details: PersonDetails
) -> tuple[Person, bool]:
    """Record a person of a party; return the person and whether the person is new.

    ``party_id`` None: the party of the caller. An operator must name a party. ``key`` None: the person gets a random
    key.
    """
    callers.require_manager(caller)
    party_id = callers.require_acting_party(caller, party_id)
    key = callers.key_or_random(key)
    identity = callers.derive_id(party_id, "person", key)
    person = Person(identity, party_id, key, details.name, details.email, details.mandates, details.external_refs)
    async with ledgers.begin() as ledger:
        if await ledger.parties.get(party_id) is None:
            raise Unknown(f"There is no party {party_id!r}.")
        await check_address_is_free(ledger, person)
        return await PEOPLE.enter(ledger, caller, person)


async def edit_person(
    ledgers: LedgerFactory,
    caller: Principal,
    person_id: str,
    details: PersonDetails,
    unless_changed: Callable[[Person], None],
) -> Person:
    """Change the name, mail address or mandates of a person. Signatures already given stay valid.

    ``unless_changed`` raises if the person has changed since the caller read it. Raises Unknown.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        person = await PEOPLE.locked(ledger, caller, person_id)
        unless_changed(person)
        await _must_not_sign(ledger, caller, person)
        person = replace_details(person, details)
        await check_address_is_free(ledger, person)
        return await PEOPLE.change(ledger, caller, person)


async def _must_not_sign(ledger: Ledger, caller: Principal, person: Person) -> None:
    """Raise NotAllowed if the person has a principal that may sign and the caller is no operator."""
    bound = await ledger.principal_of(person.person_id)
    principal = await ledger.principals.get(bound) if bound is not None else None
    if principal is not None and principal.may_sign and not caller.is_operator:
        raise NotAllowed(f"{person.name} may sign: only an operator can edit this record.")


async def check_address_is_free(ledger: Ledger, person: Person) -> None:
    """Raise Invalid if another person of the same party has this mail address, because an address identifies one human
    being.
    """
    if not person.email:
        return
    await ledger.lock(f"addresses of {person.party_id}")
    others = [each for each in await ledger.people_with(person.party_id, person.email) if each != person.person_id]
    if others:
        remedy = f"write another address, or use the existing person {others[0]}"
        raise Invalid("Another person has this address.", [Finding("email", person.email, remedy)])
