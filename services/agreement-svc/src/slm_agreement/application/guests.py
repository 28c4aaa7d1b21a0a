"""Links to one agreement for guests, who have no account; the codes that confirm them, and the guests' sessions."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import NoReturn

from slm_agreement.application import agreements, callers, mails, sessions, throttle
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.sessions import BegunSession, Origin
from slm_agreement.application.throttle import AttemptLimit
from slm_agreement.domain.errors import Finding, Invalid, MailNeeded, Unknown, WrongCredentials
from slm_agreement.domain.people import enrolment, guests
from slm_agreement.domain.people import mails as mails_of
from slm_agreement.domain.people import sessions as sessions_of
from slm_agreement.domain.people.accounts import normalise_address
from slm_agreement.domain.people.enrolment import EnrolledPrincipal
from slm_agreement.domain.people.guests import CODE_MINUTES, GuestLink
from slm_agreement.domain.people.people import Person
from slm_agreement.domain.people.sessions import Identification, SessionLimits
from slm_agreement.domain.versions.agreement import Version
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id
from slm_events import instants
from slm_events.instants import UtcMicroseconds

PAGE = "/guest/"
"""Path of the console's page for a guest, to which the link's code is appended."""
_LINKS, _CODES, _GUESSES, _FROM_ADDRESS = 5, 5, 5, 50


async def send_guest_link(ledgers: LedgerFactory, caller: Principal, agreement_id: str, person_id: str) -> GuestLink:
    """Mail a link to a person of one of the agreement's parties, to the mail address that is recorded with the person.

    The caller chooses the person, never the address. Raises NotAllowed, Unknown, Invalid, MailNeeded and
    TooManyAttempts. A person of the other party who cannot get a link is refused like an unknown person.
    """
    callers.require_manager(caller)
    own_party_id = callers.require_party(caller)
    if ledgers.console_url is None:
        raise MailNeeded("This installation sends no mails: an operator must set SLM_SMTP_URL first.")
    await throttle.count_attempt(ledgers, [AttemptLimit(f"guest links of {own_party_id} to {person_id}", _LINKS)])
    code = new_key()
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        person, principal = await _guest(ledger, versions, person_id, own_party_id)
        email = mails_of.check_mail_address(str(person.email), "email")
        link = GuestLink(
            new_id(),
            agreement_id,
            principal.principal_id,
            person_id,
            normalise_address(email),
            hash_of(code),
            caller.principal_id,
            caller.name,
            ledger.now,
            ledger.now + guests.LINK_LASTS,
            party_id=own_party_id,
        )
        await ledger.guest_links.put(link)
        title, until = versions[-1].current.document["title"], instants.to_text(link.expires_at)[:10]
        company = await ledger.parties.get(own_party_id)
        sender = mails_of.person_of_company(caller.name, company.name if company else None)
        content = mails_of.guest_link_mail(sender, title, f"{ledgers.console_url}{PAGE}{code}", until)
        await mails.store_mail(ledger, email, content)
        # Private, because the other side need not know whom this side asks to read the agreement.
        detail = {"link_id": link.link_id, "person_id": person_id, "private": True}
        await ledger.note(caller, "guest-link.send", agreement_id, detail)
    return link


async def withdraw_guest_link(ledgers: LedgerFactory, caller: Principal, link_id: str) -> GuestLink:
    """End a guest's link and the sessions that were begun with it. A link that has already ended stays unchanged.

    Raises NotAllowed, and Unknown for a link that another party sent.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        link = await ledger.guest_links.get(link_id)
        if link is None or not caller.may_see(link.party_id):
            raise Unknown(f"There is no guest link {link_id!r} that you may see.")
        # The use of a link takes the same locks in the same order: otherwise the two could deadlock. The link is read
        # again, because its code may have been used just before the lock.
        await ledger.lock(f"guest link {link.sha256}")
        await ledger.lock(link.principal_id)
        link = await ledger.guest_links.get(link_id) or link
        if link.withdrawn_at is not None:
            return link
        link = replace(link, withdrawn_at=ledger.now)
        await ledger.guest_links.put(link)
        principal = await ledger.principals.get(link.principal_id)
        if principal is not None and sessions_of.end_sessions_of_link(principal, link_id, ledger.now):
            await ledger.principals.put(principal)
            ledger.publish(principal.enrolled())
        detail = {"link_id": link_id, "person_id": link.person_id, "private": True}
        await ledger.note(caller, "guest-link.withdraw", link.agreement_id, detail)
    return link


async def send_guest_code(ledgers: LedgerFactory, secret: str, origin: Origin) -> UtcMicroseconds:
    """Mail a code to the address of a guest's link; return when the code expires (microseconds UTC).

    Raises Unknown and TooManyAttempts.
    """
    subject = hash_of(secret)
    await throttle.count_attempt(ledgers, _limits(f"codes of {subject}", _CODES, origin))
    code = f"{secrets.randbelow(1_000_000):06}"
    async with ledgers.begin() as ledger:
        link = await _open_link(ledger, subject)
        expires_at = ledger.now + CODE_MINUTES * guests.MINUTE
        await ledger.guest_links.put(replace(link, code_sha256=_hash(link, code), code_expires_at=expires_at))
        await mails.store_mail(ledger, link.email, mails_of.guest_code_mail(code, CODE_MINUTES))
    return expires_at


async def begin_guest_session(
    ledgers: LedgerFactory, secret: str, code: str, origin: Origin
) -> tuple[GuestLink, BegunSession]:
    """Begin a guest's session, which is limited to the link's agreement; return the link and the session.

    A code works once. Raises Unknown for a wrong or ended link, WrongCredentials for a wrong, used or expired code, and
    TooManyAttempts.
    """
    subject = hash_of(secret)
    limits = _limits(f"guesses at {subject}", _GUESSES, origin)
    await throttle.count_attempt(ledgers, limits)
    async with ledgers.begin() as ledger:
        link = await _open_link(ledger, subject)
        is_right = link.accepts(_hash(link, code), ledger.now)
        failures = link.failures if is_right else link.failures + 1
        # A wrong code must be counted, so nothing is raised inside this block.
        left = "" if is_right else link.code_sha256
        await ledger.guest_links.put(replace(link, code_sha256=left, failures=failures))
        begun = await _begun(ledger, link, origin) if is_right else None
        await throttle.take_back_attempt(ledger, limits if is_right else [])
    if begun is None:
        raise WrongCredentials("The code is wrong, was used, or has expired: ask for another one.")
    return link, begun


async def _begun(ledger: Ledger, link: GuestLink, origin: Origin) -> BegunSession:
    await ledger.lock(link.principal_id)
    principal = await ledger.principals.get(link.principal_id)
    if principal is None or principal.has_ended(ledger.now):
        _no_such_link()
    # Only an operator changes the mail address of one who may sign, so nobody else chooses who gets the code.
    how = Identification(
        enrolment.MAIL_CODE, enrolment.BY_HOLDER, principal.principal_id, principal.name, principal.may_sign
    )
    limits = SessionLimits(link.expires_at, guests.guest_key_requests(link), link.link_id)
    return await sessions.begin_session(ledger, principal, how, origin.client, limits)


async def _guest(
    ledger: Ledger, versions: list[Version], person_id: str, own_party_id: str
) -> tuple[Person, EnrolledPrincipal]:
    identity = versions[0].identity
    person = await ledger.people.get(person_id)
    if person is None or person.party_id not in (identity.provider_party_id, identity.customer_party_id):
        _no_such_person(person_id)
    is_own = person.party_id == own_party_id
    bound = await ledger.principal_of(person_id)
    principal = await ledger.principals.get(bound) if bound is not None else None
    is_shown = any(version.visible_to(person.party_id) for version in versions)
    if person.email and principal is not None and is_shown:
        return person, principal
    if not is_own:
        _no_such_person(person_id)
    if principal is None:
        raise Invalid(
            f"{person.name} has no principal.", [Finding("person_id", person_id, "enrol a principal for the person")]
        )
    raise Invalid(
        f"{person.name} has no mail address.", [Finding("person_id", person_id, "record one with the person")]
    )


async def _open_link(ledger: Ledger, sha256: str) -> GuestLink:
    """Lock and return the open link with this hash; raises Unknown if there is none.

    Raises Unknown also if the guest's mail address is no longer the address to which the link was sent.
    """
    await ledger.lock(f"guest link {sha256}")
    found = await ledger.guest_links.find(sha256=sha256)
    if not found or not found[0].is_open(ledger.now):
        _no_such_link()
    person = await ledger.people.get(found[0].person_id)
    if person is None or normalise_address(person.email or "") != found[0].email:
        _no_such_link()
    return found[0]


def _limits(subject: str, most: int, origin: Origin) -> list[AttemptLimit]:
    return [AttemptLimit(subject, most), AttemptLimit(f"address {origin.address}", _FROM_ADDRESS)]


def _hash(link: GuestLink, code: str) -> str:
    return hash_of(f"{link.link_id} {code.strip()}")


def _no_such_link() -> NoReturn:
    raise Unknown("There is no open link with this code: ask whoever sent it for a new one.")


def _no_such_person(person_id: str) -> NoReturn:
    raise Unknown(f"There is no person {person_id!r} of the two parties to whom a link can be mailed.")
