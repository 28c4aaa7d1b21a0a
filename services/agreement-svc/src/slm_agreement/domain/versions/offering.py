"""The document by which a contract on record is offered to the other party, when that company has joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from slm_agreement.domain.documents import clauses, supports, templates
from slm_agreement.domain.terms import customer_views
from slm_agreement.domain.versions.agreement import Version
from slm_agreement.domain.versions.records import Contract
from slm_calendar import local_time
from slm_events import instants
from slm_events.instants import UtcMicroseconds


def offered_document(
    record: Version, own_supports: Sequence[Mapping[str, str]], effective_at: UtcMicroseconds
) -> dict[str, Any]:
    """Return the recorded terms as the recorder proposes them, with the instant from which they apply (microseconds
    UTC).

    ``own_supports`` are the entries of the recorder's supports with ``agreement_id``. What the record says only because
    nobody could answer is left out: what the customer sees, if the recorder is the customer, and requirements and
    signatories of the other side. A point that is empty refers to the contract, which both companies have.
    """
    identity, written = record.identity, record.current.document
    recorder_side = identity.side_of(identity.recorded_by_party_id)
    document = {
        **written,
        "term": {**written["term"], "effective_at": instants.to_text(effective_at)},
        "clauses": {**written["clauses"], **_clauses_by_reference(record)},
        "signatories": {side: named if side == recorder_side else [] for side, named in written["signatories"].items()},
        "requirements": [],
        supports.NAME: [{name: each[name] for name in ("agreement_id", "disclose")} for each in own_supports],
    }
    if recorder_side == "customer":
        del document[customer_views.NAME]
    return document


def default_effective_at(record: Version, now: UtcMicroseconds) -> UtcMicroseconds:
    """Return the instant from which an offered contract applies if the recorder names none (microseconds UTC).

    It is the record's own first instant if that is to come, else the beginning of the next month in the agreement's
    time zone, so that no monthly window is cut in two.
    """
    if record.effective_at is not None and record.effective_at > now:
        return record.effective_at
    zone = local_time.zone_named(record.current.document["timezone"])
    today = local_time.local_date(zone, now)
    year, month = (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)
    return local_time.instant_of(zone, date(year, month, 1))


def _clauses_by_reference(record: Version) -> dict[str, dict[str, str]]:
    """Return a clause for each point that must not be empty and is: the contract itself says what holds."""
    assert record.record is not None
    document = record.current.document
    points = clauses.check_sla_points(document, templates.template_of_kind(record.identity.kind).may_be_empty)
    text = _reference_to(record.record.contract)
    return {point["point"]: {"text": text} for point in points if not point["filled"] and not point["may_be_empty"]}


def _reference_to(contract: Contract) -> str:
    dated = f" dated {contract.dated_on}" if contract.dated_on else ""
    return f"As in the contract{dated} ({contract.media_type}, SHA-256 {contract.sha256})."
