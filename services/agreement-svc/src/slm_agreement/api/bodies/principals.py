"""Request bodies of principals and their API keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.shapes import Key, Name, RequestBody


class PrincipalEdit(RequestBody):
    """Request body for editing a principal: the fields that can be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.edit_example(examples.PRINCIPAL)]})
    name: Name
    """Name for people"""
    roles: Annotated[list[str], Field(max_length=20)]
    """Roles of the principal: `service_level_manager`, `business_signatory`, `provider_signatory`, `integrator`,
    `viewer`; or only `auditor`
    """
    person_id: Annotated[
        str | None, Field(description="Id of the person who signs with this principal's keys; null: it signs nothing")
    ] = None
    ends_at: Annotated[
        str | None,
        Field(
            max_length=40,
            description="End of the principal: from this instant on it is refused (RFC 3339). Null: no end; an auditor "
            "must have an end",
        ),
    ] = None


class NewPrincipal(PrincipalEdit):
    """Request body for enrolling a principal."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PRINCIPAL]})
    key: Key = None
    party_id: Annotated[
        str | None,
        Field(
            description="Id of the principal's party; by default your own. An operator who leaves it out enrols "
            "another operator"
        ),
    ] = None


class NewKey(RequestBody):
    """Request body for issuing an API key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"scopes": []}, {"scopes": ["measurements:write"], "expires_at": "2027-12-01T00:00:00Z"}]
        }
    )
    scopes: list[Annotated[str, Field(pattern=r"^[a-z-]+:(read|write)$|^\*:(read|write)$")]] = Field(
        [], max_length=100, description="`<resource>:read`, `<resource>:write`; empty: all that the roles allow"
    )
    expires_at: Annotated[
        str | None, Field(description="RFC 3339: from this instant on the key is refused; null: it does not expire")
    ] = None
