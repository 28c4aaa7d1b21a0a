"""Response models of services, and of the requirements that customers have."""

from __future__ import annotations

from typing import Any, Literal

from slm_agreement.api.responses.shapes import ExternalRefResponse
from slm_chassis.http.response_models import ABSENT, Answer, Instant

ServiceStatus = Literal["pipeline", "live", "retired"]


class StatusEntry(Answer):
    """A status that a service has or had."""

    status: ServiceStatus
    """The status"""
    since: Instant
    """When it was set"""
    by: str
    """Name of the principal who set it"""


class ConfigurationItemResponse(Answer):
    """A part that a service is made from."""

    name: str
    """Name for people"""
    external_refs: list[ExternalRefResponse]
    """References to the part in other systems"""


class ServiceResponse(Answer):
    """A service in its provider's catalogue."""

    service_id: str
    """Id of the service (UUID)"""
    provider_party_id: str
    """Id of the party that provides the service"""
    key: str
    """Key that the provider chose, or a random one"""
    name: str
    """Name for people"""
    outcome: str
    """The business outcome that the service exists for"""
    description: str
    """Description of the service for its customers"""
    external_refs: list[ExternalRefResponse]
    """References to the service in other systems"""
    status: ServiceStatus
    """`pipeline`: planned; `live`: provided; `retired`: no longer offered, so no new agreement may be about it"""
    status_history: list[StatusEntry]
    """Every status that the service has had, the present one last; empty if it has been live since before statuses were
    recorded
    """
    planned_on: str | None
    """Date on which a planned service shall become live, or a live one retired; null: none is planned"""
    further_outcomes: list[str]
    """Business outcomes that the service exists for, beside `outcome`"""
    moments_of_truth: list[str]
    """Moments at which its users judge whether the service is good"""
    owner: str
    """The person or team that answers for the service; empty: not recorded"""
    priority: int | None
    """How important it is for its provider: 1 (the most) to 5; null: not set"""
    weight: int | None
    """How much it counts beside other services, in sums over several; null: not set"""
    dependencies: str | dict[str, Any] = ABSENT
    """The services on which it depends, by id: one, `{"serial": […]}` or `{"k_of_n": {"k", "members"}}`. Missing if
    none are recorded, and for everybody but the provider
    """
    configuration_items: list[ConfigurationItemResponse] = ABSENT
    """What the service is made from. Missing if none are recorded, and for everybody but the provider"""


class RequirementResponse(Answer):
    """A requirement of a customer about a service."""

    requirement_id: str
    """Id of the requirement (UUID)"""
    customer_party_id: str
    """Id of the customer"""
    service_id: str
    """Id of the service"""
    key: str
    """Key that the customer chose, or a random one"""
    text: str
    """The requirement in the customer's words"""
    outcome: str
    """The business outcome that depends on the requirement"""
    recorded_at: Instant
    """When it was recorded"""
    external_refs: list[ExternalRefResponse]
    """References to the requirement in other systems"""
