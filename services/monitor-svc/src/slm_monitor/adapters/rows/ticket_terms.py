"""The signed terms whose targets may apply to a party's tickets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from slm_monitor.application.state.loaded_partition import AgreementTerms

_TERMS = """
SELECT agreement_id, document, ended_at FROM agreement_terms LEFT JOIN agreement_end USING (agreement_id)
 WHERE provider_party_id = $1 OR recorded_by_party_id = $1
    OR (customer_party_id = $1 AND document ->> 'kind' <> 'sla')
 ORDER BY agreement_id, version
"""


async def fetch_ticket_agreements_of_party(driver: asyncpg.Connection, party_id: str) -> list[AgreementTerms]:
    """Return the agreements in which a party is the provider, and the OLAs and UCs in which the party is the customer,
    each agreement with all its versions.
    """
    versions: dict[str, list[Mapping[str, Any]]] = {}
    ends: dict[str, int | None] = {}
    for agreement_id, document, ended_at in await driver.fetch(_TERMS, party_id):
        versions.setdefault(agreement_id, []).append(document)
        ends[agreement_id] = ended_at
    return [AgreementTerms(identity, documents, ends[identity]) for identity, documents in versions.items()]
