"""An agreement on record: one party enters a contract whose other party does not use the product."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.errors import Finding, Invalid
from slm_agreement.domain.terms import customer_views
from slm_agreement.domain.versions.agreement import Version, VersionState
from slm_agreement.domain.versions.finalizing import NamesAtSigning, event_fields_of_terms
from slm_agreement.domain.versions.records import Record
from slm_events import instants
from slm_events.agreement import AgreementRecorded

ALL_IS_SEEN: dict[str, Any] = {"risks": "at_once", "live_figure": "yes", "plans": "full"}
"""``customer_sees`` of a record whose recorder is the customer: the absent provider cannot hide anything from it."""


def written_document(written: dict[str, Any], is_recorders_customer: bool) -> dict[str, Any]:
    """Return the document as the recorder wrote it; a customer who records an agreement sees everything of it."""
    return {**written, customer_views.NAME: ALL_IS_SEEN} if is_recorders_customer else written


def record_version(version: Version, record: Record, names: NamesAtSigning) -> None:
    """Put a new version on record: it is neither proposed nor signed, and comes into force by its dates.

    Raises Invalid if the terms do not say when they take effect.
    """
    terms = version.current.document["term"]
    if terms["effective_at"] is None:
        remedy = "write the instant from which the contract applies, like 2026-12-01T00:00:00Z"
        raise Invalid(
            "A contract on record needs its first day.",
            [Finding("document.term.effective_at", "none", remedy, "time-bound.no-effective-at")],
        )
    version.state = VersionState.RECORDED
    version.record = record
    version.effective_at = instants.from_text(terms["effective_at"])
    version.ends_at = instants.from_text(terms["expires_at"]) if terms["expires_at"] else None
    version.events.append(agreement_recorded_event(version, record, names))


def agreement_recorded_event(version: Version, record: Record, names: NamesAtSigning) -> AgreementRecorded:
    """Return the event that a version was put on record."""
    identity = version.identity
    is_provider = identity.recorded_by_party_id == identity.provider_party_id
    recorder, other = (names.provider, names.customer) if is_provider else (names.customer, names.provider)
    return AgreementRecorded(
        **event_fields_of_terms(version, names),
        recorded_by_party_id=str(identity.recorded_by_party_id),
        recorded_by_name=recorder,
        not_confirmed_by=other,
        **record.event_fields(),
    )
