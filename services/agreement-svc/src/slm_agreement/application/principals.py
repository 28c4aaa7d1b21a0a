"""Principals and API keys. Operators enrol principals of any party, service level managers enrol principals of their
own party.

Only operators enrol and edit a principal that may sign; only they and the principal itself issue its keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from slm_agreement.application import callers
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.register import Register
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, Unknown, WrongState
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id
from slm_events import instants
from slm_events.instants import UtcMicroseconds

_BY_OPERATORS = "Principals that may sign are enrolled and edited by an operator, who can never sign."


PRINCIPALS = Register[EnrolledPrincipal](
    "principal",
    "enrol",
    kept=lambda ledger: ledger.principals,
    may_see=lambda caller, principal: caller.may_see(principal.party_id),
    audited=lambda principal: {
        "name": principal.name,
        "roles": principal.roles,
        **({} if principal.ends_at is None else {"ends_at": instants.to_text(principal.ends_at)}),
    },
    event=EnrolledPrincipal.enrolled,
    incidental=("keys", "subjects"),
)


@dataclass(frozen=True, slots=True)
class PrincipalDetails:
    """The fields of a principal that can be edited."""

    name: str
    roles: list[str]
    person_id: str | None
    ends_at: UtcMicroseconds | None = None


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """The limits of a new API key: its scopes and its expiry."""

    scopes: list[str]
    expires_at: UtcMicroseconds | None
    """The instant from which the key is refused (microseconds UTC); None if the key does not expire."""


async def enrol_principal(
    ledgers: LedgerFactory, caller: Principal, party_id: str | None, key: str | None, details: PrincipalDetails
) -> tuple[EnrolledPrincipal, bool]:
    """Enrol a principal without keys; return it and whether it is new.

    An operator who names no party enrols another operator.
    """
    callers.require_manager(caller)
    if not (caller.is_operator and party_id is None):
        party_id = callers.require_acting_party(caller, party_id)
    roles = enrolment.check_roles(details.roles, party_id, details.person_id)
    key = callers.key_or_random(key)
    principal_id = callers.derive_id(party_id if party_id is not None else ledgers.space, "principal", key)
    principal = EnrolledPrincipal(
        principal_id, party_id, key, details.name, roles, details.person_id, ends_at=details.ends_at
    )
    if principal.may_sign and not caller.is_operator:
        raise NotAllowed(_BY_OPERATORS)
    async with ledgers.begin() as ledger:
        enrolment.check_principal_end(roles, details.ends_at, ledger.now)
        await _check(ledger, principal)
        return await PRINCIPALS.enter(ledger, caller, principal)


async def edit_principal(
    ledgers: LedgerFactory,
    caller: Principal,
    principal_id: str,
    details: PrincipalDetails,
    unless_changed: Callable[[EnrolledPrincipal], None],
) -> EnrolledPrincipal:
    """Change the name, roles or end of a principal. Its keys get the new roles at once; its person cannot change.

    ``unless_changed`` raises if the principal has changed since the caller read it. Raises Unknown, NotAllowed and
    Invalid. Raises WrongState if the principal may sign only after the change, and has a valid key that a manager
    helped to issue.
    """
    async with ledgers.begin() as ledger:
        principal = await _managed(ledger, caller, principal_id)
        unless_changed(principal)
        if details.person_id != principal.person_id:
            remedy = f"write {principal.person_id or 'null'}, and enrol another principal for another person"
            raise Invalid(
                "The person of a principal cannot change.", [Finding("person_id", str(details.person_id), remedy)]
            )
        roles = enrolment.check_roles(details.roles, principal.party_id, details.person_id)
        changed = replace(principal, name=details.name, roles=roles, ends_at=details.ends_at)
        if changed.ends_at != principal.ends_at or enrolment.AUDITOR in roles:
            enrolment.check_principal_end(roles, changed.ends_at, ledger.now)
        if not caller.is_operator:
            if principal.may_sign or changed.may_sign:
                raise NotAllowed(_BY_OPERATORS)
            if (roles, details.ends_at) != (principal.roles, principal.ends_at) and _is(caller, principal):
                raise NotAllowed("You cannot change your own roles or end: ask another manager or an operator.")
        tainted = [key.key_id for key in changed.keys if key.is_live(ledger.now) and not key.may_sign]
        if changed.may_sign and not principal.may_sign and tainted:
            raise WrongState(f"A manager was involved in issuing valid keys: revoke {', '.join(tainted)} first.")
        return await PRINCIPALS.change(ledger, caller, changed)


async def deactivate_principal(ledgers: LedgerFactory, caller: Principal, principal_id: str) -> EnrolledPrincipal:
    """End a principal now, and revoke all its keys and sessions. A principal that has already ended stays unchanged.

    A manager may also deactivate a principal that may sign: that only takes away a right. Raises Unknown and
    NotAllowed.
    """
    async with ledgers.begin() as ledger:
        principal = await _managed(ledger, caller, principal_id)
        if _is(caller, principal):
            raise NotAllowed("You cannot deactivate yourself: ask another manager or an operator.")
        if principal.has_ended(ledger.now):
            return principal
        principal.deactivate(ledger.now)
        await ledger.principals.put(principal)
        ledger.publish(principal.enrolled())
        await ledger.note(caller, "principal.deactivate", principal_id, {"name": principal.name})
    return principal


async def issue_key(
    ledgers: LedgerFactory, caller: Principal, principal_id: str, limits: KeyLimits
) -> tuple[ApiKey, str]:
    """Issue an API key for the caller, or for a principal that the caller manages.

    Return the key's data and the key itself, which cannot be read again later. Raises NotAllowed if the new key would
    have scopes that the caller's own key does not have. Raises NotAllowed also if another principal that may sign would
    get the key, unless the caller is an operator. Raises Invalid for an expiry in the past, WrongState if the principal
    has ended, and Unknown.
    """
    callers.refuse_token(caller)
    scopes, expires_at = limits.scopes, limits.expires_at
    secret = new_key()
    async with ledgers.begin() as ledger:
        principal = await _held_or_managed(ledger, caller, principal_id)
        _must_last(principal, ledger.now)
        _must_hold(caller, scopes)
        if expires_at is not None and expires_at <= ledger.now:
            remedy = "write an instant in the future, or leave it out for a key that does not expire"
            raise Invalid("A key must expire later.", [Finding("expires_at", instants.to_text(expires_at), remedy)])
        how, may_sign = _issuing(caller, principal, ledger.now)
        by = (how, caller.principal_id, caller.name)
        api_key = ApiKey(new_id(), hash_of(secret), sorted(set(scopes)), ledger.now, None, *by, may_sign, expires_at)
        principal.keys.append(api_key)
        await ledger.principals.put(principal)
        ledger.publish(principal.enrolled())
        until = {} if expires_at is None else {"expires_at": instants.to_text(expires_at)}
        detail = {"key_id": api_key.key_id, "scopes": api_key.scopes, "how": how, **until}
        await ledger.note(caller, "key.issue", principal_id, detail)
    return api_key, secret


async def revoke_key(ledgers: LedgerFactory, caller: Principal, principal_id: str, key_id: str) -> None:
    """Revoke an API key: in this service at once, in the other services within two seconds.

    A key that is already revoked stays unchanged. Raises Unknown and NotAllowed.
    """
    async with ledgers.begin() as ledger:
        principal = await _held_or_managed(ledger, caller, principal_id)
        revoked = principal.revoke(key_id, ledger.now)
        if revoked is None:
            return
        await ledger.principals.put(principal)
        ledger.publish(revoked)
        await ledger.note(caller, "key.revoke", principal_id, {"key_id": key_id})


async def lock_principal_to_invite(ledger: Ledger, caller: Principal, principal_id: str) -> EnrolledPrincipal:
    """Lock and return the principal for which the caller may create an invitation.

    Raises Unknown, NotAllowed, and WrongState if the principal has ended.
    """
    principal = await _managed(ledger, caller, principal_id)
    _not_anothers_signature(caller, principal)
    _must_last(principal, ledger.now)
    return principal


def _must_last(principal: EnrolledPrincipal, now: UtcMicroseconds) -> None:
    if principal.has_ended(now):
        raise WrongState(f"{principal.name!r} was deactivated or its time is over: give it a later end first.")


def _is(caller: Principal, principal: EnrolledPrincipal) -> bool:
    return caller.principal_id == principal.principal_id


def _issuing(caller: Principal, principal: EnrolledPrincipal, now: UtcMicroseconds) -> tuple[str, bool]:
    """Return how a key of the principal would be issued if the caller did it, and whether that key may sign.

    The first value is ``holder`` if the principal is the caller's own, else ``operator`` or ``manager``. Raises
    NotAllowed if the principal may sign, is not the caller's own, and the caller is no operator.
    """
    if caller.principal_id == principal.principal_id:
        own = principal.live_key(caller.key_id, now)
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
    """Lock and return the principal if it is the caller's own, or the caller manages its party.

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
    callers.require_manager(caller)
    return await PRINCIPALS.locked(ledger, caller, principal_id)


def _must_hold(caller: Principal, scopes: list[str]) -> None:
    """Raise NotAllowed for scopes beyond those of the caller's own key: a limited key must not issue a less limited
    one.
    """
    if not caller.scopes:
        return
    beyond = [each for each in scopes if not caller.in_scope(*each.split(":", 1))]
    if beyond or not scopes:
        detail = f"Your key is limited to {', '.join(sorted(caller.scopes))}: name scopes for the new key among these."
        raise NotAllowed(detail)


async def _check(ledger: Ledger, principal: EnrolledPrincipal) -> None:
    """Check that the principal's party and person exist and belong together, and that the person has no other
    principal.
    """
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
