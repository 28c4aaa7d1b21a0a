"""The first people of a company that is being registered: its manager, and the person named to sign for it."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.application import callers, new_invitations
from slm_agreement.application.ledger import Ledger
from slm_agreement.application.new_invitations import InvitationRequest
from slm_agreement.domain.errors import Finding, Invalid
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people.accounts import normalise_address
from slm_agreement.domain.people.enrolment import EnrolledPrincipal
from slm_agreement.domain.people.people import SIGNATORY_ROLES, Mandate, Person
from slm_chassis.access import Principal


@dataclass(frozen=True, slots=True)
class FirstPersonDetails:
    """Key, name and mail address of one of the first people of a company that is being registered."""

    key: str
    name: str
    email: str


async def enrol_person(
    ledger: Ledger, party_id: str, somebody: FirstPersonDetails, roles: list[str], mandates: list[Mandate]
) -> EnrolledPrincipal:
    """Store a person of a company that is being registered, and a principal with these roles for the person."""
    person_id = callers.derive_id(party_id, "person", somebody.key)
    person = Person(person_id, party_id, somebody.key, somebody.name, somebody.email, mandates)
    principal = EnrolledPrincipal(
        callers.derive_id(party_id, "principal", somebody.key),
        party_id,
        somebody.key,
        somebody.name,
        roles,
        person_id,
    )
    await ledger.people.put(person)
    await ledger.principals.put(principal)
    ledger.publish(principal.enrolled())
    return principal


async def invite_signatory(
    ledger: Ledger,
    party_id: str,
    manager: EnrolledPrincipal,
    somebody: FirstPersonDetails | None,
    console_url: str | None,
) -> str | None:
    """Enrol and invite ``somebody``, the first person who may sign for a company. The company's first manager asks for
    this.

    Returns the invitation's code. Returns None if ``somebody`` is None. Also returns None if ``console_url`` is given:
    then the code is mailed. Only an operator may invite a person who signs, so this function creates the invitation
    with an operator's rights, but records the manager as its author. The record of a signature by the invited person
    names the manager, too.
    """
    if somebody is None:
        return None
    roles = sorted(SIGNATORY_ROLES.values())
    mandates = [Mandate(role, f"Named by {manager.name} at the company's start") for role in roles]
    principal = await enrol_person(ledger, party_id, somebody, roles, mandates)
    operator = Principal(manager.principal_id, None, manager.name, frozenset({enrolment.OPERATOR}))
    wanted = InvitationRequest(principal.principal_id, somebody.name, "", somebody.email, None)
    is_mailed = console_url is not None
    invitation, code = await new_invitations.open_invitation(ledger, operator, wanted, is_mailed=is_mailed)
    if console_url is None:
        return code
    await new_invitations.mail_invitation(ledger, console_url, invitation, code)
    return None


def check_person(somebody: FirstPersonDetails, field: str) -> None:
    """Raise Invalid unless the person has a usable key and a mail address."""
    callers.key_or_random(somebody.key, f"{field}.key")
    if "@" not in somebody.email:
        raise Invalid("A mail address is missing.", [Finding(f"{field}.email", somebody.email, "write an address")])


def check_signatory(signatory: FirstPersonDetails, manager_key: str, manager_email: str) -> None:
    """Raise Invalid unless the signatory is another person than the company's first manager."""
    check_person(signatory, "signatory")
    if signatory.key == manager_key:
        remedy = "choose another key: managing and signing are done by two people"
        raise Invalid("One person cannot manage and sign.", [Finding("signatory.key", signatory.key, remedy)])
    if normalise_address(signatory.email) == normalise_address(manager_email):
        remedy = "write another person's address: managing and signing are done by two people"
        raise Invalid("One person cannot manage and sign.", [Finding("signatory.email", signatory.email, remedy)])
