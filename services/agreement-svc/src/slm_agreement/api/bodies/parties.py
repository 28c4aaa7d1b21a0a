"""Request bodies of parties, their people with mandates, and relations between parties."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.shapes import BodyWithReferences, Key, Name, RequestBody


class PartyEdit(BodyWithReferences):
    """Request body for editing a party: the fields that can be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.edit_example(examples.PARTY)]})
    name: Name
    """Name for people"""


class NewParty(PartyEdit):
    """Request body for registering a party."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PARTY]})
    key: Key = None


class NamedCompanyBody(PartyEdit):
    """Request body for naming a company that does not use the product."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.NAMED_COMPANY]})
    key: Key = None


class MandateBody(RequestBody):
    """A person's right to sign for their party, in a request body."""

    role: Annotated[str, Field(pattern="^(business_signatory|provider_signatory)$")]
    """The side for which the person may sign: `business_signatory` for the customer's, `provider_signatory` for the
    provider's
    """
    text: Annotated[str, Field(max_length=1_000)] = ""
    """The basis of the mandate, such as a resolution"""
    valid_from: Annotated[str | None, Field(description="First valid instant (RFC 3339); null: no beginning")] = None
    valid_until: Annotated[str | None, Field(description="First instant no longer valid (RFC 3339); null: no end")] = (
        None
    )


class PersonEdit(BodyWithReferences):
    """Request body for editing a person: the fields that can be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.edit_example(examples.PERSON)]})
    name: Name
    """Name for people"""
    email: Annotated[str | None, Field(max_length=320)] = None
    """Mail address; no two people of a party have the same"""
    mandates: list[MandateBody] = Field([], max_length=100)
    """The person's mandates to sign"""


class NewPerson(PersonEdit):
    """Request body for recording a person."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PERSON]})
    key: Key = None
    party_id: Annotated[
        str | None, Field(description="Id of the person's party; by default your own. Operators must give one")
    ] = None


class NewRelation(RequestBody):
    """Request body for relating two parties."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"party_ids": [examples.PROVIDER_ID, examples.CUSTOMER_ID]}]}
    )
    party_ids: Annotated[list[str], Field(min_length=2, max_length=2)]
    """Ids of the two parties"""
