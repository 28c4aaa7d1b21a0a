"""Sessions: logging in with a password, and listing and ending the caller's own sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slm_agreement.application import throttle
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.passwords import Passwords
from slm_agreement.domain.errors import Unknown, WrongCredentials
from slm_agreement.domain.people import enrolment, sessions
from slm_agreement.domain.people.accounts import Account, normalise_address
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.sessions import Identification, NewSession, SessionLimits
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id

_WRONG = "No account has this mail address and password."


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a log-in comes from: the network address, and the name that the client gives itself (may be empty)."""

    address: str
    client: str = ""


@dataclass(frozen=True, slots=True)
class BegunSession:
    """A new session with its principal and its API key ``secret``, which is shown only once."""

    principal: EnrolledPrincipal
    session: ApiKey
    secret: str


async def log_in(
    ledgers: LedgerFactory, passwords: Passwords, email: str, password: str, origin: Origin
) -> BegunSession:
    """Begin a session with a mail address and a password.

    Raises TooManyAttempts, and WrongCredentials. An address without an account is refused like a wrong password, and
    after the same time.
    """
    address = normalise_address(email)
    limits = throttle.log_in_limits(address, origin.address)
    await throttle.count_attempt(ledgers, limits)
    async with ledgers.begin() as ledger:
        found = await ledger.accounts.find(email=address)
    account = found[0] if found else None
    if not await passwords.matches(account.password_hash if account else None, password) or account is None:
        raise WrongCredentials(_WRONG)
    async with ledgers.begin() as ledger:
        principal = await _still_with(ledger, account)
        await throttle.take_back_attempt(ledger, limits)
        return await begin_session(ledger, principal, identification_by_password(account, principal), origin.client)


async def begin_session(
    ledger: Ledger, principal: EnrolledPrincipal, how: Identification, client: str, limits: SessionLimits | None = None
) -> BegunSession:
    """Begin a session of a principal that the transaction has locked.

    An event with the principal and all its keys is published now. No event follows when the session expires.
    """
    secret = new_key()
    session = sessions.add_session(principal, NewSession(new_id(), hash_of(secret), client, limits), how, ledger.now)
    await ledger.principals.put(principal)
    ledger.publish(principal.enrolled())
    detail = {"session_id": session.key_id, "identified_by": session.identified_by}
    by = replace(as_caller(principal), key_id=session.key_id, identified_by=session.identified_by)
    await ledger.note(by, "session.begin", principal.principal_id, detail)
    return BegunSession(principal, session, secret)


async def list_own_sessions(ledgers: LedgerFactory, caller: Principal) -> list[ApiKey]:
    """Return the caller's sessions that have not ended, oldest first."""
    async with ledgers.begin() as ledger:
        principal = await ledger.principals.get(caller.principal_id)
        return [] if principal is None else sessions.live_sessions(principal, ledger.now)


async def end_session(ledgers: LedgerFactory, caller: Principal, session_id: str) -> None:
    """End a session of the caller: in this service at once, in the other services within two seconds.

    A session that has already ended stays unchanged. Raises Unknown.
    """
    async with ledgers.begin() as ledger:
        await ledger.lock(caller.principal_id)
        principal = await ledger.principals.get(caller.principal_id)
        key = next((each for each in principal.keys if each.key_id == session_id), None) if principal else None
        if principal is None or key is None or not key.is_session:
            raise Unknown(f"You have no session {session_id!r}.")
        revoked = principal.revoke(session_id, ledger.now)
        if revoked is None:
            return
        await ledger.principals.put(principal)
        ledger.publish(revoked)
        await ledger.note(caller, "session.end", principal.principal_id, {"session_id": session_id})


def identification_by_password(account: Account, principal: EnrolledPrincipal) -> Identification:
    """Return the identification of somebody who has proven to know the account's password."""
    return Identification(
        enrolment.PASSWORD, enrolment.BY_HOLDER, principal.principal_id, principal.name, account.may_sign
    )


def as_caller(principal: EnrolledPrincipal) -> Principal:
    """Return an enrolled principal as the caller of a request, for the audit trail."""
    return Principal(
        principal.principal_id,
        principal.party_id,
        principal.name,
        frozenset(principal.roles),
        person_id=principal.person_id,
    )


async def _still_with(ledger: Ledger, account: Account) -> EnrolledPrincipal:
    """Lock and return the account's principal; raises WrongCredentials if the account has changed since it was read."""
    await ledger.lock(account.principal_id)
    principal = await ledger.principals.get(account.principal_id)
    if principal is None or await ledger.accounts.get(account.principal_id) != account:
        raise WrongCredentials("The account was changed while you logged in. Log in again.")
    if principal.has_ended(ledger.now):
        raise WrongCredentials(_WRONG)
    return principal
