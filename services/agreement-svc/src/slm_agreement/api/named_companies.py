"""``/api/v1/named-companies``: companies that your party names because they do not use the product."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, register_tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.parties import NamedCompanyBody, PartyEdit
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.responses.parties import NamedCompanyResponse
from slm_agreement.application import named_companies
from slm_agreement.application.parties import PartyDetails
from slm_agreement.domain.people.named_companies import NamedCompany
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/named-companies", tags=["records"])


@router.post(
    "",
    **operation(
        "Name a company that does not use the product",
        NamedCompanyResponse,
        "not-allowed",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def name_company(
    body: NamedCompanyBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Name a company, so that you can put a contract with it on record.

    Only your party sees the company. It has no people, no keys and no access, and it is never matched with a company
    that another party named, nor with a party that uses the product. Sending the same key and content again answers
    200.
    """
    details = PartyDetails(body.name, body.references())
    company, is_new = await named_companies.name_company(ledgers, caller, body.key, details)
    response.status_code = 201 if is_new else 200
    return reading.set_entity_tag(shapes.named_company_json(company), response)


@router.get("", **operation("List the companies that your party named", list_of(NamedCompanyResponse)))
async def list_named_companies(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """List the companies that your party named, in the order of their ids."""
    conditions = reading.external_reference_conditions(register_tables.named_company, external_ref)
    rows = await queries.fetch_page(database, queries.NAMED_COMPANIES, caller, page, *conditions)
    return page.shape(rows, lambda row: [row["party_id"]], lambda row: shapes.named_company_json(NamedCompany(**row)))


@router.get("/{party_id}", **operation("Read one named company", NamedCompanyResponse, headers=(ETAG,)))
async def get_named_company(party_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """Read one company that your party named."""
    row = await reading.fetch_row_or_404(database, queries.NAMED_COMPANIES, caller, "named company", party_id)
    return reading.set_entity_tag(shapes.named_company_json(NamedCompany(**row)), response)


@router.put(
    "/{party_id}",
    **operation("Edit name and references of a named company", NamedCompanyResponse, "not-allowed", headers=(ETAG,)),
)
async def edit_named_company(
    party_id: str, body: PartyEdit, caller: Caller, ledgers: TheLedgers, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change the name or the external references of a company that your party named."""
    unless_changed = reading.if_match_check(if_match, shapes.named_company_json)
    details = PartyDetails(body.name, body.references())
    company = await named_companies.edit_named_company(ledgers, caller, party_id, details, unless_changed)
    return reading.set_entity_tag(shapes.named_company_json(company), response)
