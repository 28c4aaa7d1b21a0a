"""People, movers and documents that tests of negotiation speak of."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.documents import templates
from slm_agreement.domain.people.people import Mandate, Person
from slm_agreement.domain.versions.agreement import Actor, Identity, Version, add_revision
from slm_agreement.domain.versions.finalizing import NamesAtSigning
from slm_chassis.identity import named_id
from slm_events import instants

PROVIDER, CUSTOMER, SERVICE = (named_id("6f1d0d5e-3c5b-5a57-9f0e-6a1f0a7c51a3", name) for name in ("p", "c", "s"))
IDENTITY = Identity(named_id(PROVIDER, "agreement", "k"), "k", "sla", "service", PROVIDER, PROVIDER, CUSTOMER, SERVICE)
NAMES = NamesAtSigning("Provider", "Customer", "checkout", "Checkout")
NOW = instants.from_text("2026-11-22T10:00:00Z")
DAY = 86_400_000_000


def at(text: str) -> int:
    return instants.from_text(text)


def actor(name: str, party_id: str, role: str = "service_level_manager") -> Actor:
    """Somebody who acts for a party, as a principal and a person of that name."""
    return Actor(f"principal {name}", party_id, frozenset({role}), f"person {name}")


ADA = actor("ada", PROVIDER)
CARL = actor("carl", CUSTOMER)
GRACE = actor("grace", PROVIDER, "provider_signatory")
EMMY = actor("emmy", CUSTOMER, "business_signatory")


def person(who: Actor, email: str | None = None, **mandate: Any) -> Person:
    """The person behind an actor, with a mandate for each signatory role."""
    roles = ("provider_signatory", "business_signatory")
    mandates = [Mandate(role, f"as {role}", **mandate) for role in roles]
    return Person(str(who.person_id), str(who.party_id), "k", who.principal_id, email, mandates)


AVAILABILITY: dict[str, Any] = {
    "key": "up",
    "indicator": "payments.checkout",
    "aggregation": "availability",
    "objective": {"at_least": "99.9", "unit": "percent"},
    "window": {"calendar": "month"},
}
SHARE: dict[str, Any] = {
    "key": "fast",
    "indicator": {"key": "payments.latency", "unit": "ms"},
    "aggregation": {"share_at_most": "300"},
    "objective": {"at_least": "95"},
    "window": {"calendar": "month"},
}
CLOCK: dict[str, Any] = {
    "key": "p1",
    "aggregation": "clock",
    "objective": {"within": {"service_time": "PT4H"}},
    "applies_to": {"priority": "P1"},
}


def written(**changed: Any) -> dict[str, Any]:
    """A document as an author writes it."""
    return {
        "title": "Checkout",
        "term": {"effective_at": "2026-12-01T00:00:00Z"},
        "targets": [AVAILABILITY],
        "clauses": {"service_description": "Takes payments."},
        "requirements": ["needed"],
    } | changed


def resolved(**changed: Any) -> dict[str, Any]:
    """The same, as it is stored and signed."""
    template = templates.TEMPLATES["sla-standard"]
    return documents.resolve_document(written(**changed), IDENTITY.subject, template, "Agreement")


def draft(number: int = 1, base: int | None = None, **changed: Any) -> Version:
    """A version that Ada drafted for the provider."""
    version = Version(IDENTITY, number, drafted_by_party_id=PROVIDER)
    add_revision(version, resolved(**changed), ADA, base, NOW)
    return version
