"""The set-up of an installation: its first party, manager and signatory, guarded by a code that works once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slm_agreement.application import accounts, callers, first_people, sessions, throttle
from slm_agreement.application.accounts import NewPassword
from slm_agreement.application.first_people import FirstPersonDetails
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.passwords import Passwords
from slm_agreement.application.sessions import BegunSession, Origin
from slm_agreement.application.throttle import AttemptLimit
from slm_agreement.domain.errors import WrongCredentials, WrongState
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people.accounts import check_password
from slm_agreement.domain.people.people import Party
from slm_agreement.domain.people.sign_in_links import INSTALLATION, LINK_LASTS, InstallationState
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import named_id

_FROM_ADDRESS = 50


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

    The code is None if it was mailed or no signatory was named.
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
        manager = await first_people.enrol_person(ledger, party.party_id, first.manager, [enrolment.MANAGER], [])
        new = NewPassword(password_hash, False, enrolment.BY_HOLDER, first.manager.name)
        account = await accounts.store_account(ledger, manager, new)
        begun = await sessions.begin_session(
            ledger, manager, sessions.identification_by_password(account, manager), origin.client
        )
        await ledger.note(sessions.as_caller(manager), "installation.set-up", INSTALLATION, {"party": party.party_id})
        signatory_code = await first_people.invite_signatory(
            ledger, party.party_id, manager, first.signatory, ledgers.console_url
        )
    return SetUpResult(party, begun, signatory_code)


async def _opened(ledger: Ledger, code: str) -> InstallationState:
    """Lock and return the installation's state. Raises WrongState if a party is registered already, and
    WrongCredentials if ``code`` is not the valid set-up code.
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
    first_people.check_person(first.manager, "person")
    check_password(first.password, first.manager.email)
    if first.signatory is not None:
        first_people.check_signatory(first.signatory, first.manager.key, first.manager.email)
