"""Parties, people with their mandates, services with their outcome and status, and requirements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slm_agreement.domain.people import service_status
from slm_events import instants
from slm_events.agreement import PartyRegistered, PersonRecorded, RequirementRecorded, ServiceCatalogued
from slm_events.instants import UtcMicroseconds

SIGNATORY_ROLES = {"provider": "provider_signatory", "customer": "business_signatory"}
"""Side of an agreement → the role of those who may sign for this side."""


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation that can provide or receive services."""

    party_id: str
    key: str
    name: str
    external_refs: list[dict[str, str | None]] = field(default_factory=list)

    def registered(self) -> PartyRegistered:
        """Return the event that has the party's present state."""
        return PartyRegistered(
            party_id=self.party_id, key=self.key, name=self.name, external_refs=list(self.external_refs)
        )


@dataclass(frozen=True, slots=True)
class Mandate:
    """A person's right to sign for their party in a role, from ``valid_from`` until before ``valid_until``.

    Instants are microseconds UTC; None means no limit.
    """

    role: str
    text: str
    valid_from: UtcMicroseconds | None = None
    valid_until: UtcMicroseconds | None = None

    def holds_at(self, now: UtcMicroseconds) -> bool:
        """Return whether the mandate is valid at this instant."""
        begun = self.valid_from is None or self.valid_from <= now
        return begun and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True, slots=True)
class Person:
    """A person of a party, with their mandates."""

    person_id: str
    party_id: str
    key: str
    name: str
    email: str | None = None
    mandates: list[Mandate] = field(default_factory=list)
    external_refs: list[dict[str, str | None]] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """The mail address of the person if it is known, else the person's id.

        A person with the same mail address at another party is the same human being.
        """
        return (self.email or "").strip().casefold() or self.person_id

    def recorded(self) -> PersonRecorded:
        """Return the event that has the person's present state."""
        return PersonRecorded(
            person_id=self.person_id, party_id=self.party_id, name=self.name, email=self.email or None
        )

    def mandate_for(self, side: str, now: UtcMicroseconds) -> Mandate | None:
        """Return the mandate under which the person may sign for a side now; None if there is none."""
        role = SIGNATORY_ROLES[side]
        return next((mandate for mandate in self.mandates if mandate.role == role and mandate.holds_at(now)), None)


@dataclass(frozen=True, slots=True)
class Service:
    """A service in its provider's catalogue, with the business outcome that it exists for."""

    service_id: str
    provider_party_id: str
    key: str
    name: str
    outcome: str = ""
    description: str = ""
    external_refs: list[dict[str, str | None]] = field(default_factory=list)
    dependencies: Any = None
    """The services on which it depends: the id of one, ``{"serial": […]}`` or ``{"k_of_n": {"k", "members"}}``; None:
    the provider states none. Only the provider can read the field.
    """
    status_history: list[dict[str, Any]] = field(default_factory=list)
    """Every status that the service has had, as ``service_status.add_status`` writes them; the present one is last."""
    planned_on: str | None = None
    """The date on which the provider plans the next status, such as 2027-04-01; None: no date is planned."""
    further_outcomes: list[str] = field(default_factory=list)
    moments_of_truth: list[str] = field(default_factory=list)
    owner: str = ""
    priority: int | None = None
    """From 1 (the most important) to 5; None: the provider has not set one."""
    weight: int | None = None
    """How much the service counts beside other services, at least 1; None: the provider has not set one."""
    configuration_items: list[dict[str, Any]] = field(default_factory=list)
    """What the service is made from: each has ``name`` and ``external_refs``. Only the provider can read the field."""

    @property
    def status(self) -> str:
        """The present status: ``pipeline``, ``live`` or ``retired``."""
        return service_status.status_in(self.status_history)

    @property
    def status_since(self) -> UtcMicroseconds | None:
        """The instant since which the service has its status; None if it was not recorded."""
        return int(self.status_history[-1]["since"]) if self.status_history else None

    def catalogued(self) -> ServiceCatalogued:
        """Return the event that has the service's present state."""
        return ServiceCatalogued(
            service_id=self.service_id,
            key=self.key,
            name=self.name,
            provider_party_id=self.provider_party_id,
            outcome=self.outcome,
            external_refs=list(self.external_refs),
        )


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a customer needs of a service and why, before anything is agreed."""

    requirement_id: str
    customer_party_id: str
    service_id: str
    key: str
    text: str
    outcome: str
    recorded_at: UtcMicroseconds
    external_refs: list[dict[str, str | None]] = field(default_factory=list)

    def recorded(self) -> RequirementRecorded:
        """Return the event that the requirement was recorded."""
        return RequirementRecorded(
            requirement_id=self.requirement_id,
            customer_party_id=self.customer_party_id,
            service_id=self.service_id,
            text=self.text,
            outcome=self.outcome,
            recorded_at=instants.to_text(self.recorded_at),
        )
