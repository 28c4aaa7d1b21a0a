"""Templates for new drafts: clauses to keep or rewrite, and the points that may stay empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_agreement.domain.documents import clauses
from slm_agreement.domain.errors import Unknown
from slm_agreement.domain.terms import customer_views

KINDS = {
    "sla": "Service level agreement",
    "ola": "Operational level agreement",
    "uc": "Underpinning contract",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template for drafts of one kind of agreement.

    A draft takes from the template every clause that it does not have, and ``customer_sees`` if it has none.
    ``may_be_empty`` names points that may stay empty.
    """

    key: str
    kind: str
    title: str
    may_be_empty: tuple[str, ...]
    clauses: Mapping[str, Mapping[str, Any]]
    customer_sees: Mapping[str, Any] = field(default_factory=lambda: customer_views.DEFAULT)

    def document(self) -> dict[str, Any]:
        """Return the template as JSON for the API."""
        return {
            "key": self.key,
            "kind": self.kind,
            "title": self.title,
            "points": [
                {
                    "point": point.name,
                    "title": point.title,
                    "says": point.says,
                    "may_be_empty": point.name in self.may_be_empty,
                }
                for point in clauses.TEN_POINTS
            ],
            "further_clauses": [
                {"clause": point.name, "title": point.title, "says": point.says} for point in clauses.FURTHER
            ],
            "document": {
                "title": self.title,
                "clauses": {name: dict(clause) for name, clause in self.clauses.items()},
                "customer_sees": dict(self.customer_sees),
            },
        }


_HOURS = {"text": "The service is promised around the clock unless a target names other service hours."}
_SUPPORT = {
    "text": "Incidents are reported to the provider's service desk, which answers during the service hours of the "
    "targets; outside them the on-call engineer is reached by telephone.",
    "channels": ["portal", "mail", "telephone"],
}
_SECURITY = {
    "text": "The provider protects the customer's data by the measures of ISO/IEC 27001 and reports "
    "incidents without delay."
}
_CHANGES = {
    "text": "This agreement is changed by an amendment that both parties sign; planned changes of the service "
    "are announced 14 days ahead."
}

TEMPLATES = {
    template.key: template
    for template in (
        Template(
            "sla-standard",
            "sla",
            KINDS["sla"],
            ("performance", "functionality", "charges", "continuity"),
            {"service_hours": _HOURS, "support": _SUPPORT, "security": _SECURITY, "changes": _CHANGES},
        ),
        Template(
            "ola-standard",
            "ola",
            KINDS["ola"],
            ("availability", "performance", "functionality", "charges", "continuity", "security"),
            {"service_hours": _HOURS, "support": _SUPPORT, "changes": _CHANGES},
            # An internal team works for the service desk, and must warn it while there is still time to act.
            {"risks": "at_once", "live_figure": "yes", "plans": "full"},
        ),
        Template(
            "uc-standard",
            "uc",
            KINDS["uc"],
            ("performance", "functionality", "continuity"),
            {"service_hours": _HOURS, "support": _SUPPORT, "security": _SECURITY, "changes": _CHANGES},
        ),
    )
}


def template_by_key(key: str) -> Template:
    """Return the template with this key; raises Unknown."""
    if key not in TEMPLATES:
        raise Unknown(f"There is no template {key!r}; there are {', '.join(TEMPLATES)}.")
    return TEMPLATES[key]


def template_of_kind(kind: str) -> Template:
    """Return the template of a kind of agreement. It tells which points an agreement of this kind may leave empty."""
    return TEMPLATES[f"{kind}-standard"]
