"""Accounts: setting and changing the password with which a person logs in, and a description of the caller."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.application import callers, throttle
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.passwords import Passwords
from slm_agreement.application.throttle import AttemptLimit
from slm_agreement.domain.errors import AddressTaken, Finding, Invalid, NotAllowed
from slm_agreement.domain.people import enrolment, sessions
from slm_agreement.domain.people.accounts import Account, check_password, normalise_address
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.people import Party, Person
from slm_chassis.access import Principal

_GUESSES = 5


@dataclass(frozen=True, slots=True)
class CallerProfile:
    """Who the caller is. All fields but ``caller`` are None for the operator whose key is in the settings."""

    caller: Principal
    party: Party | None
    person: Person | None
    key: ApiKey | None
    account: Account | None


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A hashed password to store, how it was set, and by whom.

    ``may_sign`` says whether sessions of the account may sign: only if no manager was involved in setting the password.
    """

    password_hash: str
    may_sign: bool
    set_how: str
    set_by_name: str
    is_proven: bool = False
    """Whether the account's person is known to read the mailbox of the address."""
    takes_address: bool = False
    """Whether to take the mail address from another account whose person has never proven to read this mailbox."""


async def describe_caller(ledgers: LedgerFactory, caller: Principal) -> CallerProfile:
    """Return who the caller is: principal, party, person, API key and account."""
    async with ledgers.begin() as ledger:
        principal = await ledger.principals.get(caller.principal_id)
        party = await ledger.parties.get(caller.party_id) if caller.party_id else None
        person = await ledger.people.get(caller.person_id) if caller.person_id else None
        account = await ledger.accounts.get(caller.principal_id)
        key = principal.live_key(caller.key_id, ledger.now) if principal else None
    return CallerProfile(caller, party, person, key, account)


async def change_password(
    ledgers: LedgerFactory, passwords: Passwords, caller: Principal, current: str | None, password: str
) -> None:
    """Set the caller's password, and end all other sessions of the caller.

    To replace a password, the current password is needed. The account gets the mail address that is recorded for the
    person now. Raises Invalid, NotAllowed, AddressTaken and TooManyAttempts.
    """
    _must_be_unlimited(caller)
    callers.refuse_token(caller)
    async with ledgers.begin() as ledger:
        before = await ledger.accounts.get(caller.principal_id)
        person = await _person_of(ledger, caller.person_id)
    check_password(password, str(person.email))
    if before is not None:
        await _check_current(ledgers, passwords, before, current)
    password_hash = await passwords.hash(password)
    async with ledgers.begin() as ledger:
        await ledger.lock(caller.principal_id)
        principal = await ledger.principals.get(caller.principal_id)
        key = principal.live_key(caller.key_id, ledger.now) if principal else None
        if principal is None or key is None or await ledger.accounts.get(caller.principal_id) != before:
            raise NotAllowed("The account was changed meanwhile. Log in again.")
        is_proven = before is not None and before.is_proven and before.email == normalise_address(str(person.email))
        new = NewPassword(password_hash, key.may_sign, enrolment.BY_HOLDER, caller.name, is_proven)
        await store_account(ledger, principal, new)
        if sessions.end_all_sessions(principal, ledger.now, but=key.key_id):
            await ledger.principals.put(principal)
            ledger.publish(principal.enrolled())
        await ledger.note(caller, "password.change", principal.principal_id, {"how": new.set_how})


async def store_account(ledger: Ledger, principal: EnrolledPrincipal, new: NewPassword) -> Account:
    """Store the password and mail address of a principal that the transaction has locked; return the account.

    The mail address is that of the principal's person. Raises Invalid and AddressTaken.
    """
    person = await _person_of(ledger, principal.person_id)
    email = normalise_address(str(person.email))
    await ledger.lock(f"account of {email}")
    for each in await ledger.accounts.find(email=email):
        if each.principal_id != principal.principal_id:
            await _displace(ledger, each, principal, new)
    account = Account(
        principal.principal_id,
        email,
        new.password_hash,
        new.may_sign,
        new.set_how,
        new.set_by_name,
        ledger.now,
        new.is_proven,
    )
    await ledger.accounts.put(account)
    return account


async def _displace(ledger: Ledger, held: Account, principal: EnrolledPrincipal, new: NewPassword) -> None:
    """Delete ``held``, the account of another principal with the mail address of a new account; or raise AddressTaken.

    ``held`` is deleted if its principal has ended. Otherwise it is deleted only if three conditions are met: the person
    of the new account has proven to read the mailbox, the person of ``held`` has not, and ``new.takes_address`` is set.
    So nobody can block an address that belongs to another person. The principal of ``held`` keeps its open sessions.
    """
    holder = await ledger.principals.get(held.principal_id)
    is_over = holder is None or holder.has_ended(ledger.now)
    if not is_over and (held.is_proven or not new.is_proven):
        raise AddressTaken(
            f"Another account has the mail address {held.email}: have another address recorded for {principal.name}."
        )
    if not is_over and not new.takes_address:
        raise AddressTaken(
            f"Another account has the mail address {held.email} and has not proven it: send take_address to end it."
        )
    await ledger.delete_account(held.principal_id)
    await ledger.note(None, "account.lose-address", held.principal_id)


def _must_be_unlimited(caller: Principal) -> None:
    if caller.scopes:
        raise NotAllowed("A key that is limited to some resources cannot set a password, which opens all of them.")


async def _person_of(ledger: Ledger, person_id: str | None) -> Person:
    person = await ledger.people.get(person_id) if person_id else None
    if person is None:
        raise NotAllowed("Only a person has a password: machines and operators use keys.")
    if not normalise_address(person.email or ""):
        remedy = "have the mail address recorded with the person (PUT /api/v1/people/…)"
        raise Invalid(f"{person.name} has no mail address to log in with.", [Finding("email", "none", remedy)])
    return person


async def _check_current(ledgers: LedgerFactory, passwords: Passwords, account: Account, current: str | None) -> None:
    if current is None:
        remedy = "write the present password; if it is lost, ask for a new invitation"
        raise Invalid("The account has a password.", [Finding("current_password", "none", remedy)])
    limit = AttemptLimit(f"password of {account.principal_id}", _GUESSES)
    await throttle.count_attempt(ledgers, [limit])
    if not await passwords.matches(account.password_hash, current):
        remedy = "write the present password; if it is lost, ask for a new invitation"
        raise Invalid("The current password is wrong.", [Finding("current_password", "…", remedy)])
    async with ledgers.begin() as ledger:
        await throttle.take_back_attempt(ledger, [limit])
