"""Agreements: draft, revise, propose, counter, answer, accept, withdraw, sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_agreement.application import backtests, callers, document_names, drafting, supports, surroundings
from slm_agreement.application.confirmations import end_confirmed_record
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.checks import chain_check, signed_supports
from slm_agreement.domain.checks.smart import latest_signed_number
from slm_agreement.domain.contracting import negotiation, signing
from slm_agreement.domain.contracting.answering import NO_DECISIONS, TargetDecisions
from slm_agreement.domain.contracting.signing import Signer, SigningContext
from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.documents.document import DocumentSubject
from slm_agreement.domain.errors import Finding, Invalid, KeyTaken, Unknown, WrongState
from slm_agreement.domain.versions.agreement import OPEN, Identity, Revision, Version, VersionState, add_revision
from slm_chassis.access import Principal
from slm_events.instants import UtcMicroseconds


@dataclass(frozen=True, slots=True)
class AgreementDraft:
    """An agreement to create: its parties and service, and a document, a template or both."""

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
class DraftChange:
    """New content for a draft. ``version`` None means the newest version that is not signed and has not ended."""

    document: Mapping[str, Any]
    template: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class RevisionReply:
    """A party's reply to a proposed revision: decisions about targets and, for a counter-proposal, a document."""

    answer: TargetDecisions = NO_DECISIONS
    document: Mapping[str, Any] | None = None


async def draft_agreement(
    ledgers: LedgerFactory, caller: Principal, order: AgreementDraft
) -> tuple[list[Version], bool]:
    """Create an agreement with version 1 and its first revision; return its versions and whether the agreement is new.

    If the key belongs to an agreement with the same content, that agreement is returned. Raises Invalid for invalid
    content, and KeyTaken if the key belongs to another agreement.
    """
    callers.require_manager(caller)
    key = callers.key_or_random(order.key)
    drafting_party = callers.require_party(caller)
    identity = Identity(
        callers.derive_id(drafting_party, "agreement", key),
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
    async with ledgers.begin() as ledger:
        await ledger.lock(identity.agreement_id)
        await drafting.check_agreement_identity(ledger, identity)
        document = await drafting.resolve_draft(ledger, identity, drafting_party, order.document, order.template)
        known = await ledger.agreements.identity(identity.agreement_id)
        if known is not None:
            return await _same(ledger, caller, identity, known, document), False
        version = Version(identity, 1, drafted_by_party_id=caller.party_id)
        revision = add_revision(version, document, callers.actor_of(caller), None, ledger.now)
        await ledger.agreements.add(identity)
        await ledger.agreements.save(version)
        detail = {"version": 1, "revision_hash": revision.hash, "private": True}
        await ledger.note(caller, "agreement.draft", identity.agreement_id, detail)
    return [version], True


async def revise_draft(
    ledgers: LedgerFactory,
    caller: Principal,
    agreement_id: str,
    redraft: DraftChange,
    unless_changed: Callable[[Version], None],
) -> tuple[list[Version], Version]:
    """Add a revision to a draft; return all versions and the draft.

    ``unless_changed`` raises if the version has changed since the caller read it.
    """
    async with ledgers.begin() as ledger:
        versions = await lock_visible_versions(ledger, caller, agreement_id)
        version = choose_negotiated_version(versions, redraft.version)
        unless_changed(version)
        earlier = _negotiated_and_signed(versions, version)
        text = await drafting.resolve_draft(
            ledger, version.identity, caller.party_id, redraft.document, redraft.template, earlier
        )
        revision = negotiation.add_draft_revision(
            version, text, callers.actor_of(caller), latest_signed_number(versions), ledger.now
        )
        await ledger.agreements.save(version)
        detail = {"version": version.number, "revision_hash": revision.hash, "private": _is_private(version)}
        await ledger.note(caller, "agreement.revise", agreement_id, detail)
    return versions, version


async def propose_draft(
    ledgers: LedgerFactory,
    caller: Principal,
    agreement_id: str,
    revision_hash: str,
    answer_by: UtcMicroseconds | None = None,
) -> tuple[list[Version], Version]:
    """Propose the draft with this hash to the other party; return all versions and the proposed version.

    The other party is asked to answer by ``answer_by`` (microseconds UTC; None: no deadline).
    """
    async with ledgers.begin() as ledger:
        versions = await lock_visible_versions(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        proposed_before = version.tabled
        negotiation.record_proposal(version, revision_hash, callers.actor_of(caller), ledger.now, answer_by)
        await store_move(ledger, caller, "agreement.propose", version)
        if proposed_before is None:
            await backtests.request_backtest(ledger, version, _others(versions, version))
    return versions, version


async def counter_revision(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, revision_hash: str, reply: RevisionReply
) -> tuple[list[Version], Version]:
    """Answer the revision with this hash by another document. Return all versions and the version of the revision."""
    async with ledgers.begin() as ledger:
        versions = await lock_visible_versions(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        await _counter(ledger, caller, versions, version, revision_hash, reply)
    return versions, version


async def accept_revision(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, revision_hash: str
) -> tuple[list[Version], Version]:
    """Accept the proposed revision with this hash; return all versions and the version of this revision."""
    async with ledgers.begin() as ledger:
        versions = await lock_visible_versions(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        await _accept(ledger, caller, versions, version, revision_hash)
    return versions, version


async def answer_targets(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, revision_hash: str, reply: RevisionReply
) -> tuple[list[Version], Version]:
    """Answer the targets of the revision with this hash one by one; return all versions and the revision's version.

    A reply with a document is a counter-proposal. A reply without a document accepts the revision if it accepts every
    target. Otherwise it asks the other party for another revision.
    """
    async with ledgers.begin() as ledger:
        versions = await lock_visible_versions(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        actor = callers.actor_of(caller)
        if reply.document is not None:
            await _counter(ledger, caller, versions, version, revision_hash, reply)
        elif negotiation.would_accept_every_target(version, reply.answer, actor):
            await _accept(ledger, caller, versions, version, revision_hash)
        else:
            negotiation.record_refusals(version, revision_hash, reply.answer, actor, ledger.now)
            await store_move(ledger, caller, "agreement.answer", version)
    return versions, version


async def _counter(
    ledger: Ledger,
    caller: Principal,
    versions: list[Version],
    version: Version,
    revision_hash: str,
    reply: RevisionReply,
) -> None:
    around = _negotiated_and_signed(versions, version)
    text = await drafting.resolve_draft(ledger, version.identity, caller.party_id, reply.document or {}, None, around)
    base = latest_signed_number(_others(versions, version))
    counter_proposal = negotiation.CounterRevision(text, base, reply.answer)
    negotiation.record_counter_proposal(version, revision_hash, counter_proposal, callers.actor_of(caller), ledger.now)
    await store_move(ledger, caller, "agreement.counter", version)
    if version.current.hash != revision_hash:
        await backtests.request_backtest(ledger, version, _others(versions, version))


async def _accept(
    ledger: Ledger, caller: Principal, versions: list[Version], version: Version, revision_hash: str
) -> None:
    others = _others(versions, version)
    await drafting.check_own_signatories(ledger, version.identity, caller.party_id, version.current.document)
    around = await surroundings.find_surrounding_findings(ledger, version)
    around += await backtests.find_backtest_findings(ledger, version)
    negotiation.record_acceptance(version, revision_hash, callers.actor_of(caller), others, ledger.now, around)
    await store_move(ledger, caller, "agreement.accept", version)


async def withdraw_agreement(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, reason: str, number: int | None
) -> tuple[list[Version], Version]:
    """End a negotiation without an agreement; return all versions and the withdrawn version.

    ``number`` names the version. None means the newest version that is not signed and has not ended.
    """
    async with ledgers.begin() as ledger:
        versions = await lock_visible_versions(ledger, caller, agreement_id)
        version = choose_negotiated_version(versions, number, also=VersionState.WITHDRAWN)
        negotiation.record_withdrawal(version, reason, callers.actor_of(caller), ledger.now)
        await store_move(ledger, caller, "agreement.withdraw", version)
    return versions, version


async def sign_revision(
    ledgers: LedgerFactory,
    caller: Principal,
    agreement_id: str,
    revision_hash: str,
    waivers: Sequence[Mapping[str, str]],
) -> tuple[list[Version], Version]:
    """Sign the revision with this hash as the person behind the caller's key; return all versions and the signed
    version.

    The last required signature finalizes the version.
    """
    async with ledgers.begin() as ledger:
        versions = await lock_visible_versions(ledger, caller, agreement_id)
        version = _with(versions, revision_hash)
        by = await authorize_caller_to_sign(ledger, caller, version.identity)
        # Retiring takes this lock too, so the service cannot be retired between the check and the signature.
        await ledger.lock(version.identity.service_id)
        names = await document_names.read_names_at_signing(ledger, version.identity)
        around = await surroundings.find_surrounding_findings(ledger, version)
        chains = await supports.check_chain(ledger, version) if version.state == VersionState.AGREED else {}
        around += chain_check.errors_for(chains, by.side)
        around += await backtests.find_backtest_findings(ledger, version)
        context = SigningContext(_others(versions, version), names, around)
        signing.record_signature(version, revision_hash, waivers, by, context, ledger.now)
        if version.state == VersionState.FINALIZED:
            # A consumer of the terms knows what they rest on by then.
            version.events[:0] = signed_supports.supports_signed_events(version, chains)
            await end_confirmed_record(ledger, version)
        await store_move(ledger, caller, "agreement.sign", version)
    return versions, version


async def lock_visible_versions(ledger: Ledger, caller: Principal, agreement_id: str) -> list[Version]:
    """Lock an agreement until the end of the transaction and return the versions that the caller may see.

    Raises Unknown if there are none.
    """
    await ledger.lock(agreement_id)
    versions = await ledger.agreements.versions(agreement_id)
    return select_visible_versions(caller, agreement_id, versions)


def select_visible_versions(caller: Principal, agreement_id: str, versions: list[Version]) -> list[Version]:
    """Return the versions of an agreement that the caller may see; raises Unknown if there are none."""
    may_see = bool(versions) and caller.may_see(
        versions[0].identity.provider_party_id, versions[0].identity.customer_party_id
    )
    seen = [version for version in versions if caller.is_operator or version.visible_to(caller.party_id)]
    if not may_see or not seen:
        raise Unknown(f"There is no agreement {agreement_id!r} that you may see.")
    return seen


def refuse_on_record(versions: Sequence[Version], remedy: str) -> None:
    """Raise WrongState for an agreement on record: its other party does not use the product and cannot answer."""
    if versions and versions[0].identity.is_on_record:
        raise WrongState(f"The other party of an agreement on record does not use the product: {remedy}.")


async def _same(
    ledger: Ledger, caller: Principal, identity: Identity, known: Identity, document: dict[str, Any]
) -> list[Version]:
    """Return the versions of an existing agreement if its content is the caller's ``document``; raises KeyTaken if not.

    The error reveals nothing about the existing agreement.
    """
    versions = await ledger.agreements.versions(known.agreement_id)
    first = versions[0]
    seen = first.visible_to(caller.party_id) and identity == known
    if not seen or not any(
        _says(revision, document, identity.subject) for revision in first.revisions_for(caller.party_id)
    ):
        raise KeyTaken(
            "The key belongs to another agreement or document: post a revision to that one, or use another key."
        )
    return select_visible_versions(caller, known.agreement_id, versions)


def _says(revision: Revision, document: dict[str, Any], subject: DocumentSubject) -> bool:
    """Return whether the revision has this content. Defaults of terms that were introduced after the revision are
    ignored.
    """
    written = revision.document
    return written == document or documents.resolve_document(written, subject, None, "") == document


def _with(versions: Sequence[Version], revision_hash: str) -> Version:
    """Return the version that has the revision with this hash.

    If no version has it, the version being negotiated is returned: its rules then refuse the hash.
    """
    for version in sorted(versions, key=lambda v: (v.state in OPEN, v.number), reverse=True):
        if any(revision.hash == revision_hash for revision in version.revisions):
            return version
    return choose_negotiated_version(versions, None)


def choose_negotiated_version(
    versions: Sequence[Version], number: int | None, also: VersionState | None = None
) -> Version:
    """Return the version with this number; without a number, the newest that is negotiated or in the state ``also``.

    Raises Invalid if no version has the number, and WrongState if none is negotiated.
    """
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


async def store_move(ledger: Ledger, caller: Principal, action: str, version: Version) -> None:
    """Store a version after a step of its negotiation, publish the events of the step, and audit it as ``action``."""
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


def _others(versions: Sequence[Version], version: Version) -> list[Version]:
    return [other for other in versions if other is not version]


def _is_private(version: Version) -> bool:
    return version.tabled is None and version.drafted_by_party_id is not None


def _negotiated_and_signed(versions: Sequence[Version], version: Version) -> list[Version]:
    """Return this version and, if another version was signed last, that version, too."""
    signed = latest_signed_number(versions)
    return [version, *(other for other in versions if other.number == signed and other is not version)]


async def authorize_caller_to_sign(ledger: Ledger, caller: Principal, identity: Identity) -> Signer:
    """Return the caller as a signer for their side.

    Raises NotAllowed unless role, person, API key and mandate allow the caller to sign now.
    """
    side = identity.side_of(caller.party_id)
    principal = await ledger.principals.get(caller.principal_id)
    person = await ledger.people.get(principal.person_id) if principal and principal.person_id else None
    return signing.authorize_signer(side, principal, caller.key_id, person, ledger.now)


async def read_visible_versions(ledgers: LedgerFactory, caller: Principal, agreement_id: str) -> list[Version]:
    """Read an agreement and return the versions that the caller may see; raises Unknown if there are none."""
    async with ledgers.begin() as ledger:
        return select_visible_versions(caller, agreement_id, await ledger.agreements.versions(agreement_id))
