"""The set-up of an installation: its first party, manager and signatory, guarded by a code that works once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slm_agreement.application import accounts, callers, invitations, sessions, throttle
from slm_agreement.application.accounts import NewPassword
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.passwords import Passwords
from slm_agreement.application.sessions import BegunSession, Origin
from slm_agreement.application.throttle import AttemptLimit
from slm_agreement.domain.errors import Finding, Invalid, WrongCredentials, WrongState
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people.accounts import check_password, normalise_address
from slm_agreement.domain.people.enrolment import EnrolledPrincipal
from slm_agreement.domain.people.people import SIGNATORY_ROLES, Mandate, Party, Person
from slm_agreement.domain.people.sign_in_links import INSTALLATION, LINK_LASTS, InstallationState
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import named_id

_FROM_ADDRESS = 50
_SET_UP = "the set-up of the installation"


@dataclass(frozen=True, slots=True)
class FirstPersonDetails:
    """A person of the first party: key, name and mail address."""

    key: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class SetUpData:
    """The data with which an installation is set up. ``signatory`` is None if no signatory is named."""

    installation_name: str
    party_key: str
    party_name: str
    manager: FirstPersonDetails
    password: str
    signatory: FirstPersonDetails | None


@dataclass(frozen=True, slots=True)
class SetUpResult:
    """The result of a set-up: the party, the manager's session, and the code of the signatory's invitation.

    The code is None if no signatory was named.
    """

    party: Party
    begun: BegunSession
    signatory_code: str | None


async def read_installation_state(ledgers: LedgerFactory) -> tuple[str, bool]:
    """Return the name of the installation, and whether it has a party."""
    async with ledgers.begin() as ledger:
        found = await ledger.installation.get(INSTALLATION)
        return (found.name if found else ""), await ledger.has_parties()


async def create_set_up_code(ledgers: LedgerFactory, caller: Principal) -> tuple[str, int]:
    """Create the code for the set-up; return it and when it expires (microseconds UTC). An earlier code becomes void.

    Raises NotAllowed, and WrongState if there is a party already.
    """
    callers.require_operator(caller)
    code = new_key()
    async with ledgers.begin() as ledger:
        await _must_be_empty(ledger)
        found = await ledger.installation.get(INSTALLATION) or InstallationState(INSTALLATION)
        made = replace(found, sha256=hash_of(code), expires_at=ledger.now + LINK_LASTS)
        await ledger.installation.put(made)
        await ledger.note(caller, "set-up.make", INSTALLATION)
    return code, made.expires_at


async def set_up_installation(
    ledgers: LedgerFactory, passwords: Passwords, code: str, first: SetUpData, origin: Origin
) -> SetUpResult:
    """Register the first party with its manager, who gets a password and a session, and invite its signatory.

    Raises TooManyAttempts, Invalid, WrongState if there is a party already, and WrongCredentials for a wrong or expired
    code.
    """
    limits = [AttemptLimit(f"address {origin.address}", _FROM_ADDRESS)]
    await throttle.count_attempt(ledgers, limits)
    async with ledgers.begin() as ledger:
        await _opened(ledger, code)
    _check(first)
    password_hash = await passwords.hash(first.password)
    async with ledgers.begin() as ledger:
        opened = await _opened(ledger, code)
        await throttle.take_back_attempt(ledger, limits)
        closed = replace(opened, name=first.installation_name, sha256="", set_up_at=ledger.now)
        await ledger.installation.put(closed)
        party = Party(named_id(ledgers.space, first.party_key), first.party_key, first.party_name)
        await ledger.parties.put(party)
        ledger.publish(party.registered())
        manager = await _enrol(ledger, party, first.manager, [enrolment.MANAGER], [])
        new = NewPassword(password_hash, False, enrolment.BY_HOLDER, first.manager.name)
        account = await accounts.store_account(ledger, manager, new)
        begun = await sessions.begin_session(
            ledger, manager, sessions.identification_by_password(account, manager), origin.client
        )
        await ledger.note(sessions.as_caller(manager), "installation.set-up", INSTALLATION, {"party": party.party_id})
        signatory_code = await _invite_signatory(ledger, party, first.signatory)
    return SetUpResult(party, begun, signatory_code)


async def _invite_signatory(ledger: Ledger, party: Party, somebody: FirstPersonDetails | None) -> str | None:
    """Enrol and invite the first person who signs; return the invitation's code, or None if nobody was named.

    The invitation is made in an operator's name: whoever has the set-up code acts for the operator.
    """
    if somebody is None:
        return None
    roles = sorted(SIGNATORY_ROLES.values())
    mandates = [Mandate(role, "Named at the first start") for role in roles]
    principal = await _enrol(ledger, party, somebody, roles, mandates)
    operator = Principal(INSTALLATION, None, _SET_UP, frozenset({enrolment.OPERATOR}))
    what = invitations.InvitationRequest(principal.principal_id, somebody.name, "", None, None)
    return (await invitations.open_invitation(ledger, operator, what))[1]


async def _enrol(
    ledger: Ledger, party: Party, somebody: FirstPersonDetails, roles: list[str], mandates: list[Mandate]
) -> EnrolledPrincipal:
    person_id = callers.derive_id(party.party_id, "person", somebody.key)
    person = Person(person_id, party.party_id, somebody.key, somebody.name, somebody.email, mandates)
    principal = EnrolledPrincipal(
        callers.derive_id(party.party_id, "principal", somebody.key),
        party.party_id,
        somebody.key,
        somebody.name,
        roles,
        person_id,
    )
    await ledger.people.put(person)
    await ledger.principals.put(principal)
    ledger.publish(principal.enrolled())
    return principal


async def _opened(ledger: Ledger, code: str) -> InstallationState:
    """Lock and return the installation's state if this is its valid set-up code; raises WrongCredentials and
    WrongState.
    """
    await _must_be_empty(ledger)
    found = await ledger.installation.get(INSTALLATION)
    if found is None or not found.accepts(hash_of(code), ledger.now):
        raise WrongCredentials("This is not the code of the first start, or it has expired: start the product again.")
    return found


async def _must_be_empty(ledger: Ledger) -> None:
    await ledger.lock(INSTALLATION)
    if await ledger.has_parties():
        raise WrongState("The installation has a party: ask its manager or an operator for an invitation.")


def _check(first: SetUpData) -> None:
    callers.key_or_random(first.party_key, "party.key")
    people = [("person", first.manager)] + ([("signatory", first.signatory)] if first.signatory else [])
    for field, each in people:
        callers.key_or_random(each.key, f"{field}.key")
        if "@" not in each.email:
            raise Invalid("A mail address is missing.", [Finding(f"{field}.email", each.email, "write an address")])
    check_password(first.password, first.manager.email)
    if first.signatory is None:
        return
    if first.signatory.key == first.manager.key:
        remedy = "choose another key: managing and signing are done by two people"
        raise Invalid("One person cannot manage and sign.", [Finding("signatory.key", first.signatory.key, remedy)])
    if normalise_address(first.signatory.email) == normalise_address(first.manager.email):
        remedy = "write another person's address: managing and signing are done by two people"
        raise Invalid("One person cannot manage and sign.", [Finding("signatory.email", first.signatory.email, remedy)])
