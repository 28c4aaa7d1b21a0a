"""Agreements on record: a party enters a contract whose other party does not use the product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_agreement.application import callers, document_names, drafting, named_companies, supports, surroundings
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.checks import chain_check, signed_supports, smart
from slm_agreement.domain.documents import templates
from slm_agreement.domain.errors import Finding, Findings, KeyTaken, Unknown
from slm_agreement.domain.versions import recording
from slm_agreement.domain.versions.agreement import Identity, Version, add_revision
from slm_agreement.domain.versions.records import Contract, Record
from slm_chassis.access import Principal

ABSENT_SIDES = ("provider", "customer")


@dataclass(frozen=True, slots=True)
class ContractOnRecord:
    """A contract to put on record: its parties and service, its terms, and the document that was signed."""

    kind: str
    scope: str
    provider_party_id: str
    customer_party_id: str
    service_id: str
    contract: Contract
    key: str | None = None
    template: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    external_refs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """The result of recording a contract. ``findings`` are what the checks report; they refuse nothing."""

    version: Version
    is_new: bool
    findings: list[Finding]


class _NothingIsStored(Exception):
    """Ends the transaction of a dry run without storing anything; has the result."""

    def __init__(self, result: RecordingResult) -> None:
        super().__init__()
        self.result = result


async def record_agreement(
    ledgers: LedgerFactory, caller: Principal, order: ContractOnRecord, is_dry_run: bool
) -> RecordingResult:
    """Put a contract on record for the caller's party; a dry run checks the same and stores nothing.

    If the key belongs to a record with the same content, that record is returned. Raises NotAllowed unless the caller
    is a manager of a party, Invalid for terms that cannot be read, Unknown for a company or service that the party did
    not name, and KeyTaken if the key belongs to another agreement.
    """
    try:
        async with ledgers.begin() as ledger:
            result = await record_in(ledger, caller, order)
            if is_dry_run:
                raise _NothingIsStored(result)
    except _NothingIsStored as tried:
        return tried.result
    return result


async def record_in(ledger: Ledger, caller: Principal, order: ContractOnRecord) -> RecordingResult:
    """Put a contract on record in a transaction that is open; raises what ``record_agreement`` raises."""
    callers.require_manager(caller)
    recorder = callers.require_party(caller)
    key = callers.key_or_random(order.key)
    identity = Identity(
        callers.derive_id(recorder, "agreement", key),
        key,
        order.kind,
        order.scope,
        recorder,
        order.provider_party_id,
        order.customer_party_id,
        order.service_id,
        order.external_refs,
        recorder,
    )
    await ledger.lock(identity.agreement_id)
    # Retiring takes this lock too, so the service cannot be retired between the check and the record.
    await ledger.lock(identity.service_id)
    await _check_sides(ledger, identity)
    written = recording.written_document(dict(order.document), recorder == identity.customer_party_id)
    draft = await drafting.complete_draft(ledger, identity, recorder, written, order.template)
    findings = Findings()
    findings.items += draft.findings
    findings.refuse_any("The document names something that is not registered.")
    version = Version(identity, 1, drafted_by_party_id=recorder)
    add_revision(version, draft.document, callers.actor_of(caller), None, ledger.now)
    around = await surroundings.find_surrounding_findings(ledger, version)
    chains = await supports.check_chain(ledger, version, draft.references)
    around += chain_check.errors_for(chains, identity.side_of(recorder))
    reported = smart.run_smart_check(version, version.current, [], ledger.now, around)
    names = await document_names.read_names_at_signing(ledger, identity)
    recording.record_version(version, Record(order.contract, ledger.now), names)
    known = await ledger.agreements.identity(identity.agreement_id)
    if known is not None:
        return RecordingResult(await _same(ledger, version, known), False, reported)
    for reference in draft.references:
        await ledger.agreements.add_support(reference)
    # A consumer of the terms knows what they rest on by then.
    version.events[:0] = signed_supports.supports_signed_events(version, chains)
    await _store(ledger, caller, version)
    return RecordingResult(version, True, reported)


async def _store(ledger: Ledger, caller: Principal, version: Version) -> None:
    await ledger.agreements.add(version.identity)
    await ledger.agreements.save(version)
    for event in version.events:
        ledger.publish(event)
    version.events.clear()
    detail = {"version": version.number, "state": str(version.state), "revision_hash": version.current.hash}
    await ledger.note(caller, "agreement.record", version.identity.agreement_id, detail)


async def _check_sides(ledger: Ledger, identity: Identity) -> None:
    """Check that the recorder is one side, a company that it named the other, and that the provider has the service.

    Raises Invalid for a kind or scope that does not exist, and if the recorder is neither side or both. Raises Unknown
    for another company or service; one that another party named or catalogued is refused like one that does not exist.
    """
    findings = Findings()
    if identity.kind not in templates.KINDS:
        findings.add("kind", identity.kind, f"write one of: {', '.join(templates.KINDS)}")
    if identity.scope not in drafting.SCOPES:
        findings.add("scope", identity.scope, f"write one of: {', '.join(drafting.SCOPES)}")
    recorder = str(identity.recorded_by_party_id)
    sides = {side: str(getattr(identity, f"{side}_party_id")) for side in ABSENT_SIDES}
    if recorder not in sides.values():
        findings.add("provider_party_id", sides["provider"], "write the id of your own party on one of the two sides")
    for party_id in sides.values():
        if party_id != recorder and not await named_companies.is_named_by(ledger, recorder, party_id):
            raise Unknown(f"There is no company {party_id!r} that your party has named.")
    if sides["provider"] == sides["customer"]:
        findings.add("customer_party_id", sides["customer"], "write the id of the other side")
    findings.refuse_any("A contract on record needs your party and a company that it named.")
    service = await ledger.services.get(identity.service_id)
    if service is None or service.provider_party_id != identity.provider_party_id:
        raise Unknown(f"The provider has no service {identity.service_id!r}.")


async def _same(ledger: Ledger, version: Version, known: Identity) -> Version:
    """Return the stored record if it has the content of ``version``; raises KeyTaken if not."""
    first = (await ledger.agreements.versions(known.agreement_id))[0]
    is_same = (
        known == version.identity
        and first.record is not None
        and version.record is not None
        and first.record.says(version.record)
        and first.current.document == version.current.document
    )
    if not is_same:
        raise KeyTaken("The key belongs to another agreement: use another key.")
    return first
