"""The supports of a document, which are the agreements that a party names as the base of its own promises.

Functions of this module decide which agreements a party may name, and run the chain check: whether the supports promise
enough to carry the promises of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.checks import chain_check, chain_structure
from slm_agreement.domain.checks.chain_check import SideChain, Support, TermsInForce
from slm_agreement.domain.documents import supports
from slm_agreement.domain.documents.supports import SIDES, SupportReference
from slm_agreement.domain.errors import Findings
from slm_agreement.domain.versions.agreement import SIGNED, Identity, Version
from slm_chassis.access import Principal
from slm_chassis.identity import new_id

KINDS = frozenset({"ola", "uc"})
"""The kinds of agreements that may support another."""


async def replace_supports(
    ledger: Ledger,
    identity: Identity,
    party_id: str | None,
    document: dict[str, Any],
    earlier: Sequence[Version],
    findings: Findings,
) -> list[SupportReference]:
    """Replace the supporting agreements in a document by entries with opaque ids; return the references to be stored.

    A party can name and remove only its own supports. The supports that the other party named stay as in the first of
    the ``earlier`` versions, even if the document leaves them out. Every agreement that the party may not name gets the
    same finding, also an agreement that does not exist.
    """
    stored = await ledger.agreements.supports(identity.agreement_id)
    by_id = {each.support_id: each for each in stored}
    own_side = "provider" if party_id == identity.provider_party_id else "customer"
    theirs = _named_by_others(earlier, by_id, party_id)
    entries: dict[str, dict[str, str]] = {}
    added: list[SupportReference] = []
    for index, written in enumerate(document[supports.NAME]):
        known = by_id.get(written.get("support_id", ""))
        if known is not None and known.support_id in theirs:
            entries[known.support_id] = theirs[known.support_id]
            continue
        own = known if known is not None and known.party_id == party_id else None
        named = written.get("agreement_id") or (own.supporting_agreement_id if own is not None else "")
        if not await _may_support(ledger, identity, party_id, named):
            value = named or written.get("support_id", "")
            findings.add(f"{supports.NAME}[{index}].agreement_id", value, supports.REMEDY, "chain.unknown-support")
            continue
        if await _rests_on(ledger, named, identity.agreement_id, party_id):
            findings.add(f"{supports.NAME}[{index}].agreement_id", named, supports.CIRCLE_REMEDY, "chain.circle")
            continue
        reference = _reference_to(named, party_id, [*stored, *added])
        if reference is None:
            reference = SupportReference(new_id(), identity.agreement_id, str(party_id), named)
            added.append(reference)
        entries[reference.support_id] = supports.entry_of(reference, own_side, written["disclose"])
    document[supports.NAME] = [*entries.values(), *(each for key, each in theirs.items() if key not in entries)]
    return added


def _named_by_others(
    earlier: Sequence[Version], by_id: Mapping[str, SupportReference], party_id: str | None
) -> dict[str, dict[str, str]]:
    """Return opaque id → the entry of a support that the other party named in the first of the ``earlier`` versions."""
    before = earlier[0].current.document[supports.NAME] if earlier else []
    named = {each.get("support_id", ""): each for each in before}
    return {key: each for key, each in named.items() if key in by_id and by_id[key].party_id != party_id}


def _reference_to(
    agreement_id: str, party_id: str | None, known: Sequence[SupportReference]
) -> SupportReference | None:
    return next(
        (each for each in known if each.party_id == party_id and each.supporting_agreement_id == agreement_id), None
    )


async def _may_support(ledger: Ledger, identity: Identity, party_id: str | None, agreement_id: str) -> bool:
    """Return whether a party may name the agreement ``agreement_id`` as a support of the agreement ``identity``.

    The support must be another agreement, and an operational level agreement or underpinning contract. The party must
    be the support's provider or customer, and see at least one version of the support.
    """
    other = await ledger.agreements.identity(agreement_id)
    if other is None or other.kind not in KINDS or other.agreement_id == identity.agreement_id:
        return False
    if party_id not in (other.provider_party_id, other.customer_party_id):
        return False
    return any(version.visible_to(party_id) for version in await ledger.agreements.versions(agreement_id))


async def _rests_on(ledger: Ledger, agreement_id: str, sought: str, party_id: str | None) -> bool:
    """Return whether the agreement ``agreement_id`` rests on the agreement ``sought``, directly or through others.

    This follows only supports that the party ``party_id`` named, because this party cannot see the supports that other
    parties named.
    """
    seen, ahead = {agreement_id}, [agreement_id]
    while ahead:
        current = ahead.pop()
        named = {each.support_id: each for each in await ledger.agreements.supports(current)}
        written = {
            entry.get("support_id", "")
            for version in (await ledger.agreements.versions(current))[-1:]
            for entry in version.current.document[supports.NAME]
        }
        for support_id in written & named.keys():
            below = named[support_id].supporting_agreement_id
            if named[support_id].party_id != party_id or below in seen:
                continue
            if below == sought:
                return True
            seen.add(below)
            ahead.append(below)
    return False


async def check_chain(ledger: Ledger, version: Version, added: Sequence[SupportReference] = ()) -> dict[str, SideChain]:
    """Check whether each side's supports carry the promises of a version; return side → the result of the chain check.

    The supports are taken from the version's current revision. ``added`` has the references that are not stored.
    """
    document = version.current.document
    stored = await ledger.agreements.supports(version.identity.agreement_id)
    by_id = {each.support_id: each for each in (*stored, *added)}
    found: dict[str, list[Support]] = {side: [] for side in SIDES}
    for index, entry in enumerate(document[supports.NAME]):
        reference = by_id.get(entry.get("support_id", ""))
        if reference is not None:
            support = await _read_support(ledger, reference, f"{supports.NAME}[{index}]", entry["disclose"])
            found[entry["side"]].append(support)
    service = await ledger.services.get(version.identity.service_id)
    depends = {"provider": None if service is None else service.dependencies, "customer": None}
    chains = {}
    for side, named in found.items():
        combined = chain_structure.combine_supports(depends[side], {each.support_id: each.service_id for each in named})
        chains[side] = chain_check.check_chain(document, side, named, combined, ledger.now)
    return chains


async def _read_support(ledger: Ledger, reference: SupportReference, place: str, disclose: str) -> Support:
    """Return a supporting agreement with its signed terms.

    The terms of a record go on in the agreement that confirms it.
    """
    versions = await ledger.agreements.versions(reference.supporting_agreement_id)
    signed = [version for version in versions if version.state in SIGNED]
    shown = (signed or versions)[-1]
    terms = _terms_in_force(signed)
    if shown.identity.is_on_record:
        for agreement_id in await ledger.agreements.confirming(shown.identity.agreement_id):
            confirming = await ledger.agreements.versions(agreement_id)
            terms += _terms_in_force([version for version in confirming if version.state in SIGNED])
    return Support(
        reference.support_id,
        reference.supporting_agreement_id,
        place,
        shown.current.document["title"],
        shown.identity.kind,
        shown.identity.service_id,
        disclose,
        terms,
    )


def _terms_in_force(signed: Sequence[Version]) -> list[TermsInForce]:
    """Return the terms of signed versions, each until it ends or a later version takes effect."""
    terms = []
    for version in signed:
        starts_at = version.effective_at or 0
        ends = [version.ended_at if version.ended_at is not None else version.ends_at]
        ends += [later.effective_at for later in signed if later.number > version.number]
        ends_at = min((each for each in ends if each is not None), default=None)
        if ends_at is None or starts_at < ends_at:
            terms.append(TermsInForce(version.current.document, starts_at, ends_at))
    return terms


async def read_chain(ledgers: LedgerFactory, version: Version) -> dict[str, SideChain]:
    """Run the chain check of a version in a transaction of its own; return side → the result."""
    async with ledgers.begin() as ledger:
        return await check_chain(ledger, version)


async def read_own_supports(ledgers: LedgerFactory, caller: Principal, version: Version) -> list[dict[str, str]]:
    """Return the supports in a version's document. Those that the caller's party named also have ``agreement_id``."""
    entries = version.current.document[supports.NAME]
    if not entries:
        return []
    async with ledgers.begin() as ledger:
        references = await ledger.agreements.supports(version.identity.agreement_id)
    return supports.show_own_supports(entries, references, caller.party_id)
