"""The clauses of an agreement: the ten points that it should cover, further clauses, and a check for empty points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import composites
from slm_agreement.domain.terms.reading import FieldReader


@dataclass(frozen=True, slots=True)
class ClauseDefinition:
    """A clause that an agreement may have: its name, its title, and what a complete clause says."""

    name: str
    title: str
    says: str


TEN_POINTS = (
    ClauseDefinition(
        "service_description", "Service description", "business functions, deliverables, scale, impact, priority"
    ),
    ClauseDefinition("service_hours", "Service hours", "when the service is promised, and the exceptions"),
    ClauseDefinition("availability", "Availability", "how much of the service hours the service is up"),
    ClauseDefinition(
        "support", "Support levels", "channels, desk hours, response and resolution, after-hours procedure"
    ),
    ClauseDefinition("performance", "Performance", "response times, throughput, under which load"),
    ClauseDefinition(
        "functionality", "Functionality", "how many errors of each category are tolerated before a breach"
    ),
    ClauseDefinition("charges", "Charges", "formula, currency, credit schedule"),
    ClauseDefinition("continuity", "Continuity", "recovery time, recovery point, the plan and its tests"),
    ClauseDefinition("security", "Security", "what is protected how, and who answers for it"),
    ClauseDefinition("changes", "Changes", "how the agreement and the service are changed, with which notice"),
)

FURTHER = (
    ClauseDefinition("warranty", "Warranty", "what is made good, for how long"),
    ClauseDefinition("cancellation", "Disagreements and cancellation", "escalation, arbitration, notice"),
    ClauseDefinition("confidentiality", "Confidentiality", "what stays between the parties"),
    ClauseDefinition("property_rights", "Property rights", "who owns what is made and used"),
    ClauseDefinition("legal_compliance", "Legal compliance", "laws and standards that bind the service"),
    ClauseDefinition("extent_of_work", "Extent of work", "what is inside and what is outside"),
    ClauseDefinition("assets", "Assets", "configuration items with their external ids"),
    ClauseDefinition("responsibilities", "Responsibilities", "party, duty, due, evidence; the customer's duties too"),
    ClauseDefinition("review_and_reporting", "Review and reporting", "who meets when about which figures"),
    ClauseDefinition("priorities", "Priorities", "impact and urgency to priority"),
    ClauseDefinition("critical_periods", "Critical periods", "when more is promised than usual"),
    ClauseDefinition("growth_plan", "Growth plan", "which growth the targets are promised for"),
)

NAMES = tuple(point.name for point in (*TEN_POINTS, *FURTHER))


def resolve_clauses(raw: Any, findings: Findings) -> dict[str, Any]:
    """Return clause name → clause: an object with a ``text`` and optional data beside it.

    A plain text is short for ``{"text": …}``.
    """
    reader = FieldReader(raw, "clauses", findings)
    clauses = {name: _clause(reader.raw(name), reader.at(name), findings) for name in NAMES if reader.has(name)}
    for name in NAMES:
        reader.raw(name)
    reader.done()
    return {name: clause for name, clause in clauses.items() if clause}


def _clause(raw: Any, path: str, findings: Findings) -> dict[str, Any]:
    clause = {"text": raw} if isinstance(raw, str) else raw
    if not isinstance(clause, Mapping) or not isinstance(clause.get("text", ""), str):
        findings.add(path, raw, 'write text, or an object like {"text": "…"} with data beside it')
        return {}
    return {str(name): value for name, value in clause.items() if value not in (None, "", [], {})}


def check_sla_points(document: Mapping[str, Any], may_be_empty: Iterable[str]) -> list[dict[str, Any]]:
    """Return the ten points that an agreement should cover, in order, each with ``filled`` and ``may_be_empty``.

    ``may_be_empty``: the names of points that may stay empty. A point is filled by its clause, or by
    terms with the same meaning (service hours, targets).
    """
    allowed = set(may_be_empty)
    filled = set(document["clauses"]) | set(_said_by_terms(document))
    return [
        {
            "point": point.name,
            "title": point.title,
            "says": point.says,
            "filled": point.name in filled,
            "may_be_empty": point.name in allowed,
        }
        for point in TEN_POINTS
    ]


def _said_by_terms(document: Mapping[str, Any]) -> Iterable[str]:
    if len(document["service_hours"]) > 1:
        yield "service_hours"
    if document.get("period_charge"):
        yield "charges"
    for target in document["targets"]:
        yield _POINT_OF.get(composites.aggregation_name(target), "performance")


_POINT_OF = {
    "availability": "availability",
    "outages": "availability",
    "clock": "support",
    "compliance": "support",
    "count": "functionality",
    "recovery_time": "continuity",
    "recovery_point": "continuity",
    "recovered_within": "continuity",
}
"""Aggregation of a target → the point of an agreement that it fills. All other aggregations fill ``performance``."""
