"""Logging in with an OpenID provider: beginning and completing a log-in, and finding the principal."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, replace

import structlog

from slm_agreement.application import callers, sessions, throttle
from slm_agreement.application.identity_provider import IdentityProvider, LogInSecrets, ProviderReply
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.sessions import BegunSession, Origin
from slm_agreement.application.throttle import AttemptLimit
from slm_agreement.domain.errors import Invalid, LogInOver, PersonUnknown, Unknown
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.people import sessions as sessions_of
from slm_agreement.domain.people.enrolment import EnrolledPrincipal
from slm_agreement.domain.people.openid import (
    LOG_IN_LASTS,
    ClaimedRoles,
    OpenIdLink,
    OpenIdLogIn,
    ProvenIdentity,
    roles_from_claims,
)
from slm_agreement.domain.people.people import Party, Person
from slm_agreement.domain.people.sessions import Identification
from slm_chassis.access import hash_of, new_key
from slm_chassis.identity import named_id
from slm_chassis.openid.access_tokens import subject_hash
from slm_events.instants import UtcMicroseconds

_FROM_ADDRESS = 100
"""The most log-ins that are begun from one network address in 15 minutes and not completed."""
_NO_PROVIDER = "Nobody signs in with an OpenID provider here."
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BegunLogIn:
    """A log-in that has begun: the provider's web address to send the browser to, and by when it must be completed."""

    authorization_url: str
    expires_at: UtcMicroseconds


async def begin_openid_log_in(
    ledgers: LedgerFactory, provider: IdentityProvider | None, browser: str, origin: Origin
) -> BegunLogIn:
    """Begin a log-in; ``browser`` is a secret that only this browser has.

    Raises Unknown if the settings name no provider, ProviderAway and TooManyAttempts.
    """
    if provider is None:
        raise Unknown(_NO_PROVIDER)
    await throttle.count_attempt(ledgers, _limits(origin))
    secrets = _secrets(new_key(), browser)
    url = await provider.address_for(secrets)
    async with ledgers.begin() as ledger:
        log_in = OpenIdLogIn(hash_of(secrets.state), hash_of(browser), ledger.now + LOG_IN_LASTS)
        await ledger.openid_log_ins.put(log_in)
        await ledger.forget_openid_log_ins()
    return BegunLogIn(url, log_in.expires_at)


async def complete_openid_log_in(
    ledgers: LedgerFactory,
    provider: IdentityProvider | None,
    browser: str,
    state: str,
    reply: ProviderReply,
    origin: Origin,
) -> BegunSession:
    """Complete a log-in: begin a session for the person whom the provider identifies.

    A log-in can be completed once, whether it succeeds or not. Raises Unknown if the settings name no provider,
    LogInOver, ProviderAway, IdentityNotProven and PersonUnknown.
    """
    if provider is None:
        raise Unknown(_NO_PROVIDER)
    async with ledgers.begin() as ledger:
        log_in = await ledger.take_openid_log_in(hash_of(state))
        now = ledger.now
    if log_in is None or now >= log_in.expires_at or not hmac.compare_digest(log_in.browser_sha256, hash_of(browser)):
        raise LogInOver("This log-in was used, has ended, or was begun in another browser. Begin another one.")
    identity = await provider.identify(reply, _secrets(state, browser), now)
    async with ledgers.begin() as ledger:
        principal = await _principal_of(ledger, ledgers.space, provider, identity)
        how = Identification(
            enrolment.OIDC, enrolment.BY_HOLDER, principal.principal_id, principal.name, principal.may_sign
        )
        begun = await sessions.begin_session(ledger, principal, how, origin.client)
        await throttle.take_back_attempt(ledger, _limits(origin))
        return begun


async def _principal_of(
    ledger: Ledger, space: str, provider: IdentityProvider, identity: ProvenIdentity
) -> EnrolledPrincipal:
    """Lock and return the principal of the identified person; raises PersonUnknown.

    A principal that may sign also needs the verified mail address that is recorded for the person; only an operator
    changes this address. An OpenID link alone is not enough: it may have been stored before the principal might sign,
    and at that time a manager may have chosen the recorded mail address.
    """
    # Two first log-ins of the same person must not record the person twice.
    await ledger.lock(f"openid {identity.link_id}")
    claimed = roles_from_claims(provider.rules, identity.claims)
    if provider.rules and claimed is None:
        raise _unknown(identity, "the claims fulfil no rule, or rules of two parties")
    party = await _party(ledger, space, claimed.party if claimed else provider.only_party, identity)
    found = await _linked(ledger, identity) or await _on_record(ledger, identity, party)
    if claimed is not None and party is not None:
        found = await _with_roles(ledger, identity, found, party, claimed)
    if found is None:
        raise _unknown(identity, "nobody on record has this verified mail address, or more than one person has")
    if found.has_ended(ledger.now):
        raise _unknown(identity, "the principal has ended")
    if party is not None and found.party_id != party.party_id:
        raise _unknown(identity, "the person belongs to another party")
    person = await ledger.people.get(found.person_id) if found.person_id else None
    if found.may_sign and not identity.is_at(person):
        raise _unknown(identity, "the person may sign, and the verified mail address is not the one on record")
    found.link(subject_hash(identity.issuer, identity.subject))
    link = OpenIdLink(identity.link_id, identity.issuer, identity.subject, found.principal_id, ledger.now)
    if await ledger.openid_links.get(link.link_id) is None:
        await ledger.openid_links.put(link)
        await ledger.note(sessions.as_caller(found), "openid.link", found.principal_id, {"issuer": identity.issuer})
    return found


async def _linked(ledger: Ledger, identity: ProvenIdentity) -> EnrolledPrincipal | None:
    link = await ledger.openid_links.get(identity.link_id)
    return None if link is None else await _locked(ledger, link.principal_id)


async def _on_record(ledger: Ledger, identity: ProvenIdentity, party: Party | None) -> EnrolledPrincipal | None:
    """Return the principal of the person with the verified mail address; None unless there is exactly one."""
    people = [each for each in await _people_at(ledger, identity) if party is None or each.party_id == party.party_id]
    bound = [found for each in people if (found := await ledger.principal_of(each.person_id)) is not None]
    return await _locked(ledger, bound[0]) if len(bound) == 1 else None


async def _locked(ledger: Ledger, principal_id: str) -> EnrolledPrincipal | None:
    await ledger.lock(principal_id)
    return await ledger.principals.get(principal_id)


async def _with_roles(
    ledger: Ledger, identity: ProvenIdentity, found: EnrolledPrincipal | None, party: Party, claimed: ClaimedRoles
) -> EnrolledPrincipal:
    """Return the principal with the roles that follow from the claims by the settings' rules.

    If ``found`` is None, the principal is new. The person is recorded first, unless the party has recorded the person.
    Raises PersonUnknown.
    """
    if found is None:
        found = await _recorded(ledger, identity, party)
    try:
        roles = enrolment.check_roles(list(claimed.roles), found.party_id, found.person_id)
        if enrolment.AUDITOR in roles:
            enrolment.check_principal_end(roles, found.ends_at, ledger.now)
    except Invalid as wrong:
        raise _unknown(identity, f"the rules give roles that do not go together: {wrong}") from wrong
    changed = replace(found, roles=roles)
    if changed.may_sign and not found.may_sign:
        sessions_of.end_all_sessions(changed, ledger.now)
        if any(key.is_live(ledger.now) and not key.may_sign for key in changed.keys):
            raise _unknown(identity, "the rules let sign who has keys in which a manager had a hand: revoke these")
    if roles != found.roles:
        await ledger.note(sessions.as_caller(changed), "principal.edit", found.principal_id, {"roles": roles})
    return changed


async def _recorded(ledger: Ledger, identity: ProvenIdentity, party: Party) -> EnrolledPrincipal:
    """Return a new principal of the party for the identified person.

    If the party has recorded a person with this mail address, that person gets the principal. Otherwise the identified
    person is recorded first.
    """
    key = f"openid-{identity.link_id[:16]}"
    people = [each for each in await _people_at(ledger, identity) if each.party_id == party.party_id]
    person = (
        people[0]
        if people
        else Person(
            callers.derive_id(party.party_id, "person", key), party.party_id, key, identity.name, identity.email
        )
    )
    principal_id = callers.derive_id(party.party_id, "principal", key)
    principal = EnrolledPrincipal(principal_id, party.party_id, key, person.name, [], person.person_id)
    await ledger.lock(principal_id)
    if not people:
        await ledger.people.put(person)
        await ledger.note(sessions.as_caller(principal), "person.record", person.person_id, {"name": person.name})
    return principal


async def _people_at(ledger: Ledger, identity: ProvenIdentity) -> list[Person]:
    return [each for each in await ledger.people_at(identity.email) if identity.is_at(each)] if identity.email else []


async def _party(ledger: Ledger, space: str, written: str, identity: ProvenIdentity) -> Party | None:
    """Return the party with the id or key ``written``, which comes from the settings; None if ``written`` is empty.

    Raises PersonUnknown if there is no such party.
    """
    if not written:
        return None
    found = await ledger.parties.get(written) or await ledger.parties.get(named_id(space, written))
    if found is None:
        raise _unknown(identity, f"the settings name a party that is not registered: {written!r}")
    return found


def _unknown(identity: ProvenIdentity, reason: str) -> PersonUnknown:
    """Return the refusal for somebody who may not log in. The caller is told nothing more; the reason is logged."""
    _logger.warning("openid log-in refused", issuer=identity.issuer, subject=identity.subject, reason=reason)
    return PersonUnknown("You have signed in, but nobody here is known under that account.")


def _secrets(state: str, browser: str) -> LogInSecrets:
    """Return the secrets of a log-in. Nonce and verifier are derived from the browser's secret and not stored."""
    return LogInSecrets(state, _derived(browser, f"nonce {state}"), _derived(browser, f"verifier {state}"))


def _derived(browser: str, purpose: str) -> str:
    digest = hmac.digest(browser.encode("utf-8", "surrogatepass"), purpose.encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _limits(origin: Origin) -> list[AttemptLimit]:
    return [AttemptLimit(f"openid log-ins from {origin.address}", _FROM_ADDRESS)]
