"""Tables of contracts: each contract is put on record in its own transaction, or refused with the reasons by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from slm_agreement.application import callers, recordings
from slm_agreement.application.contract_lines import Line, Reason, TableContract, read_contracts
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.named_companies import NAMED_COMPANIES
from slm_agreement.application.recordings import ContractOnRecord, RecordingResult
from slm_agreement.application.services import SERVICES
from slm_agreement.domain.documents.supports import is_uuid
from slm_agreement.domain.errors import Finding, KeyTaken, Refusal
from slm_agreement.domain.people import service_status
from slm_agreement.domain.people.named_companies import ID_KIND, NamedCompany
from slm_agreement.domain.people.people import Service
from slm_chassis.access import Principal

RECORDED, UNCHANGED, REFUSED = "recorded", "unchanged", "refused"
_NOT_OF_KEYS = re.compile(r"[^a-z0-9]+")
_LONGEST_KEY = 100


@dataclass(frozen=True, slots=True)
class ContractResult:
    """The result of one contract of a table."""

    contract: TableContract
    result: str
    """``recorded``, ``unchanged`` (the same record exists) or ``refused``."""
    agreement_id: str | None = None
    """None if the contract was refused."""
    reasons: list[Reason] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    """What the checks report about the terms; none of it refuses the contract."""


class _TableNotStored(Exception):
    """Ends the transaction of a dry run without storing anything."""


async def record_table(
    ledgers: LedgerFactory, caller: Principal, lines: Sequence[Line], is_dry_run: bool
) -> list[ContractResult]:
    """Put the contracts of a table on record; a dry run does the same and stores nothing.

    The other company of a contract, and its service, are entered if they are missing. A contract that is refused keeps
    no other contract from being recorded. Raises NotAllowed unless the caller is a manager of a party.
    """
    callers.require_manager(caller)
    callers.require_party(caller)
    return [await _record(ledgers, caller, contract, is_dry_run) for contract in read_contracts(lines)]


async def _record(
    ledgers: LedgerFactory, caller: Principal, contract: TableContract, is_dry_run: bool
) -> ContractResult:
    if contract.reasons:
        return ContractResult(contract, REFUSED, reasons=contract.reasons)
    found: list[RecordingResult] = []
    try:
        async with ledgers.begin() as ledger:
            found.append(await _record_with_company(ledger, caller, contract))
            if is_dry_run:
                raise _TableNotStored
    except _TableNotStored:
        pass
    except Refusal as refused:
        return ContractResult(contract, REFUSED, reasons=_reasons(contract, refused))
    [recorded] = found
    result = RECORDED if recorded.is_new else UNCHANGED
    agreement_id = recorded.version.identity.agreement_id
    return ContractResult(contract, result, agreement_id, findings=recorded.findings)


async def _record_with_company(ledger: Ledger, caller: Principal, contract: TableContract) -> RecordingResult:
    recorder = callers.require_party(caller)
    company_id = await _company(ledger, caller, recorder, contract.columns["company"])
    provider, customer = (recorder, company_id) if contract.is_provider else (company_id, recorder)
    service_id = await _service(ledger, caller, provider, contract)
    order = ContractOnRecord(
        contract.kind,
        "service",
        provider,
        customer,
        service_id,
        contract.contract(),
        contract.key,
        document=contract.document(),
    )
    return await recordings.record_in(ledger, caller, order)


async def _company(ledger: Ledger, caller: Principal, recorder: str, name: str) -> str:
    """Return the id of the recorder's company with this name, which is entered if it is missing."""
    key = _key_of(name)
    company_id = callers.derive_id(recorder, ID_KIND, key)
    known = await ledger.named_companies.get(company_id)
    if known is None:
        await NAMED_COMPANIES.enter(ledger, caller, NamedCompany(company_id, recorder, key, name))
    elif known.name.casefold() != name.casefold():
        raise _refusal("company", name, f"write {known.name!r}, whose key {key!r} is the same, or another name")
    return company_id


async def _service(ledger: Ledger, caller: Principal, provider: str, contract: TableContract) -> str:
    """Return the id of the provider's service; that of a named company is entered if it is missing."""
    name = contract.columns["service"]
    if contract.is_provider:
        service_id = name.lower() if is_uuid(name) else callers.derive_id(provider, "service", name)
        own = await ledger.services.get(service_id)
        if own is None or own.provider_party_id != provider:
            raise _refusal("service", name, "write the key or id of a service in your catalogue")
        return service_id
    key = _key_of(name)
    service_id = callers.derive_id(provider, "service", key)
    if await ledger.services.get(service_id) is None:
        history = service_status.begin_history(service_status.LIVE, ledger.now, caller.name)
        await SERVICES.enter(ledger, caller, Service(service_id, provider, key, name, status_history=history))
    return service_id


def _key_of(name: str) -> str:
    """Return the key of a name, such as ``sky-compute`` for ``Sky Compute``. Raises Refusal if nothing is left."""
    key = _NOT_OF_KEYS.sub("-", name.casefold()).strip("-")[:_LONGEST_KEY].strip("-")
    if not key:
        raise _refusal("company", name, "write a name with letters from a to z or digits")
    return key


def _refusal(column: str, value: str, remedy: str) -> Refusal:
    return Refusal("The line is not valid.", [Finding(column, value[:200], remedy)])


def _reasons(contract: TableContract, refused: Refusal) -> list[Reason]:
    """Return a reason for each finding, with the line of the promise that the finding is about."""
    findings = refused.findings
    if isinstance(refused, KeyTaken):
        remedy = "use another key: this one belongs to another agreement, or to a record with other terms"
        findings = [Finding("key", contract.key, remedy)]
    if not findings:
        findings = [Finding("key", contract.key, refused.detail)]
    return [Reason(_line_of(contract, each.field), each) for each in findings]


def _line_of(contract: TableContract, place: str) -> int:
    found = re.match(r"(?:document\.)?targets\[(\d+)\]", place)
    index = int(found[1]) if found else 0
    return contract.lines[index] if index < len(contract.lines) else contract.lines[0]
