"""Invitations: creating, withdrawing, and accepting with the code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

from slm_agreement.application import callers, principals, relations
from slm_agreement.application.ledger import Desk, Ledger
from slm_agreement.domain.errors import Finding, Invalid, Unknown, WrongState
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.invitations import ACCEPTED, OPEN, PARTY, WITHDRAWN, Invitation
from slm_agreement.domain.people.people import Party, Person
from slm_agreement.domain.people.relations import INVITATION
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id
from slm_events import instants

DAY = 86_400_000_000
DAYS_OPEN, MOST_DAYS_OPEN = 14, 90


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The data of a company that is new here, and of the person who accepts for it."""

    key: str
    name: str
    person_key: str
    person_name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class AcceptedInvitation:
    """The result of a code: the invitation, and the new key if one was created, which is shown only once."""

    invitation: Invitation
    principal_id: str | None = None
    api_key: ApiKey | None = None
    secret: str | None = None


async def invite(
    desk: Desk, caller: Principal, principal_id: str | None, alias: str, note: str, expires_at: int | None
) -> tuple[Invitation, str]:
    """Create an invitation; return it and its code, which is shown only now. Raises Unknown, NotAllowed and Invalid.

    Without ``principal_id`` it invites a company. With it, it lets the person behind that principal create a key.
    """
    callers.must_manage(caller)
    code = new_key()
    async with desk.begin() as ledger:
        if principal_id is not None:
            await principals.to_invite(ledger, caller, principal_id)
        invitation = Invitation(
            invitation_id=new_id(),
            party_id=None if caller.is_operator else caller.party_id,
            principal_id=principal_id,
            alias=alias,
            note=note,
            sha256=hash_of(code),
            created_at=ledger.now,
            created_by_principal_id=caller.principal_id,
            created_by_name=caller.name,
            expires_at=_expiry(expires_at, ledger.now),
        )
        await ledger.invitations.put(invitation)
        ledger.publish(invitation.opened())
        await ledger.note(caller, "invitation.make", invitation.invitation_id, {"kind": invitation.kind})
    return invitation, code


async def withdraw_invitation(desk: Desk, caller: Principal, invitation_id: str) -> Invitation:
    """Withdraw an invitation, so that its code is refused. Repeating it changes nothing.

    Raises Unknown, and WrongState if the invitation was accepted.
    """
    callers.must_manage(caller)
    async with desk.begin() as ledger:
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
    desk: Desk, caller: Principal, code: str | None, newcomer: Newcomer | None
) -> AcceptedInvitation:
    """Accept with a code, which works once: as its holder, or with a key of the party that gets related to the inviter.

    Raises Unknown for a code that is wrong, used, withdrawn or expired, without a difference between them; also
    Invalid, NotAllowed and WrongState.
    """
    if caller.party_id is not None:
        callers.must_manage(caller)
    async with desk.begin() as ledger:
        if code is not None:
            return await _join(ledger, caller, code)
        invitation = await _open(ledger, caller.principal_id)
        if invitation.kind == PARTY:
            return await _arrive(ledger, caller, invitation, newcomer)
        return await _make_key(ledger, caller, invitation, newcomer)


async def _join(ledger: Ledger, caller: Principal, code: str) -> AcceptedInvitation:
    """Relate a registered party to the inviter."""
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
    await relations.relate(ledger, caller, invitation.party_id, caller.party_id, INVITATION)
    return AcceptedInvitation(await _accepted(ledger, caller, invitation, caller.party_id))


async def _arrive(
    ledger: Ledger, caller: Principal, invitation: Invitation, newcomer: Newcomer | None
) -> AcceptedInvitation:
    """Register a new company: its party with a random id, its first manager, and that person's key."""
    if newcomer is None:
        remedy = "say who you are: party {key, name} and person {key, name, email}"
        raise Invalid("The invitation is for a company.", [Finding("party", "none", remedy)])
    for field, key in (("party.key", newcomer.key), ("person.key", newcomer.person_key)):
        callers.key_or_random(key, field)
    party = Party(new_id(), newcomer.key, newcomer.name)
    person_id = callers.id_of(party.party_id, "person", newcomer.person_key)
    person = Person(person_id, party.party_id, newcomer.person_key, newcomer.person_name, newcomer.email)
    principal = EnrolledPrincipal(
        callers.id_of(party.party_id, "principal", newcomer.person_key),
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
        await relations.relate(ledger, caller, invitation.party_id, party.party_id, INVITATION)
    return await _with_key(ledger, caller, invitation, principal)


async def _make_key(
    ledger: Ledger, caller: Principal, invitation: Invitation, newcomer: Newcomer | None
) -> AcceptedInvitation:
    if newcomer is not None:
        remedy = "leave it out: the invitation is for an enrolled principal"
        raise Invalid("The invitation is for a key, not for a company.", [Finding("party", newcomer.name, remedy)])
    await ledger.lock(str(invitation.principal_id))
    principal = await ledger.principals.get(str(invitation.principal_id))
    if principal is None:
        _no_such_code()
    if principal.may_sign and not invitation.by_operator:
        raise WrongState("The principal may sign since the invitation was made: ask an operator for another one.")
    return await _with_key(ledger, caller, invitation, principal)


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


def _expiry(expires_at: int | None, now: int) -> int:
    if expires_at is None:
        return now + DAYS_OPEN * DAY
    if now < expires_at <= now + MOST_DAYS_OPEN * DAY:
        return expires_at
    remedy = f"write an instant within {MOST_DAYS_OPEN} days from now, or leave it out for {DAYS_OPEN} days"
    raise Invalid("An invitation must expire.", [Finding("expires_at", instants.to_text(expires_at), remedy)])
