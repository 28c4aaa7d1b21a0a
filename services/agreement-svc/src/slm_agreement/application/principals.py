"""Principals and API keys. Operators enrol principals of any party, service level managers those of their own.

Only operators enrol and edit a principal that may sign; its keys are issued by its holder or an operator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from slm_agreement.application import callers
from slm_agreement.application.ledger import Desk, Ledger
from slm_agreement.application.register import Register
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown, WrongState
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id

_BY_OPERATORS = "Principals that may sign are enrolled and edited by an operator, who can never sign."


PRINCIPALS = Register[EnrolledPrincipal](
    "principal",
    "enrol",
    kept=lambda ledger: ledger.principals,
    may_see=lambda caller, principal: caller.may_see(principal.party_id),
    audited=lambda principal: {"name": principal.name, "roles": principal.roles},
    event=EnrolledPrincipal.enrolled,
    incidental=("keys",),
)


@dataclass(frozen=True, slots=True)
class PrincipalDetails:
    """The fields of a principal that can be edited."""

    name: str
    roles: list[str]
    person_id: str | None


async def enrol(
    desk: Desk, caller: Principal, party_id: str | None, key: str | None, details: PrincipalDetails
) -> tuple[EnrolledPrincipal, bool]:
    """Enrol a principal without keys; return it and whether it is new.

    An operator who names no party enrols another operator.
    """
    callers.must_manage(caller)
    if not (caller.is_operator and party_id is None):
        party_id = callers.party_for(caller, party_id)
    roles = enrolment.check_roles(details.roles, party_id, details.person_id)
    key = callers.key_or_random(key)
    principal_id = callers.id_of(party_id if party_id is not None else desk.space, "principal", key)
    principal = EnrolledPrincipal(principal_id, party_id, key, details.name, roles, details.person_id)
    if principal.may_sign and not caller.is_operator:
        raise NotAllowed(_BY_OPERATORS)
    async with desk.begin() as ledger:
        await _check(ledger, principal)
        return await PRINCIPALS.enter(ledger, caller, principal)


async def edit_principal(
    desk: Desk,
    caller: Principal,
    principal_id: str,
    details: PrincipalDetails,
    unless_changed: Callable[[EnrolledPrincipal], None],
) -> EnrolledPrincipal:
    """Change the name or roles of a principal. Its keys get the new roles at once; its person cannot change.

    Raises Unknown, NotAllowed and Invalid, and WrongState if the principal would get a valid key that may sign and was
    issued by somebody other than its holder or an operator.
    """
    async with desk.begin() as ledger:
        principal = await _managed(ledger, caller, principal_id)
        unless_changed(principal)
        if details.person_id != principal.person_id:
            remedy = f"write {principal.person_id or 'null'}, and enrol another principal for another person"
            raise Invalid(
                "The person of a principal cannot change.", [Finding("person_id", str(details.person_id), remedy)]
            )
        roles = enrolment.check_roles(details.roles, principal.party_id, details.person_id)
        changed = replace(principal, name=details.name, roles=roles)
        if not caller.is_operator:
            if principal.may_sign or changed.may_sign:
                raise NotAllowed(_BY_OPERATORS)
            if roles != principal.roles and principal_id == caller.principal_id:
                raise NotAllowed("You cannot change your own roles: ask another manager or an operator.")
        tainted = [key.key_id for key in changed.keys if key.revoked_at is None and not key.may_sign]
        if changed.may_sign and not principal.may_sign and tainted:
            raise WrongState(f"A manager was involved in issuing valid keys: revoke {', '.join(tainted)} first.")
        return await PRINCIPALS.change(ledger, caller, changed)


async def issue_key(desk: Desk, caller: Principal, principal_id: str, scopes: list[str]) -> tuple[ApiKey, str]:
    """Issue a key for the caller or a principal that the caller manages; return it and its secret, which is shown only
    now.

    Raises NotAllowed for scopes beyond those of the caller's own key, and for another principal that may sign.
    """
    secret = new_key()
    async with desk.begin() as ledger:
        principal = await _held_or_managed(ledger, caller, principal_id)
        _must_hold(caller, scopes)
        how, may_sign = _issuing(caller, principal)
        by = (how, caller.principal_id, caller.name)
        api_key = ApiKey(new_id(), hash_of(secret), sorted(set(scopes)), ledger.now, None, *by, may_sign=may_sign)
        principal.keys.append(api_key)
        await ledger.principals.put(principal)
        ledger.publish(principal.enrolled())
        detail = {"key_id": api_key.key_id, "scopes": api_key.scopes, "how": how}
        await ledger.note(caller, "key.issue", principal_id, detail)
    return api_key, secret


async def revoke_key(desk: Desk, caller: Principal, principal_id: str, key_id: str) -> None:
    """Revoke a key: here at once, everywhere within two seconds. Repeating it changes nothing. Raises Unknown."""
    async with desk.begin() as ledger:
        principal = await _held_or_managed(ledger, caller, principal_id)
        revoked = principal.revoke(key_id, ledger.now)
        if revoked is None:
            return
        await ledger.principals.put(principal)
        ledger.publish(revoked)
        await ledger.note(caller, "key.revoke", principal_id, {"key_id": key_id})


async def to_invite(ledger: Ledger, caller: Principal, principal_id: str) -> EnrolledPrincipal:
    """Return the principal for which the caller may invite a key; raises Unknown and NotAllowed."""
    principal = await _managed(ledger, caller, principal_id)
    _not_anothers_signature(caller, principal)
    return principal


def _issuing(caller: Principal, principal: EnrolledPrincipal) -> tuple[str, bool]:
    """Return how the caller issues a key of the principal, and whether that key may sign."""
    if caller.principal_id == principal.principal_id:
        own = principal.live_key(caller.key_id)
        return enrolment.BY_HOLDER, own is not None and own.may_sign
    _not_anothers_signature(caller, principal)
    return (enrolment.BY_OPERATOR, True) if caller.is_operator else (enrolment.BY_MANAGER, False)


def _not_anothers_signature(caller: Principal, principal: EnrolledPrincipal) -> None:
    if principal.may_sign and not caller.is_operator:
        raise NotAllowed(
            f"{principal.name!r} may sign: only the holder can issue its keys, with an existing key or with the "
            "code of an operator's invitation."
        )


async def _held_or_managed(ledger: Ledger, caller: Principal, principal_id: str) -> EnrolledPrincipal:
    """Lock and return the principal if it is the caller's own or the caller manages its party.

    Raises Unknown and NotAllowed.
    """
    if principal_id != caller.principal_id:
        return await _managed(ledger, caller, principal_id)
    await ledger.lock(principal_id)
    principal = await ledger.principals.get(principal_id)
    if principal is None:
        raise Unknown("This key does not belong to an enrolled principal, so its keys cannot be changed.")
    return principal


async def _managed(ledger: Ledger, caller: Principal, principal_id: str) -> EnrolledPrincipal:
    """Lock and return the principal if the caller manages its party; raises Unknown and NotAllowed."""
    callers.must_manage(caller)
    return await PRINCIPALS.locked(ledger, caller, principal_id)


def _must_hold(caller: Principal, scopes: list[str]) -> None:
    """Refuse scopes beyond those of the caller's own key, so that a limited key cannot issue a less limited one."""
    if not caller.scopes:
        return
    beyond = [each for each in scopes if not caller.in_scope(*each.split(":", 1))]
    if beyond or not scopes:
        detail = f"Your key is limited to {', '.join(sorted(caller.scopes))}: name scopes for the new key among these."
        raise NotAllowed(detail)


async def _check(ledger: Ledger, principal: EnrolledPrincipal) -> None:
    """Check that party and person exist and belong together, and that the person has no other principal."""
    if principal.party_id is not None and await ledger.parties.get(principal.party_id) is None:
        raise Unknown(f"There is no party {principal.party_id!r}.")
    if principal.person_id is None:
        return
    await ledger.lock(principal.person_id)
    person = await ledger.people.get(principal.person_id)
    if person is None or person.party_id != principal.party_id:
        remedy = "write the id of a person of the principal's party"
        raise Invalid("There is no such person.", [Finding("person_id", principal.person_id, remedy)])
    bound = await ledger.principal_of(principal.person_id)
    if bound not in (None, principal.principal_id):
        remedy = f"issue a key of the person's existing principal {bound}: a person has only one"
        raise Invalid("The person already has another principal.", [Finding("person_id", principal.person_id, remedy)])
