"""A check of terms that are not saved: what the SMART check would find if the caller saved the terms now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slm_agreement.application import agreements, callers, drafting, supports, surroundings
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.checks.chain_check import SideChain
from slm_agreement.domain.checks.smart import latest_signed_number, run_smart_check
from slm_agreement.domain.documents import clauses, templates
from slm_agreement.domain.errors import Finding, Invalid, Unknown
from slm_agreement.domain.versions.agreement import OPEN, Identity, Version, VersionState, add_revision
from slm_chassis.access import Principal


@dataclass(frozen=True, slots=True)
class UnsavedTerms:
    """Terms to check. ``version`` None means the version into which the caller would write them."""

    document: Mapping[str, Any]
    template: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class TermFindings:
    """The result of a check: the findings, and whether the terms could be saved as they are.

    ``points`` are the ten points that an agreement should cover, as ``check_sla_points`` returns them. ``version`` is
    the number of the version into which the terms would be written.
    """

    version: int
    identity: Identity
    is_valid: bool
    findings: list[Finding]
    points: list[dict[str, Any]] = field(default_factory=list)
    chains: dict[str, SideChain] | None = None
    """Side → the result of the chain check for its supports; None for terms that cannot be read."""


async def check_terms(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, terms: UnsavedTerms
) -> TermFindings:
    """Return the findings of the check of these terms. Nothing is stored.

    Terms of a signed version are checked as an amendment of that version. Raises NotAllowed unless the caller is a
    manager of a party, and Unknown for an agreement or version that the caller may not see.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        versions = agreements.select_visible_versions(
            caller, agreement_id, await ledger.agreements.versions(agreement_id)
        )
        versions[0].identity.side_of(caller.party_id)
        version = _edited(versions, terms.version, caller)
        others = [each for each in versions if each.number != version.number]
        return await _findings(ledger, caller, version, others, terms)


async def _findings(
    ledger: Ledger, caller: Principal, version: Version, others: Sequence[Version], terms: UnsavedTerms
) -> TermFindings:
    signed = latest_signed_number(others)
    earlier = [each for each in (version, *others) if each.revisions and each.number in (version.number, signed)]
    written, template = terms.document, terms.template
    try:
        draft = await drafting.complete_draft(ledger, version.identity, caller.party_id, written, template, earlier)
    except Invalid as invalid:
        return TermFindings(version.number, version.identity, False, invalid.findings)
    text = draft.document
    imagined = replace(version, state=VersionState.DRAFT, tabled=None, revisions=list(version.revisions))
    revision = add_revision(imagined, text, callers.actor_of(caller), signed, ledger.now)
    imagined.revisions.append(revision)
    around = await surroundings.find_surrounding_findings(ledger, imagined)
    found = run_smart_check(imagined, revision, others, ledger.now, around)
    allowed = templates.template_of_kind(version.identity.kind).may_be_empty
    points = clauses.check_sla_points(text, allowed)
    chains = await supports.check_chain(ledger, imagined, draft.references)
    findings = [*draft.findings, *found]
    return TermFindings(version.number, version.identity, not draft.findings, findings, points, chains)


def _edited(versions: Sequence[Version], number: int | None, caller: Principal) -> Version:
    """Return the version into which the caller would write a change of version ``number``. Raises Unknown.

    ``number`` None means the version being negotiated; if there is none, the newest version. If the changed version is
    being negotiated, that version is returned. Otherwise a new amendment is returned, which is not stored. Its number
    is one more than the highest number of a version that the caller may see.
    """
    open_ = [each for each in versions if each.state in OPEN]
    newest = max(open_ or versions, key=lambda each: each.number).number
    found = next((each for each in versions if each.number == (newest if number is None else number)), None)
    if found is None:
        raise Unknown(f"There is no version {number!r} that you may see.")
    if found.state in OPEN:
        return found
    following = max(each.number for each in versions) + 1
    return Version(found.identity, following, drafted_by_party_id=caller.party_id)
