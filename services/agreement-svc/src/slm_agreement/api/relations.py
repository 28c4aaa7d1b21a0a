"""``/api/v1/relations``: pairs of parties that may name each other in agreements."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.parties import NewRelation
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.parties import RelationResponse
from slm_agreement.application import relations
from slm_agreement.domain.people.relations import Relation
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/relations", tags=["invitations and relations"])


@router.post(
    "",
    **operation("Relate two parties to each other", RelationResponse, "not-allowed", "invalid", status=201, also=200),
)
async def link_parties(body: NewRelation, caller: Caller, ledgers: TheLedgers, response: Response) -> dict[str, Any]:
    """Relate two parties. Only an operator may call this. Without an operator, a party becomes related to another party
    by an invitation that the other party accepts.
    """
    relation, is_new = await relations.link_parties(ledgers, caller, body.party_ids)
    response.status_code = 201 if is_new else 200
    return shapes.relation_json(relation)


@router.get("", **operation("List the relations of your party", list_of(RelationResponse)))
async def list_relations(caller: Caller, database: TheDatabase, page: Paging) -> dict[str, Any]:
    """List the relations of your party. Related parties may name each other and each other's services."""
    rows = await queries.fetch_page(database, queries.RELATIONS, caller, page)
    return page.shape(rows, lambda row: [row["relation_id"]], lambda row: shapes.relation_json(Relation(**row)))


@router.get("/{relation_id}", **operation("Read one relation of two parties", RelationResponse))
async def get_relation(relation_id: str, caller: Caller, database: TheDatabase) -> dict[str, Any]:
    """Read one relation."""
    row = await reading.fetch_row_or_404(database, queries.RELATIONS, caller, "relation", relation_id)
    return shapes.relation_json(Relation(**row))
