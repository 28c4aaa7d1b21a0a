"""Amendments: new versions of an agreement, which are negotiated after an earlier version was signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_agreement.application import agreements, callers, drafting
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.checks.smart import latest_signed_number
from slm_agreement.domain.contracting import negotiation
from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.errors import Invalid, Unknown, WrongState
from slm_agreement.domain.versions.agreement import Actor, Version, VersionState, add_revision
from slm_chassis.access import Principal
from slm_chassis.identity import named_id
from slm_events.instants import UtcMicroseconds
from slm_events.review import TargetRevisionDeclined, TargetRevisionProposed

_ITSELF = Actor("agreement-svc", None, frozenset())


async def draft_amendment(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, document: Mapping[str, Any] | None
) -> tuple[list[Version], Version, bool]:
    """Create a new draft version, visible only to the caller's party.

    Return the versions that the caller may see, the draft, and whether the draft is new. If ``document`` is None, the
    draft is a copy of the version signed last, but without its ``effective_at``. If the party already has a draft with
    the same content, that draft is returned.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        versions[0].identity.side_of(caller.party_id)
        every = await ledger.agreements.versions(agreement_id)
        agreements.refuse_on_record(every, "terminate the record, and record the changed contract under another key")
        base = _base(every)
        written = document if document is not None else _copy(base)
        text = await drafting.resolve_draft(ledger, base.identity, caller.party_id, written, None, [base])
        same = _same_draft(versions, text, caller)
        if same is not None:
            return versions, same, False
        version = Version(base.identity, _next(every), drafted_by_party_id=caller.party_id)
        revision = add_revision(version, text, callers.actor_of(caller), base.number, ledger.now)
        await ledger.agreements.save(version)
        detail = {"version": version.number, "revision_hash": revision.hash, "private": True}
        await ledger.note(caller, "agreement.amend", agreement_id, detail)
    return [*versions, version], version, True


async def draft_proposed_amendment(ledger: Ledger, proposal: TargetRevisionProposed) -> None:
    """Draft an amendment in which one target has the proposed objective. Both parties see the draft.

    Receiving the same event twice changes nothing. An event with the same proposal id and another target changes that
    target in the same draft, unless a party has changed or proposed the draft. Raises Unknown for an unknown agreement.
    If no draft is possible, the audit trail says why: the agreement has ended, or the target or objective is invalid.
    """
    await ledger.lock(proposal.agreement_id)
    versions = await ledger.agreements.versions(proposal.agreement_id)
    if not versions:
        raise Unknown(f"There is no agreement {proposal.agreement_id!r}.")
    mine = [version for version in versions if version.proposal_id == proposal.proposal_id]
    if mine and not _is_untouched(mine[0]):
        return
    known = mine[0].head.hash if mine else None
    detail: dict[str, Any] = {"proposal_id": proposal.proposal_id, "target_id": proposal.target_id}
    try:
        version = _answered(versions, proposal, mine[0] if mine else None, ledger.now)
    except (Invalid, WrongState) as refused:
        detail |= {"why": refused.detail, "findings": [finding.document() for finding in refused.findings]}
        await ledger.note(None, "proposal.refuse", proposal.agreement_id, detail)
        return
    if version.head.hash == known:
        return
    await ledger.agreements.save(version)
    event_id = named_id(proposal.proposal_id, "amendment-drafted", *([] if known is None else [version.head.hash]))
    ledger.publish(negotiation.amendment_drafted_event(version, ledger.now), event_id=event_id)
    detail |= {"version": version.number, "revision_hash": version.head.hash}
    await ledger.note(None, "proposal.draft", proposal.agreement_id, detail)


async def withdraw_declined_draft(ledger: Ledger, declined: TargetRevisionDeclined) -> None:
    """Withdraw the draft amendment of a declined proposal, unless a party has changed or proposed the draft."""
    await ledger.lock(declined.agreement_id)
    for version in await ledger.agreements.versions(declined.agreement_id):
        if version.proposal_id == declined.proposal_id and _is_untouched(version):
            version.state = VersionState.WITHDRAWN
            version.ended_at, version.end_reason = ledger.now, declined.reason
            version.edits += 1
            await ledger.agreements.save(version)
            detail = {"proposal_id": declined.proposal_id, "version": version.number}
            await ledger.note(None, "proposal.drop", declined.agreement_id, detail)


def _is_untouched(version: Version) -> bool:
    """Return whether this service wrote all revisions of the draft, and nobody has proposed it."""
    return version.state == VersionState.DRAFT and all(each.author == _ITSELF for each in version.revisions)


def _answered(
    versions: Sequence[Version], proposal: TargetRevisionProposed, draft: Version | None, now: UtcMicroseconds
) -> Version:
    """Give ``draft`` the proposed objective and return it.

    If ``draft`` is None, a new draft of the terms signed last gets the objective.
    """
    base = _base(versions)
    written = base.current.document if draft is None else draft.head.document
    changed = documents.replace_objective(written, proposal.target_id, proposal.objective)
    if changed is None:
        raise WrongState(f"Version {base.number} has no target {proposal.target_key!r} any more.")
    identity = base.identity
    resolved = documents.resolve_document(changed, identity.subject, None, changed["title"])
    version = draft or Version(identity, _next(versions), proposal_id=proposal.proposal_id)
    add_revision(version, resolved, _ITSELF, base.number, now)
    return version


def _base(versions: Sequence[Version]) -> Version:
    """Return the version signed last, on which an amendment is based. Raises WrongState if no version is signed."""
    agreements.refuse_on_record(versions, "nobody could answer a draft")
    number = latest_signed_number(versions)
    if number is None:
        raise WrongState("Nothing is signed yet: revise the draft or counter the proposal instead.")
    if any(version.state == VersionState.TERMINATED for version in versions):
        raise WrongState("The agreement was terminated: draft a new one.")
    return next(version for version in versions if version.number == number)


def _copy(base: Version) -> dict[str, Any]:
    document = base.current.document
    return {**document, "term": {**document["term"], "effective_at": None}}


def _same_draft(versions: Sequence[Version], text: dict[str, Any], caller: Principal) -> Version | None:
    for version in versions:
        mine = version.state == VersionState.DRAFT and version.drafted_by_party_id == caller.party_id
        if mine and version.head.document == text:
            return version
    return None


def _next(versions: Sequence[Version]) -> int:
    return max(version.number for version in versions) + 1
