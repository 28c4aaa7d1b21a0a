"""Request bodies of services, and of what customers require of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.shapes import BodyWithReferences, Key, Name, Prose


class ServiceEdit(BodyWithReferences):
    """Request body for editing a service: the fields that can be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.edit_example(examples.SERVICE)]})
    name: Name
    """Name for people"""
    outcome: Annotated[str, Field(max_length=10_000, description="The business outcome it exists for")] = ""
    description: Prose = ""
    """Description of the service for its customers"""
    dependencies: str | dict[str, Any] | None = None
    """The services on which it depends, by id, or by key if they are your own: one, `{"serial": […]}` where all are
    needed, or `{"k_of_n": {"k": 1, "members": […]}}`, also nested. Only your own party reads them
    """


class NewService(ServiceEdit):
    """Request body for adding a service to the catalogue."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SERVICE]})
    key: Key = None
    provider_party_id: Annotated[
        str | None, Field(description="Id of the provider; by default your own party. Operators must give one")
    ] = None


class NewRequirement(BodyWithReferences):
    """Request body for recording what a customer requires of a service."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REQUIREMENT]})
    key: Key = None
    customer_party_id: Annotated[
        str | None, Field(description="Id of the customer; by default your own party. Operators must give one")
    ] = None
    service_id: str
    """Id of the service"""
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    """The requirement in the customer's words"""
    outcome: Prose = ""
    """Why it is needed"""
