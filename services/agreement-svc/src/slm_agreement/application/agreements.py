"""Agreements: draft, revise, propose, counter, accept, withdraw, sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_agreement.application import callers, drafting, ticket_scopes
from slm_agreement.application.ledger import Desk, Ledger
from slm_agreement.domain.checks.smart import latest_signed
from slm_agreement.domain.contracting import negotiation, signing
from slm_agreement.domain.contracting.signing import Signer, SigningContext
from slm_agreement.domain.errors import Finding, Invalid, KeyTaken, Unknown, WrongState
from slm_agreement.domain.versions.agreement import OPEN, Identity, State, Version, write
from slm_agreement.domain.versions.finalizing import Names
from slm_chassis.access import Principal


@dataclass(frozen=True, slots=True)
class Draft:
    """A new agreement: its parties and service, and a document, a template or both."""

    kind: str
    scope: str
    provider_party_id: str
    customer_party_id: str
    service_id: str
    key: str | None = None
    template: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    external_refs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Redraft:
    """New content for a draft. ``version`` None means the newest version."""

    document: Mapping[str, Any]
    template: str | None = None
    version: int | None = None


async def draft(desk: Desk, caller: Principal, order: Draft) -> tuple[list[Version], bool]:
    """Create an agreement with version 1 and its first revision; return its versions and whether it is new.

    The same order again returns the existing one. Raises Invalid for invalid content, and KeyTaken if the key belongs
    to another agreement.
    """
    callers.must_manage(caller)
    key = callers.key_or_random(order.key)
    drafting_party = callers.party_of(caller)
    identity = Identity(
        callers.id_of(drafting_party, "agreement", key),
        key,
        order.kind,
        order.scope,
        drafting_party,
        order.provider_party_id,
        order.customer_party_id,
        order.service_id,
        order.external_refs,
    )
    identity.side_of(caller.party_id)
    async with desk.begin() as ledger:
        await ledger.lock(identity.agreement_id)
        await drafting.check_identity(ledger, identity)
        document = await drafting.resolved(ledger, identity, drafting_party, order.document, order.template)
        known = await ledger.agreements.identity(identity.agreement_id)
        if known is not None:
            return await _same(ledger, caller, identity, known, document), False
        version = Version(identity, 1, drafted_by_party_id=caller.party_id)
        revision = write(version, document, callers.mover(caller), None, ledger.now)
        await ledger.agreements.add(identity)
        await ledger.agreements.save(version)
        detail = {"version": 1, "revision_hash": revision.hash, "private": True}
        await ledger.note(caller, "agreement.draft", identity.agreement_id, detail)
    return [version], True


async def revise(
    desk: Desk,
    caller: Principal,
    agreement_id: str,
    redraft: Redraft,
    unless_changed: Callable[[Version], None],
) -> tuple[list[Version], Version]:
    """Add a revision to a draft. ``unless_changed`` raises if the version is not the one that its editor has seen."""
    async with desk.begin() as ledger:
        versions = await opened(ledger, caller, agreement_id)
        version = _open_one(versions, redraft.version)
        unless_changed(version)
        earlier = _negotiated_and_signed(versions, version)
        text = await drafting.resolved(
            ledger, version.identity, caller.party_id, redraft.document, redraft.template, earlier
        )
        revision = negotiation.revise(version, text, callers.mover(caller), latest_signed(versions), ledger.now)
        await ledger.agreements.save(version)
        detail = {"version": version.number, "revision_hash": revision.hash, "private": _is_private(version)}
        await ledger.note(caller, "agreement.revise", agreement_id, detail)
    return versions, version


async def propose(
    desk: Desk, caller: Principal, agreement_id: str, revision_hash: str
) -> tuple[list[Version], Version]:
    """Propose the draft with that hash to the other party."""
    async with desk.begin() as ledger:
        versions = await opened(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        negotiation.record_proposal(version, revision_hash, callers.mover(caller), ledger.now)
        await _moved(ledger, caller, "agreement.propose", version)
    return versions, version


async def counter(
    desk: Desk,
    caller: Principal,
    agreement_id: str,
    revision_hash: str,
    document: Mapping[str, Any],
) -> tuple[list[Version], Version]:
    """Answer the revision with that hash with another document."""
    async with desk.begin() as ledger:
        versions = await opened(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        text = await drafting.resolved(
            ledger, version.identity, caller.party_id, document, None, _negotiated_and_signed(versions, version)
        )
        base = latest_signed([other for other in versions if other is not version])
        negotiation.record_counter(version, revision_hash, text, callers.mover(caller), base, ledger.now)
        await _moved(ledger, caller, "agreement.counter", version)
    return versions, version


async def accept_revision(
    desk: Desk, caller: Principal, agreement_id: str, revision_hash: str
) -> tuple[list[Version], Version]:
    """Accept the revision with that hash."""
    async with desk.begin() as ledger:
        versions = await opened(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        others = [other for other in versions if other is not version]
        await drafting.check_own_signatories(ledger, version.identity, caller.party_id, version.current.document)
        around = await ticket_scopes.findings(ledger, version)
        negotiation.record_acceptance(version, revision_hash, callers.mover(caller), others, ledger.now, around)
        await _moved(ledger, caller, "agreement.accept", version)
    return versions, version


async def withdraw_agreement(
    desk: Desk, caller: Principal, agreement_id: str, reason: str, number: int | None
) -> tuple[list[Version], Version]:
    """End a negotiation."""
    async with desk.begin() as ledger:
        versions = await opened(ledger, caller, agreement_id)
        version = _open_one(versions, number, also=State.WITHDRAWN)
        negotiation.record_withdrawal(version, reason, callers.mover(caller), ledger.now)
        await _moved(ledger, caller, "agreement.withdraw", version)
    return versions, version


async def sign(
    desk: Desk, caller: Principal, agreement_id: str, revision_hash: str, waivers: Sequence[Mapping[str, str]]
) -> tuple[list[Version], Version]:
    """Sign the revision with that hash as the person behind the key. The last required signature finalizes it."""
    async with desk.begin() as ledger:
        versions = await opened(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        others = [other for other in versions if other is not version]
        by = await signer(ledger, caller, version.identity)
        names = await _names(ledger, version.identity)
        around = await ticket_scopes.findings(ledger, version)
        context = SigningContext(others, names, around)
        signing.record_signature(version, revision_hash, waivers, by, context, ledger.now)
        await _moved(ledger, caller, "agreement.sign", version)
    return versions, version


async def opened(ledger: Ledger, caller: Principal, agreement_id: str) -> list[Version]:
    """Lock the agreement and return all versions that the caller may see; raises Unknown if there are none."""
    await ledger.lock(agreement_id)
    versions = await ledger.agreements.versions(agreement_id)
    return visible(caller, agreement_id, versions)


def visible(caller: Principal, agreement_id: str, versions: list[Version]) -> list[Version]:
    """Return the versions that the caller may see; raises Unknown if there are none."""
    may_see = bool(versions) and caller.may_see(
        versions[0].identity.provider_party_id, versions[0].identity.customer_party_id
    )
    seen = [version for version in versions if caller.is_operator or version.visible_to(caller.party_id)]
    if not may_see or not seen:
        raise Unknown(f"There is no agreement {agreement_id!r} that you may see.")
    return seen


async def _same(
    ledger: Ledger, caller: Principal, identity: Identity, known: Identity, document: dict[str, Any]
) -> list[Version]:
    """Return the existing versions if the key belongs to the same content; else raise KeyTaken without revealing
    anything.
    """
    versions = await ledger.agreements.versions(known.agreement_id)
    first = versions[0]
    wanted = write(Version(identity, 1), document, callers.mover(caller), None, ledger.now).hash
    seen = first.visible_to(caller.party_id) and identity == known
    if not seen or wanted not in {revision.hash for revision in first.revisions_for(caller.party_id)}:
        raise KeyTaken(
            "The key belongs to another agreement or document: post a revision to that one, or use another key."
        )
    return visible(caller, known.agreement_id, versions)


def _with(versions: Sequence[Version], revision_hash: str) -> Version:
    """Return the version with this revision or, if there is none, the one being negotiated, whose rules then
    refuse it.
    """
    for version in sorted(versions, key=lambda v: (v.state in OPEN, v.number), reverse=True):
        if any(revision.hash == revision_hash for revision in version.revisions):
            return version
    return _open_one(versions, None)


def _open_one(versions: Sequence[Version], number: int | None, also: State | None = None) -> Version:
    if number is not None:
        found = [version for version in versions if version.number == number]
        if not found:
            raise Invalid(
                "There is no such version.",
                [Finding("version", str(number), "write the number of an existing version")],
            )
        return found[0]
    candidates = [version for version in versions if version.state in OPEN or version.state == also]
    if not candidates:
        raise WrongState("No version of this agreement is being negotiated: draft an amendment.")
    return max(candidates, key=lambda version: (version.state in OPEN, version.number))


async def _moved(ledger: Ledger, caller: Principal, action: str, version: Version) -> None:
    await ledger.agreements.save(version)
    for event in version.events:
        ledger.publish(event)
    version.events.clear()
    detail = {
        "version": version.number,
        "state": str(version.state),
        "revision_number": version.current.number,
        "revision_hash": version.current.hash,
        "private": _is_private(version),
    }
    await ledger.note(caller, action, version.identity.agreement_id, detail)


def _is_private(version: Version) -> bool:
    return version.tabled is None and version.drafted_by_party_id is not None


def _negotiated_and_signed(versions: Sequence[Version], version: Version) -> list[Version]:
    """Return the version being negotiated and the one signed last."""
    signed = latest_signed(versions)
    return [version, *(other for other in versions if other.number == signed and other is not version)]


async def signer(ledger: Ledger, caller: Principal, identity: Identity) -> Signer:
    """Return the person behind the caller's key as a signer; raises NotAllowed if they may not sign now."""
    side = identity.side_of(caller.party_id)
    principal = await ledger.principals.get(caller.principal_id)
    person = await ledger.people.get(principal.person_id) if principal and principal.person_id else None
    return signing.signer(side, principal, caller.key_id, person, ledger.now)


async def _names(ledger: Ledger, identity: Identity) -> Names:
    provider = await ledger.parties.get(identity.provider_party_id)
    customer = await ledger.parties.get(identity.customer_party_id)
    service = await ledger.services.get(identity.service_id)
    if provider is None or customer is None or service is None:
        raise Unknown("The agreement's parties or service no longer exist.")
    return Names(
        provider.name,
        customer.name,
        service.key,
        service.name,
        customer.key,
        customer.external_refs,
        service.external_refs,
    )


async def visible_versions(desk: Desk, caller: Principal, agreement_id: str) -> list[Version]:
    """Return the versions that the caller may see; raises Unknown if there are none."""
    async with desk.begin() as ledger:
        return visible(caller, agreement_id, await ledger.agreements.versions(agreement_id))
