"""Request bodies with the terms of an agreement: drafts, revisions, checks and amendments."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.shapes import BodyWithReferences, Key, RequestBody
from slm_chassis.http.json_types import NO_TEXT
from slm_chassis.http.web_addresses import WithAddresses


class NewAgreement(BodyWithReferences):
    """Request body for drafting an agreement."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.AGREEMENT]})
    key: Key = None
    kind: Annotated[str, Field(description="sla, ola or uc")] = "sla"
    scope: Annotated[str, Field(description="service, customer or corporate")] = "service"
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    service_id: str
    """Id of a service in the provider's catalogue"""
    template: Annotated[
        str | None, Field(description="Key of a template: its clauses are used where the document has none")
    ] = None
    document: Annotated[dict[str, Any], WithAddresses] = Field({}, description="The terms; see the reference of terms")


class NewRevision(RequestBody):
    """Request body for writing another revision of a draft."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"document": examples.DOCUMENT}]})
    document: Annotated[dict[str, Any], WithAddresses]
    """The terms; see the reference of terms"""
    template: str | None = None
    """Key of a template: its clauses are used where the document has none"""
    version: Annotated[int, Field(ge=1, le=2**31 - 1), NO_TEXT] | None = None
    """By default the newest version in draft"""


class TermsToCheck(RequestBody):
    """Request body for checking terms without saving them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"document": examples.DOCUMENT}]})
    document: Annotated[dict[str, Any], WithAddresses]
    """The terms; see the reference of terms"""
    template: str | None = None
    """Key of a template: its clauses are used where the document has none"""
    version: Annotated[int, Field(ge=1, le=2**31 - 1), NO_TEXT] | None = None
    """Number of the version into which the terms would be written; by default the one being negotiated, else the newest
    """


class NewAmendment(RequestBody):
    """Request body for drafting an amendment."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"document": examples.DOCUMENT}]})
    document: Annotated[
        dict[str, Any] | None,
        WithAddresses,
        Field(description="The terms; by default a copy of the version signed last, without effective_at"),
    ] = None
