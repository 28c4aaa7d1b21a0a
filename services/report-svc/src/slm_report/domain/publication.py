"""The id and the revisions of a report, and the creation of the event ``ReportPublished``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_chassis.identity import named_id
from slm_events.report import ReportPublished

INTERIM_REVISION = 0
"""The revision number of an interim report. Published revisions begin with 1."""

NOTHING = "–"
"""The text for the missing side of a change, when only one of the two revisions has the line."""


def report_id_of(agreement_id: str, period_id: str) -> str:
    """Return the report's id: the UUIDv5 of the agreement's id and ``["report", period]``."""
    return named_id(agreement_id, "report", period_id)


def report_digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a report's content. Reports with equal digests need no new revision."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two revisions of a report. Every kind of difference has all fields, so that a page can
    show any.
    """

    kind: str
    """The kind of the difference: ``line_added`` | ``line_changed`` | ``line_removed`` | ``breaches`` |
    ``findings``.
    """
    what: str
    before: str
    after: str
    cause: str | None = None
    """Why the figure was restated; None if no restatement caused the change."""


def compare_revisions(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Change]:
    """Return the differences between two revisions of a report, line by line, each with its cause.

    Empty if there is no revision before.
    """
    if before is None:
        return []
    old_lines = {_line_key(line): line for line in before["lines"]}
    new_lines = {_line_key(line): line for line in after["lines"]}
    found = [
        _line_change(old_lines.get(key), line)
        for key, line in new_lines.items()
        if key not in old_lines or _said(old_lines[key]) != _said(line)
    ]
    found += [_line_change(line, None) for key, line in old_lines.items() if key not in new_lines]
    old_count, new_count = before["breach_count"], after["breach_count"]
    if old_count != new_count:
        found.append(Change(kind="breaches", what="breaches", before=str(old_count), after=str(new_count)))
    return found or [
        Change(kind="findings", what="findings", before=NOTHING, after="risks, plans or details were added")
    ]


def _line_change(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Change:
    line = new or old
    assert line is not None
    return Change(
        kind="line_added" if old is None else "line_removed" if new is None else "line_changed",
        what=f"{line['target_key']} {line['window_id']}",
        before=_words(old),
        after=_words(new),
        cause=(new["restated"] or {}).get("cause") if new else None,
    )


def _words(line: Mapping[str, Any] | None) -> str:
    return NOTHING if line is None else f"{line['verdict']} {line['attained']['display']}"


def _line_key(line: Mapping[str, Any]) -> tuple[str, str]:
    return line["target_id"], line["window_id"]


def _said(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of a line that a reader sees: verdict, figure, and the amounts from which it is computed."""
    return line["verdict"], line["attained"], line["good"], line["total"]


def report_published_event(
    identity: str, revision: int, document: Mapping[str, Any], published_at: str
) -> ReportPublished:
    """Return the event for a published revision of a report."""
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
        lines=[_published_line(line) for line in document["lines"]],
        breaches=document["breach_count"],
        url=f"/api/v1/reports/{identity}?revision={revision}",
        published_at=published_at,
    )


def _published_line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target_id": line["target_id"],
        "target_key": line["target_key"],
        "agreement_version": line["agreement_version"],
        "window_id": line["window_id"],
        "agreed": line["objective"],
        "attained": line["attained"]["exact"],
        "attained_display": line["attained"]["display"],
        "baseline": line["baseline"]["exact"],
        "verdict": line["verdict"],
    }
