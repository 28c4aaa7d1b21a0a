"""Conversion of agreements to JSON with names beside ids, for lists and summaries: needed acts and approaching ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_agreement.api.shapes import instant_text
from slm_agreement.application.document_names import DocumentNames
from slm_agreement.domain.contracting import needs
from slm_agreement.domain.versions.agreement import Version
from slm_chassis.access import Principal
from slm_events.record_marks import build_mark

_INSTANTS = frozenset({"effective_at", "ends_at", "finalized_at", "ended_at", "last_notice_at", "deadline"})

_NOT_IN_LISTS = frozenset({"recorded_by_party_id", "confirms_agreement_id"})
"""Columns of an agreement that a list shows in other words or, because only one side may know them, not at all."""


def reader_fields_json(versions: Sequence[Version], caller: Principal, names: DocumentNames) -> dict[str, Any]:
    """Return the fields of an agreement that depend on the caller: names, the caller's side, and the
    acts that the agreement awaits from the caller's party.
    """
    identity = versions[0].identity
    sides = {identity.provider_party_id: "provider", identity.customer_party_id: "customer"}
    marked: dict[str, Any] = {}
    if identity.recorded_by_party_id is not None and versions[0].record is not None:
        mark = on_record_json(
            identity.recorded_by_party_id, identity.provider_party_id, names.provider.name, names.customer.name
        )
        marked = {"on_record": {**mark, **versions[0].record.event_fields()}}
    if identity.confirms_agreement_id is not None and identity.drafting_party_id == caller.party_id:
        marked["confirms_agreement_id"] = identity.confirms_agreement_id
    return {
        **marked,
        "provider_name": names.provider.name,
        "customer_name": names.customer.name,
        "service_name": names.service.name,
        "service_outcome": names.service.outcome,
        "your_side": sides.get(str(caller.party_id)),
        "needs": [
            {
                "need": need.need,
                "about": need.about,
                "version": version.number,
                "deadline": instant_text(need.deadline),
                "yours": need.is_for(caller.party_id, caller.roles, caller.person_id),
                "other_signed_at": instant_text(
                    needs.other_signed_at(version, caller.party_id) if need.need == needs.SIGNATURE else None
                ),
            }
            for version in versions
            for need in needs.required_acts(version)
            if need.party_id == caller.party_id
        ],
        "requirements": [
            {"requirement_id": each.requirement_id, "text": each.text, "outcome": each.outcome}
            for each in names.requirements
        ],
        "signatories": [
            {"side": each.side, "person_id": each.person_id, "name": each.name} for each in names.signatories
        ],
    }


def on_record_json(recorder: str, provider_party_id: str, provider: str, customer: str) -> dict[str, str]:
    """Return the mark of an agreement on record as JSON: who recorded it, and who has not confirmed it.

    ``recorder`` is a party's id; ``provider`` and ``customer`` are names.
    """
    by, other = (provider, customer) if recorder == provider_party_id else (customer, provider)
    return build_mark(recorder, by, other)


def _marked(row: Mapping[Any, Any]) -> dict[str, Any]:
    recorder = row["recorded_by_party_id"]
    if recorder is None:
        return {}
    names = (row["provider_name"], row["customer_name"])
    return {"on_record": on_record_json(recorder, row["provider_party_id"], *names)}


def agreement_summary_json(row: Mapping[Any, Any], needed: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    """Return an agreement as an item of a list. ``needed`` are the acts that it needs of the caller's party."""
    plain = {
        name: value for name, value in _texts(row).items() if not name.startswith("open_") and name not in _NOT_IN_LISTS
    }
    negotiated = row["open_number"] is not None and {
        "version": row["open_number"],
        "state": row["open_state"],
        "title": row["open_title"],
        "timezone": row["open_timezone"],
        "answer_awaited_from": row["open_awaited_party_id"],
        "answer_by": instant_text(row["open_answer_by"]),
        "answer_missed": row["open_answer_missed_at"] is not None,
    }
    return {**plain, **_marked(row), "negotiated": negotiated or None, "needs": [_need(each) for each in needed]}


def needed_act_json(row: Mapping[Any, Any], caller: Principal) -> dict[str, Any]:
    """Return an act that is needed of the caller's party, with the agreement that needs it, as JSON."""
    return {**_agreement(row, caller), **_need(row)}


def ending_version_json(row: Mapping[Any, Any], caller: Principal) -> dict[str, Any]:
    """Return as JSON a version that ends soon, or for which notice can be given only a short time longer."""
    return {
        **_agreement(row, caller),
        "version": row["version"],
        "ends_at": instant_text(row["ends_at"]),
        "last_notice_at": instant_text(row["last_notice_at"]),
        "end_reason": row["end_reason"],
    }


def signed_version_json(row: Mapping[Any, Any], caller: Principal) -> dict[str, Any]:
    """Return a version that both parties signed lately as JSON."""
    return {
        **_agreement(row, caller),
        "version": row["version"],
        "finalized_at": instant_text(row["finalized_at"]),
        "effective_at": instant_text(row["effective_at"]),
    }


def _need(row: Mapping[Any, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in ("need", "about", "version", "yours")}
    at = {name: instant_text(row[name]) for name in ("deadline", "other_signed_at")}
    return {**shown, **at}


def _agreement(row: Mapping[Any, Any], caller: Principal) -> dict[str, Any]:
    other = "customer" if row["provider_party_id"] == caller.party_id else "provider"
    return {
        **_marked(row),
        "agreement_id": row["agreement_id"],
        "kind": row["kind"],
        "title": row["title"],
        "timezone": row["timezone"],
        "state": row["state"],
        "other_party_id": row[f"{other}_party_id"],
        "other_party_name": row[f"{other}_name"],
        "service_id": row["service_id"],
        "service_name": row["service_name"],
        "service_outcome": row["service_outcome"],
    }


def _texts(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: instant_text(value) if name in _INSTANTS else value for name, value in row.items()}
