"""The complete terms of an agreement as events have them, and the event of a finalized agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slm_agreement.domain.documents.document import closing_delay_seconds
from slm_agreement.domain.terms import customer_views
from slm_agreement.domain.versions.agreement import Version
from slm_events import instants
from slm_events.agreement import AgreementFinalized, AgreementTerms


@dataclass(frozen=True, slots=True)
class NamesAtSigning:
    """The names, keys and external references of the parties and the service at the time of signing."""

    provider: str
    customer: str
    service_key: str
    service: str
    customer_key: str = ""
    customer_refs: Sequence[Mapping[str, Any]] = ()
    service_refs: Sequence[Mapping[str, Any]] = ()


def agreement_finalized_event(version: Version, names: NamesAtSigning) -> AgreementFinalized:
    """Return the event that a version was finalized. Its targets and service hours are those of the signed revision."""
    return AgreementFinalized(
        **event_fields_of_terms(version, names),
        signatures=[
            {
                "party_id": signature.party_id,
                "person_id": signature.person_id,
                "name": signature.name,
                "mandate": signature.mandate,
                "key_id": signature.key_id,
                "key_issued_how": signature.key_issued_how,
                "key_issued_by": signature.key_issued_by,
                "key_issued_at": instants.to_text(signature.key_issued_at),
                "identified_by": signature.identified_by,
                "signed_at": instants.to_text(signature.signed_at),
            }
            for signature in version.signatures
        ],
        finalized_at=instants.to_text(version.finalized_at or 0),
    )


def event_fields_of_terms(version: Version, names: NamesAtSigning) -> dict[str, Any]:
    """Return the fields that the events of a finalized and of a recorded version share (``AgreementTerms``)."""
    identity, revision = version.identity, version.current
    document = revision.document
    return asdict(
        AgreementTerms(
            agreement_id=identity.agreement_id,
            agreement_key=identity.key,
            version=version.number,
            kind=identity.kind,
            scope=identity.scope,
            title=document["title"],
            provider_party_id=identity.provider_party_id,
            provider_name=names.provider,
            customer_party_id=identity.customer_party_id,
            customer_name=names.customer,
            service_id=identity.service_id,
            service_key=names.service_key,
            service_name=names.service,
            timezone=document["timezone"],
            effective_at=document["term"]["effective_at"],
            expires_at=document["term"]["expires_at"],
            closing_delay_seconds=closing_delay_seconds(document),
            revision_number=revision.number,
            revision_hash=revision.hash,
            service_hours=document["service_hours"],
            targets=document["targets"],
            supports=document["supports"],
            credits=[{"key": key, **terms} for key, terms in document.get("credit_schedules", {}).items()],
            period_charge=document.get("period_charge", {}),
            reporting=document["reporting"],
            review=document["review"],
            planned_maintenance=document.get("planned_maintenance", {}),
            critical_periods=document.get("critical_periods", []),
            # A document that is older than this term does not have it, so the defaults apply.
            customer_sees=document.get(customer_views.NAME, dict(customer_views.DEFAULT)),
            customer_key=names.customer_key,
            customer_external_refs=[dict(each) for each in names.customer_refs],
            service_external_refs=[dict(each) for each in names.service_refs],
        )
    )
