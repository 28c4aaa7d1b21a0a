"""The event of a contract on record, made from that of a signed version."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from slm_chassis.identity import named_id
from slm_events.agreement import AgreementFinalized, AgreementRecorded

COMPANY_NAME = "Sky Compute"


def put_on_record(signed: AgreementFinalized, **changed: Any) -> AgreementRecorded:
    """The same terms, recorded by the provider; the customer is a company that the provider named."""
    terms = asdict(signed)
    for name in ("signatures", "finalized_at"):
        del terms[name]
    company = {
        "customer_party_id": named_id(signed.provider_party_id, "named company", "sky"),
        "customer_name": COMPANY_NAME,
    }
    recorded = {
        "recorded_by_party_id": signed.provider_party_id,
        "recorded_by_name": signed.provider_name,
        "not_confirmed_by": COMPANY_NAME,
        "recorded_at": signed.finalized_at,
        "contract": {"media_type": "application/pdf", "sha256": "ab" * 32, "dated_on": None, "signed_by": []},
    }
    return AgreementRecorded(**{**terms, **company, **recorded, **changed})
