"""The event that tells other services on which agreements a signed version rests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_agreement.domain.checks.chain_arithmetic import Structure
from slm_agreement.domain.checks.chain_check import SideChain
from slm_agreement.domain.versions import chain
from slm_agreement.domain.versions.agreement import Version
from slm_events import instants
from slm_events.agreement import SupportsSigned


def supports_signed_events(version: Version, chains: Mapping[str, SideChain]) -> list[SupportsSigned]:
    """Return the event of a version that was signed or put on record, for each side that named supports."""
    identity = version.identity
    signed_at = version.finalized_at if version.record is None else version.record.recorded_at
    parties = {"provider": identity.provider_party_id, "customer": identity.customer_party_id}
    return [
        SupportsSigned(
            agreement_id=identity.agreement_id,
            version=version.number,
            party_id=parties[side],
            side=side,
            supports=[
                {
                    "support_id": each.support_id,
                    "agreement_id": each.agreement_id,
                    "kind": each.kind,
                    "service_id": each.service_id,
                }
                for each in found.supports
            ],
            structure=_structure_document(found.combined.structure),
            signed_at=instants.to_text(signed_at or 0),
        )
        for side, found in chains.items()
        if found.supports
    ]


def _structure_document(structure: Structure | None) -> dict[str, Any]:
    if structure is None:
        return {"serial": []}
    if isinstance(structure, str):
        return {"serial": [structure]}
    written: dict[str, Any] = chain.structure_document(structure, {n: n for n in chain.support_names(structure)})
    return written
