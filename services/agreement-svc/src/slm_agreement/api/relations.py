"""``/api/v1/relations``: pairs of parties that may name each other in agreements."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries
from slm_agreement.api import reading, shapes
from slm_agreement.api.answers import RelationAnswer
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.schemas import NewRelation
from slm_agreement.application import relations
from slm_agreement.domain.people.relations import Relation
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/relations", tags=["invitations and relations"])


@router.post(
    "", **operation("Relate two parties to each other", RelationAnswer, "not-allowed", "invalid", status=201, also=200)
)
async def link_parties(body: NewRelation, caller: Caller, desk: TheDesk, response: Response) -> dict[str, Any]:
    """Relate two parties (operators). Parties do this themselves with an invitation."""
    relation, is_new = await relations.link(desk, caller, body.party_ids)
    response.status_code = 201 if is_new else 200
    return shapes.relation(relation)


@router.get("", **operation("List the relations of your party", list_of(RelationAnswer)))
async def list_relations(caller: Caller, database: TheDatabase, page: Paging) -> dict[str, Any]:
    """List the relations of your party. Related parties may name each other and each other's services."""
    rows = await queries.page_of(database, queries.RELATIONS, caller, page)
    return page.shape(rows, lambda row: [row["relation_id"]], lambda row: shapes.relation(Relation(**row)))


@router.get("/{relation_id}", **operation("Read one relation of two parties", RelationAnswer))
async def get_relation(relation_id: str, caller: Caller, database: TheDatabase) -> dict[str, Any]:
    """Read one relation."""
    row = await reading.one(database, queries.RELATIONS, caller, "relation", relation_id)
    return shapes.relation(Relation(**row))
