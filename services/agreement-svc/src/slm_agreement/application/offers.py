"""Offers: a contract on record becomes a proposal to its other party, when the invited company has joined."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slm_agreement.application import agreements, backtests, callers, drafting
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.services import SERVICES
from slm_agreement.domain.contracting import negotiation
from slm_agreement.domain.documents import supports
from slm_agreement.domain.errors import Finding, Invalid, KeyTaken, Unknown, WrongState
from slm_agreement.domain.people import service_status
from slm_agreement.domain.people.people import Service
from slm_agreement.domain.versions import offering, term
from slm_agreement.domain.versions.agreement import OPEN, SIGNED, Identity, Version, add_revision
from slm_chassis.access import Principal
from slm_events.instants import UtcMicroseconds


@dataclass(frozen=True, slots=True)
class RecordOffer:
    """How a contract on record is offered. Instants are microseconds UTC."""

    key: str | None = None
    """The recorder's key for the new agreement; None: a random one."""
    service_id: str | None = None
    """A service of the invited provider; None: the recorded service, which is entered in its catalogue if missing."""
    effective_at: UtcMicroseconds | None = None
    """From when the new agreement applies; None: from the record's first instant, or from the next month."""
    answer_by: UtcMicroseconds | None = None
    """By when the company is asked to answer; None: no deadline."""


async def offer_record(
    ledgers: LedgerFactory, caller: Principal, record_id: str, wanted: RecordOffer
) -> tuple[list[Version], bool]:
    """Propose a contract on record to the company that accepted its invitation, as a new agreement.

    Return the versions of the new agreement, and whether it is new: an offer that is open or signed is returned again.
    The record stays as it is until both parties have signed. Raises NotAllowed unless the caller is a manager of the
    recorder, Unknown for a record that the caller may not see, WrongState if the company has not joined, the record has
    ended or the agreement is not on record, KeyTaken, and Invalid.
    """
    callers.require_manager(caller)
    recorder = callers.require_party(caller)
    key = callers.key_or_random(wanted.key)
    offered_id = callers.derive_id(recorder, "agreement", key)
    async with ledgers.begin() as ledger:
        # In the order of a signature, which locks the new agreement before the record.
        await ledger.lock(offered_id)
        record = (await agreements.lock_visible_versions(ledger, caller, record_id))[0]
        if not record.identity.is_on_record:
            raise WrongState("Only a contract on record is offered: this agreement is negotiated already.")
        known = await _open_offer(ledger, record_id, wanted.key)
        if known is not None:
            return known, False
        if await ledger.agreements.identity(offered_id) is not None:
            raise KeyTaken("The key belongs to another agreement: use another key.")
        if record.state not in term.LIVE:
            raise WrongState(f"The contract on record is {record.state}: there is nothing left to confirm.")
        identity = await _offered_identity(ledger, caller, record.identity, (offered_id, key), wanted.service_id)
        await ledger.lock(identity.service_id)
        await drafting.check_agreement_identity(ledger, identity)
        version = Version(identity, 1, drafted_by_party_id=recorder)
        document = await drafting.resolve_draft(
            ledger, identity, recorder, await _document(ledger, record, recorder, wanted.effective_at), None
        )
        actor = callers.actor_of(caller)
        revision = add_revision(version, document, actor, None, ledger.now)
        negotiation.record_proposal(version, revision.hash, actor, ledger.now, wanted.answer_by)
        await ledger.agreements.add(identity)
        await agreements.store_move(ledger, caller, "agreement.propose", version)
        await backtests.request_backtest(ledger, version, [])
        await ledger.note(caller, "agreement.offer", record_id, {"agreement_id": offered_id})
    return [version], True


async def read_offers(ledgers: LedgerFactory, record_id: str) -> list[str]:
    """Return the ids of the agreements in which a contract on record was offered to the other party."""
    async with ledgers.begin() as ledger:
        return await ledger.agreements.confirming(record_id)


async def _open_offer(ledger: Ledger, record_id: str, key: str | None) -> list[Version] | None:
    """Return the versions of the record's offer that is open or signed; None if there is none.

    Raises WrongState if the offer has another key than the caller wants.
    """
    for agreement_id in await ledger.agreements.confirming(record_id):
        versions = await ledger.agreements.versions(agreement_id)
        if versions[0].state not in OPEN | SIGNED:
            continue
        if key in (None, versions[0].identity.key):
            return versions
        raise WrongState(f"The contract is offered already, as agreement {agreement_id}: withdraw that offer first.")
    return None


async def _offered_identity(
    ledger: Ledger, caller: Principal, recorded: Identity, ids: tuple[str, str], service_id: str | None
) -> Identity:
    """Return the identity of the new agreement: the record's, with the joined company in place of the named one.

    ``ids`` are the id and the key of the new agreement. External references are the recorder's own, and left out.
    """
    company = await ledger.named_companies.get(recorded.other_than(recorded.recorded_by_party_id))
    if company is None:
        raise Unknown(f"There is no agreement {recorded.agreement_id!r} that you may see.")
    if company.joined_party_id is None:
        remedy = f"invite it with POST /api/v1/invitations and named_company_id {company.party_id}"
        raise WrongState(f"{company.name} has not joined yet: {remedy}, and wait until it accepts.")
    agreement_id, key = ids
    is_provider = recorded.recorded_by_party_id == recorded.provider_party_id
    sides = {"customer_party_id" if is_provider else "provider_party_id": company.joined_party_id}
    if is_provider and service_id not in (None, recorded.service_id):
        remedy = f"write {recorded.service_id}, the service of the record, or leave it out"
        raise Invalid("Your own service stays as it is.", [Finding("service_id", str(service_id), remedy)])
    if not is_provider:
        service_id = service_id or await _enter_service(ledger, caller, recorded.service_id, company.joined_party_id)
    return replace(
        recorded,
        agreement_id=agreement_id,
        key=key,
        service_id=service_id or recorded.service_id,
        external_refs=[],
        recorded_by_party_id=None,
        confirms_agreement_id=recorded.agreement_id,
        **sides,
    )


async def _enter_service(ledger: Ledger, caller: Principal, recorded_id: str, provider: str) -> str:
    """Return the id of the provider's service with the key of the recorded service, which is entered if missing.

    Only key and name are carried over: what else the recorder wrote about the service is its own.
    """
    recorded = await ledger.services.get(recorded_id)
    if recorded is None:
        raise Unknown(f"There is no service {recorded_id!r} that you may see.")
    service_id = callers.derive_id(provider, "service", recorded.key)
    if await ledger.services.get(service_id) is None:
        history = service_status.begin_history(service_status.LIVE, ledger.now, caller.name)
        service = Service(service_id, provider, recorded.key, recorded.name, status_history=history)
        await SERVICES.enter(ledger, caller, service)
    return service_id


async def _document(
    ledger: Ledger, record: Version, recorder: str, effective_at: UtcMicroseconds | None
) -> dict[str, object]:
    references = await ledger.agreements.supports(record.identity.agreement_id)
    own = supports.show_own_supports(record.current.document[supports.NAME], references, recorder)
    at = offering.default_effective_at(record, ledger.now) if effective_at is None else effective_at
    return offering.offered_document(record, own, at)
