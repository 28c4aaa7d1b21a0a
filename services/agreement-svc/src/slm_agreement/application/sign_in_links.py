"""Sign-in links: an operator makes one for a principal, and whoever has the link can log in once."""

from __future__ import annotations

from dataclasses import replace

from slm_agreement.application import callers, sessions, throttle
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.principals import PRINCIPALS
from slm_agreement.application.sessions import BegunSession, Origin
from slm_agreement.application.throttle import AttemptLimit
from slm_agreement.domain.errors import WrongCredentials
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people.sessions import Identification
from slm_agreement.domain.people.sign_in_links import LINK_LASTS, SignInLink
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id

_FROM_ADDRESS = 50


async def create_sign_in_link(ledgers: LedgerFactory, caller: Principal, principal_id: str) -> tuple[SignInLink, str]:
    """Create a sign-in link for a principal; return the link and its code, which cannot be read again later.

    Raises NotAllowed unless the caller is an operator, and Unknown.
    """
    callers.require_operator(caller)
    callers.refuse_token(caller)
    code = new_key()
    async with ledgers.begin() as ledger:
        await PRINCIPALS.locked(ledger, caller, principal_id)
        link = SignInLink(
            new_id(),
            principal_id,
            hash_of(code),
            caller.principal_id,
            caller.name,
            ledger.now,
            ledger.now + LINK_LASTS,
        )
        await ledger.sign_in_links.put(link)
        await ledger.note(caller, "sign-in-link.make", principal_id, {"link_id": link.link_id})
    return link, code


async def redeem_sign_in_link(ledgers: LedgerFactory, code: str, origin: Origin) -> BegunSession:
    """Begin a session with the code of a sign-in link, which works once.

    Raises TooManyAttempts, and WrongCredentials for a code that is wrong, used or expired, without telling which.
    """
    limits = [AttemptLimit(f"address {origin.address}", _FROM_ADDRESS)]
    await throttle.count_attempt(ledgers, limits)
    async with ledgers.begin() as ledger:
        link = await _opened(ledger, hash_of(code))
        await ledger.sign_in_links.put(replace(link, used_at=ledger.now))
        await ledger.lock(link.principal_id)
        principal = await ledger.principals.get(link.principal_id)
        if principal is None or principal.has_ended(ledger.now):
            raise _refused()
        how = Identification(
            enrolment.SIGN_IN_LINK,
            enrolment.BY_OPERATOR,
            link.created_by_principal_id,
            link.created_by_name,
            may_sign=True,
        )
        begun = await sessions.begin_session(ledger, principal, how, origin.client)
        await throttle.take_back_attempt(ledger, limits)
        return begun


async def _opened(ledger: Ledger, sha256: str) -> SignInLink:
    """Lock and return the open link whose code has this hash; raises WrongCredentials."""
    await ledger.lock(f"sign-in link {sha256}")
    found = await ledger.sign_in_links.find(sha256=sha256)
    if not found or not found[0].is_open(ledger.now):
        raise _refused()
    return found[0]


def _refused() -> WrongCredentials:
    return WrongCredentials("There is no open sign-in link with this code: it is wrong, was used, or has expired.")
