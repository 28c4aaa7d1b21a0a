"""Response models of services, and of what customers require of them."""

from __future__ import annotations

from typing import Any

from slm_agreement.api.responses.shapes import ExternalRefResponse
from slm_chassis.http.response_models import ABSENT, Answer, Instant


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
    dependencies: str | dict[str, Any] = ABSENT
    """The services on which it depends, by id: one, `{"serial": […]}` or `{"k_of_n": {"k", "members"}}`. Missing if
    none are recorded, and for everybody but the provider
    """


class RequirementResponse(Answer):
    """A requirement that a customer has of a service."""

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
