"""The mark of an agreement on record, which stands beside everything that is said about the agreement."""

from __future__ import annotations

from slm_events.agreement import AgreementRecorded, AgreementTerms


def build_mark(recorded_by_party_id: str, recorded_by: str, not_confirmed_by: str) -> dict[str, str]:
    """Return the mark as JSON. ``recorded_by`` and ``not_confirmed_by`` are the names of the two parties."""
    return {
        "recorded_by_party_id": recorded_by_party_id,
        "recorded_by": recorded_by,
        "not_confirmed_by": not_confirmed_by,
        "says": f"recorded by {recorded_by}, not confirmed by {not_confirmed_by}",
    }


def mark_of_terms(terms: AgreementTerms) -> dict[str, str] | None:
    """Return the mark of an agreement with these terms; None if both parties signed them."""
    if not isinstance(terms, AgreementRecorded):
        return None
    return build_mark(terms.recorded_by_party_id, terms.recorded_by_name, terms.not_confirmed_by)
