"""Request bodies of services, and of the requirements that customers have."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.shapes import BodyWithReferences, Key, Name, Prose

Sentence = Annotated[str, Field(min_length=1, max_length=500)]
MOST_SENTENCES = 20
_DETAILS = (
    "planned_on", "further_outcomes", "moments_of_truth", "owner", "priority", "weight", "configuration_items",
)  # fmt: skip


class ConfigurationItem(BodyWithReferences):
    """A part that a service is made from, such as a server, a database or a line."""

    name: Name
    """Name for people"""


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
    status: Literal["pipeline", "live", "retired"] | None = None
    """`pipeline`: planned; `live`: provided; `retired`: no longer offered, so no new agreement may be about it. Left
    out or null: a new service is live, and the status of others stays. A planned service becomes live or retired, a
    live one retired, a retired one planned
    """
    planned_on: Annotated[str | None, Field(max_length=10)] = None
    """Date on which a planned service shall become live, or a live one retired, like 2027-04-01; null: no date"""
    further_outcomes: Annotated[list[Sentence], Field(max_length=MOST_SENTENCES)] = Field(default_factory=list)
    """Business outcomes that the service exists for, beside `outcome`"""
    moments_of_truth: Annotated[list[Sentence], Field(max_length=MOST_SENTENCES)] = Field(default_factory=list)
    """Moments at which its users judge whether the service is good, in their words"""
    owner: Annotated[str, Field(max_length=200)] = ""
    """The person or team that answers for the service"""
    priority: Annotated[int | None, Field(ge=1, le=5)] = None
    """How important the service is for its provider: 1 (the most) to 5; null: not set"""
    weight: Annotated[int | None, Field(ge=1, le=1000)] = None
    """How much the service counts beside other services, in sums over several; null: not set"""
    configuration_items: Annotated[list[ConfigurationItem], Field(max_length=500)] = Field(default_factory=list)
    """What the service is made from. Only your own party reads them"""

    def details(self) -> dict[str, Any]:
        """Return the optional fields that the body has, for use cases; a field that is left out stays as it is."""
        return self.model_dump(include=set(_DETAILS) & self.model_fields_set)


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
