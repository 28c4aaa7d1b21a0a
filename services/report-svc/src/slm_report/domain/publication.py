"""A report's identity, its revisions, and the one place where ``ReportPublished`` is born."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from slm_chassis.identity import named_id
from slm_events.report import ReportPublished

INTERIM_REVISION = 0
"""A report is kept under this revision while it is interim; what is published begins with 1."""


def report_id(agreement_id: str, period_id: str) -> str:
    """UUIDv5 of the agreement's id and ``["report", period]``: the same period's report has the same id everywhere."""
    return named_id(agreement_id, "report", period_id)


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of what a report says; two documents with one digest are one revision."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a revision changed, line by line, with the cause where a restatement named one; empty for the first."""
    if before is None:
        return []
    known = {(line["target_id"], line["window_id"]): line for line in before["lines"]}
    found = []
    for line in after["lines"]:
        old = known.get((line["target_id"], line["window_id"]))
        if old is None or (old["verdict"], old["actual"]) != (line["verdict"], line["actual"]):
            found.append(_change(old, line))
    if before["breach_count"] != after["breach_count"]:
        found.append({"what": "breaches", "before": str(before["breach_count"]), "after": str(after["breach_count"])})
    return found or [{"what": "findings", "before": "", "after": "risks, plans or details were added"}]


def _change(old: Mapping[str, Any] | None, line: Mapping[str, Any]) -> dict[str, Any]:
    restated = line["restated"] or {}
    return {
        "what": f"{line['target_key']} {line['window_id']}",
        "before": "–" if old is None else f"{old['verdict']} {old['actual']['display']}",
        "after": f"{line['verdict']} {line['actual']['display']}",
        "cause": restated.get("cause"),
    }


def published(identity: str, revision: int, document: Mapping[str, Any], published_at: str) -> ReportPublished:
    """The event that tells of a revision."""
    return ReportPublished(
        report_id=identity,
        revision=revision,
        agreement_id=document["agreement"]["agreement_id"],
        agreement_version=document["agreement"]["version"],
        provider_party_id=document["provider"]["party_id"],
        customer_party_id=document["customer"]["party_id"],
        period=document["period"]["id"],
        period_start_at=document["period"]["start_at"],
        period_end_at=document["period"]["end_at"],
        verdict=document["verdict"],
        lines=[_line(line) for line in document["lines"]],
        breaches=document["breach_count"],
        url=f"/api/v1/reports/{identity}?revision={revision}",
        published_at=published_at,
    )


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target_id": line["target_id"],
        "target_key": line["target_key"],
        "agreement_version": line["agreement_version"],
        "window_id": line["window_id"],
        "agreed": line["objective"],
        "actual": line["actual"]["exact"],
        "actual_display": line["actual"]["display"],
        "baseline": line["baseline"]["exact"],
        "verdict": line["verdict"],
    }
