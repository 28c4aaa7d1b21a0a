"""``/api/v1/parties``: register, list and edit parties."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, register_tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.parties import NewParty, PartyEdit
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.responses.parties import PartyResponse
from slm_agreement.application import parties
from slm_agreement.application.parties import PartyDetails
from slm_agreement.domain.people.people import Party
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/parties", tags=["parties"])


@router.post(
    "",
    **operation(
        "Register a party", PartyResponse, "not-allowed", "key-taken", "invalid", status=201, also=200, headers=(ETAG,)
    ),
)
async def register_party(body: NewParty, caller: Caller, ledgers: TheLedgers, response: Response) -> dict[str, Any]:
    """Register a party; only an operator may do this.

    Sending the same key and content again answers 200 with that party."""
    party, is_new = await parties.register_party(ledgers, caller, body.key, _party_details(body))
    response.status_code = 201 if is_new else 200
    return reading.set_entity_tag(shapes.party_json(party), response)


@router.get("", **operation("List the parties you know", list_of(PartyResponse)))
async def list_parties(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """List your own party and the parties related to it; operators see all."""
    conditions = reading.external_reference_conditions(register_tables.party, external_ref)
    rows = await queries.fetch_page(database, queries.PARTIES, caller, page, *conditions)
    return page.shape(rows, lambda row: [row["party_id"]], lambda row: shapes.party_json(Party(**row)))


@router.get("/{party_id}", **operation("Read one party", PartyResponse, headers=(ETAG,)))
async def get_party(party_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """Read one party."""
    row = await reading.fetch_row_or_404(database, queries.PARTIES, caller, "party", party_id)
    return reading.set_entity_tag(shapes.party_json(Party(**row)), response)


@router.put(
    "/{party_id}", **operation("Edit name and references of a party", PartyResponse, "not-allowed", headers=(ETAG,))
)
async def edit_party(
    party_id: str, body: PartyEdit, caller: Caller, ledgers: TheLedgers, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change the name or the external references of a party; only an operator may do this."""
    unless_changed = reading.if_match_check(if_match, shapes.party_json)
    party = await parties.edit_party(ledgers, caller, party_id, _party_details(body), unless_changed)
    return reading.set_entity_tag(shapes.party_json(party), response)


def _party_details(body: PartyEdit) -> PartyDetails:
    return PartyDetails(body.name, body.references())
