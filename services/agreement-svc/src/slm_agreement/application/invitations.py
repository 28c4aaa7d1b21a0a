"""Invitations: functions that create, preview, withdraw and accept them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

from slm_agreement.application import (
    accounts,
    callers,
    first_people,
    named_companies,
    new_invitations,
    principals,
    relations,
    sessions,
)
from slm_agreement.application.accounts import NewPassword
from slm_agreement.application.first_people import FirstPersonDetails
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.new_invitations import InvitationRequest
from slm_agreement.application.passwords import Passwords
from slm_agreement.application.people import check_address_is_free
from slm_agreement.domain.errors import Finding, Invalid, Unknown, WrongState
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people import sessions as sessions_of
from slm_agreement.domain.people.accounts import check_password, normalise_address
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.invitations import ACCEPTED, OPEN, PARTY, WITHDRAWN, Invitation
from slm_agreement.domain.people.people import Party, Person
from slm_agreement.domain.people.relations import INVITATION
from slm_agreement.domain.people.sessions import Identification
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The data of a company that is not registered yet, and of the person who accepts an invitation for the company."""

    key: str
    name: str
    person_key: str
    person_name: str
    email: str | None
    signatory: FirstPersonDetails | None = None
    """The first person who signs for the company; None if nobody is named."""


@dataclass(frozen=True, slots=True)
class InvitationReply:
    """The data with which an invitation is accepted.

    A registered party sends the code; a new company sends ``newcomer``; a person may send a password, and then gets a
    session instead of a key that does not expire.
    """

    code: str | None = None
    newcomer: Newcomer | None = None
    password: str | None = None
    client: str = ""
    takes_address: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedInvitation:
    """The result of accepting an invitation: the invitation and, if one was created, the new key, which is shown only
    once.

    If the person chose a password, the key belongs to a session. A person who accepts for a new company may name its
    first signatory. The signatory gets another invitation, with the code ``signatory_code``. It is None if the code
    was mailed, or if no signatory was named.
    """

    invitation: Invitation
    principal_id: str | None = None
    api_key: ApiKey | None = None
    secret: str | None = None
    signatory_code: str | None = None


async def create_invitation(
    ledgers: LedgerFactory, caller: Principal, wanted: InvitationRequest
) -> tuple[Invitation, str | None]:
    """Create an invitation; return the invitation and its code. The code is None if it was mailed.

    The code cannot be read again later. Raises Unknown, NotAllowed and Invalid.
    """
    callers.require_manager(caller)
    callers.refuse_token(caller)
    async with ledgers.begin() as ledger:
        if wanted.principal_id is not None:
            principal = await principals.lock_principal_to_invite(ledger, caller, wanted.principal_id)
            await _check_address(ledger, principal, wanted.email)
        if wanted.named_company_id is not None:
            wanted = await _for_company(ledger, caller, wanted, wanted.named_company_id)
        is_mailed = wanted.email is not None and ledgers.console_url is not None
        invitation, code = await new_invitations.open_invitation(ledger, caller, wanted, is_mailed=is_mailed)
        if not is_mailed:
            return invitation, code
        await new_invitations.mail_invitation(ledger, str(ledgers.console_url), invitation, code)
        return invitation, None


async def _for_company(
    ledger: Ledger, caller: Principal, wanted: InvitationRequest, company_id: str
) -> InvitationRequest:
    """Return the request for a named company, with the company's name as its alias unless the caller wrote another.

    Raises Unknown, WrongState, and Invalid if the request is also for the person behind a principal.
    """
    if wanted.principal_id is not None:
        remedy = "leave it out: the code is for a company, which then enters its own people"
        raise Invalid("An invitation is for a company or for a person.", [Finding("principal_id", "…", remedy)])
    company = await named_companies.lock_company_to_invite(ledger, caller, company_id)
    return replace(wanted, alias=wanted.alias or company.name)


async def withdraw_invitation(ledgers: LedgerFactory, caller: Principal, invitation_id: str) -> Invitation:
    """Withdraw an invitation, so that its code is refused. An invitation that is already withdrawn stays unchanged.

    Raises Unknown, and WrongState if the invitation was accepted.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        await ledger.lock(invitation_id)
        invitation = await ledger.invitations.get(invitation_id)
        if invitation is None or not caller.may_see(invitation.party_id):
            raise Unknown(f"There is no invitation {invitation_id!r} that you may see.")
        if invitation.state == ACCEPTED:
            raise WrongState("The invitation was accepted: it cannot be withdrawn any more.")
        if invitation.state == WITHDRAWN:
            return invitation
        ended = replace(invitation, state=WITHDRAWN, ended_at=ledger.now)
        await _end(ledger, ended)
        await ledger.note(caller, "invitation.withdraw", invitation_id, {"kind": invitation.kind})
    return ended


async def accept_invitation(
    ledgers: LedgerFactory, passwords: Passwords, caller: Principal, acceptance: InvitationReply
) -> AcceptedInvitation:
    """Accept an invitation with its code, which works once.

    The caller has authenticated with the code, or with a key of the registered party that accepts. Raises Unknown
    for a code that is wrong, used, withdrawn or expired, without telling which; also Invalid, NotAllowed, AddressTaken
    and WrongState.
    """
    if caller.party_id is not None:
        callers.require_manager(caller)
    _check_acceptance(acceptance)
    # Before the transaction, which would hold its locks for as long as hashing takes.
    password_hash = None if acceptance.password is None else await passwords.hash(acceptance.password)
    async with ledgers.begin() as ledger:
        if acceptance.code is not None:
            return await _join(ledger, caller, acceptance.code)
        invitation = await _open(ledger, caller.principal_id)
        if invitation.kind == PARTY:
            principal = await _arrive(ledger, caller, invitation, acceptance.newcomer)
        else:
            principal = await _invited(ledger, invitation, acceptance.newcomer)
        if password_hash is None:
            accepted = await _with_key(ledger, caller, invitation, principal)
        else:
            accepted = await _with_password(ledger, caller, invitation, principal, acceptance, password_hash)
        signatory = acceptance.newcomer.signatory if acceptance.newcomer else None
        code = await first_people.invite_signatory(
            ledger, str(principal.party_id), principal, signatory, ledgers.console_url
        )
        return replace(accepted, signatory_code=code)


async def preview_invitation(ledgers: LedgerFactory, caller: Principal) -> tuple[Invitation, str | None]:
    """Return the open invitation whose code the caller sent, and the inviter's company (None: an operator).

    Raises Unknown for a code that is wrong, used, withdrawn or expired.
    """
    async with ledgers.begin() as ledger:
        invitation = await _open(ledger, caller.principal_id)
        return invitation, await new_invitations.inviting_company(ledger, invitation)


def _check_acceptance(acceptance: InvitationReply) -> None:
    if acceptance.password is None:
        return
    if acceptance.code is not None:
        remedy = "leave it out: a registered party accepts with a key that it has"
        raise Invalid("No account is made for a registered party.", [Finding("password", "…", remedy)])
    check_password(acceptance.password, "")


async def _join(ledger: Ledger, caller: Principal, code: str) -> AcceptedInvitation:
    """Relate the caller's party, which is registered already, to the inviter."""
    if caller.party_id is None:
        raise Invalid(
            "Only a party can accept with a code in the body.",
            [Finding("code", "…", "send it with a key of the invited party")],
        )
    invitation = await _open(ledger, await ledger.invitation_with(hash_of(code)) or "")
    if invitation.kind != PARTY or invitation.party_id is None:
        remedy = "send the code itself as Authorization: Bearer, without `code` in the body"
        raise Invalid("This code is not for a registered party.", [Finding("code", "…", remedy)])
    if invitation.party_id == caller.party_id:
        raise Invalid(
            "A party cannot accept its own invitation.", [Finding("code", "…", "give the code to the other party")]
        )
    await relations.relate_parties(ledger, caller, invitation.party_id, caller.party_id, INVITATION)
    await named_companies.join_as_party(ledger, invitation, caller.party_id)
    return AcceptedInvitation(await _accepted(ledger, caller, invitation, caller.party_id))


async def _arrive(
    ledger: Ledger, caller: Principal, invitation: Invitation, newcomer: Newcomer | None
) -> EnrolledPrincipal:
    """Register a new company: its party with a random id, and its first service level manager, who is returned.

    Raises Invalid if ``newcomer`` is None.
    """
    if newcomer is None:
        remedy = "say who you are: party {key, name} and person {key, name, email}"
        raise Invalid("The invitation is for a company.", [Finding("party", "none", remedy)])
    for field, key in (("party.key", newcomer.key), ("person.key", newcomer.person_key)):
        callers.key_or_random(key, field)
    if newcomer.signatory is not None:
        email = newcomer.email or invitation.email or ""
        first_people.check_signatory(newcomer.signatory, newcomer.person_key, email)
    party = Party(new_id(), newcomer.key, newcomer.name)
    person_id = callers.derive_id(party.party_id, "person", newcomer.person_key)
    person = Person(
        person_id, party.party_id, newcomer.person_key, newcomer.person_name, newcomer.email or invitation.email
    )
    principal = EnrolledPrincipal(
        callers.derive_id(party.party_id, "principal", newcomer.person_key),
        party.party_id,
        newcomer.person_key,
        newcomer.person_name,
        [enrolment.MANAGER],
        person.person_id,
    )
    await ledger.parties.put(party)
    await ledger.people.put(person)
    ledger.publish(party.registered())
    await ledger.note(caller, "party.arrive", party.party_id, {"key": party.key, "name": party.name})
    if invitation.party_id is not None:
        await relations.relate_parties(ledger, caller, invitation.party_id, party.party_id, INVITATION)
    await named_companies.join_as_party(ledger, invitation, party.party_id)
    return principal


async def _invited(ledger: Ledger, invitation: Invitation, newcomer: Newcomer | None) -> EnrolledPrincipal:
    """Lock and return the principal that an invitation is for; a newcomer's principal is created."""
    if newcomer is not None:
        remedy = "leave it out: the invitation is for an enrolled principal"
        raise Invalid("The invitation is for a key, not for a company.", [Finding("party", newcomer.name, remedy)])
    await ledger.lock(str(invitation.principal_id))
    principal = await ledger.principals.get(str(invitation.principal_id))
    if principal is None or principal.has_ended(ledger.now):
        _no_such_code()
    if principal.may_sign and not invitation.by_operator:
        raise WrongState("The principal may sign since the invitation was made: ask an operator for another one.")
    return principal


async def _with_key(
    ledger: Ledger, caller: Principal, invitation: Invitation, principal: EnrolledPrincipal
) -> AcceptedInvitation:
    secret = new_key()
    by = (enrolment.BY_INVITATION, invitation.created_by_principal_id, invitation.created_by_name)
    api_key = ApiKey(new_id(), hash_of(secret), [], ledger.now, None, *by, may_sign=invitation.by_operator)
    principal.keys.append(api_key)
    await ledger.principals.put(principal)
    ledger.publish(principal.enrolled())
    await ledger.note(
        caller, "key.issue", principal.principal_id, {"key_id": api_key.key_id, "how": api_key.issued_how}
    )
    ended = await _accepted(ledger, caller, invitation, principal.party_id)
    return AcceptedInvitation(ended, principal.principal_id, api_key, secret)


async def _with_password(
    ledger: Ledger,
    caller: Principal,
    invitation: Invitation,
    principal: EnrolledPrincipal,
    acceptance: InvitationReply,
    password_hash: str,
) -> AcceptedInvitation:
    """Set the password of the invited person, end the person's other sessions, and begin a new session."""
    person = await ledger.people.get(str(principal.person_id))
    if person is not None and not person.email and invitation.email:
        person = replace(person, email=invitation.email)
        await check_address_is_free(ledger, person)
        await ledger.people.put(person)
    check_password(str(acceptance.password), (person.email if person else None) or "")
    may_sign = invitation.by_operator
    recorded = normalise_address((person.email if person else None) or "")
    account = NewPassword(
        password_hash,
        may_sign,
        enrolment.BY_INVITATION,
        invitation.created_by_name,
        is_proven=invitation.is_mailed and normalise_address(invitation.email or "") == recorded,
        takes_address=acceptance.takes_address,
    )
    await accounts.store_account(ledger, principal, account)
    sessions_of.end_all_sessions(principal, ledger.now)
    how = Identification(
        enrolment.PASSWORD,
        enrolment.BY_INVITATION,
        invitation.created_by_principal_id,
        invitation.created_by_name,
        may_sign,
    )
    begun = await sessions.begin_session(ledger, principal, how, acceptance.client)
    ended = await _accepted(ledger, caller, invitation, principal.party_id)
    return AcceptedInvitation(ended, principal.principal_id, begun.session, begun.secret)


async def _check_address(ledger: Ledger, principal: EnrolledPrincipal, email: str | None) -> None:
    """Raise Invalid unless ``email`` is the mail address recorded with the principal's person. None is always valid."""
    person = await ledger.people.get(principal.person_id) if principal.person_id else None
    if email is None or person is None or not person.email:
        return
    if normalise_address(email) != normalise_address(person.email):
        remedy = f"write {person.email}, which is recorded with {person.name}, or change that first"
        raise Invalid("The invitation would go to another address.", [Finding("email", email, remedy)])


async def _accepted(ledger: Ledger, caller: Principal, invitation: Invitation, party_id: str | None) -> Invitation:
    ended = replace(invitation, state=ACCEPTED, ended_at=ledger.now, accepted_party_id=party_id)
    await _end(ledger, ended)
    await ledger.note(caller, "invitation.accept", ended.invitation_id, {"kind": ended.kind})
    return ended


async def _end(ledger: Ledger, invitation: Invitation) -> None:
    await ledger.invitations.put(invitation)
    ledger.publish(invitation.closed(ledger.now))


async def _open(ledger: Ledger, invitation_id: str) -> Invitation:
    await ledger.lock(invitation_id)
    invitation = await ledger.invitations.get(invitation_id)
    if invitation is None or invitation.state_at(ledger.now) != OPEN:
        _no_such_code()
    return invitation


def _no_such_code() -> NoReturn:
    raise Unknown("There is no open invitation with this code: ask whoever invited you for a new one.")
