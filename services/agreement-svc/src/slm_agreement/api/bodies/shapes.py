"""Types of fields that many request bodies share, and the models that bodies extend."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from slm_chassis.http.web_addresses import WebAddress

Name = Annotated[str, Field(min_length=1, max_length=200)]
Prose = Annotated[str, Field(max_length=10_000)]
Key = Annotated[
    str | None,
    Field(max_length=100, description="Your own key; the id is derived from it, so that applying a file twice is safe"),
]
Client = Annotated[str, Field(max_length=200)]


class RequestBody(BaseModel):
    """The base of all request bodies. The text below a field is its description in the OpenAPI document."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ExternalRef(RequestBody):
    """The id of the same object in another system, in a request body."""

    system: Annotated[str, Field(min_length=1, max_length=100)]
    """Name of the other system"""
    id: Annotated[str, Field(min_length=1, max_length=200)]
    """Id of the object in the other system"""
    url: WebAddress | None = None
    """Web address of a page about the object"""


class BodyWithReferences(RequestBody):
    """The base of request bodies with external references."""

    external_refs: Annotated[list[ExternalRef], Field(max_length=100)] = []
    """Ids of the same object in other systems"""

    def references(self) -> list[dict[str, Any]]:
        """Return the external references as dicts, for use cases."""
        return [reference.model_dump() for reference in self.external_refs]
