"""Findings about a document that depend on other entries: the catalogue, and the provider's other agreements."""

from __future__ import annotations

from slm_agreement.application import ticket_scopes
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.errors import Finding
from slm_agreement.domain.people import service_status
from slm_agreement.domain.versions.agreement import Version


async def find_surrounding_findings(ledger: Ledger, version: Version) -> list[Finding]:
    """Return the findings about a version that is not signed.

    There is a finding if its service is retired, and if a ticket of its customer could also belong to another customer.
    """
    return [
        *await _find_retired_service(ledger, version),
        *await ticket_scopes.find_ticket_scope_errors(ledger, version),
    ]


async def read_surrounding_findings(ledgers: LedgerFactory, version: Version) -> list[Finding]:
    """Return the findings of ``find_surrounding_findings``, read in a transaction of their own."""
    async with ledgers.begin() as ledger:
        return await find_surrounding_findings(ledger, version)


async def _find_retired_service(ledger: Ledger, version: Version) -> list[Finding]:
    service = await ledger.services.get(version.identity.service_id)
    if service is None or service.status != service_status.RETIRED:
        return []
    return [service_status.describe_retired_service(service.service_id, service.status_since or 0)]
