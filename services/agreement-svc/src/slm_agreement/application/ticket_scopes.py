"""Findings about an agreement's tickets that depend on the provider's other agreements."""

from __future__ import annotations

from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.errors import Finding
from slm_agreement.domain.versions import ticket_scopes
from slm_agreement.domain.versions.agreement import Identity, Version
from slm_agreement.domain.versions.ticket_scopes import TicketScope

_SLA = "sla"


async def find_ticket_scope_errors(ledger: Ledger, version: Version) -> list[Finding]:
    """Return an error for each way in which a ticket of this agreement could also belong to another customer.

    Only agreements with customers are checked. Operational level agreements and underpinning contracts cover the same
    tickets on purpose.
    """
    identity = version.identity
    own = await _scope(ledger, identity) if identity.kind == _SLA else None
    if own is None:
        return []
    others = []
    for other in await ledger.agreements.signed_of(identity.provider_party_id):
        if other.kind == _SLA and other.agreement_id != identity.agreement_id:
            others.append(await _scope(ledger, other))
    known = [scope for scope in others if scope is not None]
    return ticket_scopes.check_ticket_scopes(version.current.document, own, known)


async def read_ticket_scope_errors(ledgers: LedgerFactory, version: Version) -> list[Finding]:
    """Return the errors about ticket scopes of a version, read in a transaction of their own."""
    async with ledgers.begin() as ledger:
        return await find_ticket_scope_errors(ledger, version)


async def _scope(ledger: Ledger, identity: Identity) -> TicketScope | None:
    customer = await ledger.parties.get(identity.customer_party_id)
    service = await ledger.services.get(identity.service_id)
    return None if customer is None or service is None else ticket_scopes.ticket_scope_of(customer, service)
