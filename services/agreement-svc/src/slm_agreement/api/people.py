"""``/api/v1/people``: the people of a party and their mandates to sign."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, sql_ledger, tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.answers import PersonAnswer
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.schemas import MandateBody, NewPerson, PersonEdit
from slm_agreement.application import people
from slm_agreement.application.people import PersonDetails
from slm_agreement.domain.people.people import Mandate
from slm_chassis.http import instants
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/people", tags=["people"])


@router.post(
    "",
    **operation(
        "Record a person with mandates",
        PersonAnswer,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def record_person(body: NewPerson, caller: Caller, desk: TheDesk, response: Response) -> dict[str, Any]:
    """Record a person of your party with the mandates under which they sign."""
    person, is_new = await people.record(desk, caller, body.party_id, body.key, _person_details(body))
    response.status_code = 201 if is_new else 200
    return reading.tagged(shapes.person(person), response)


@router.get("", **operation("List the people of your party", list_of(PersonAnswer)))
async def list_people(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """List the people of your party."""
    conditions = reading.by_reference(tables.person, external_ref)
    rows = await queries.page_of(database, queries.PEOPLE, caller, page, *conditions)
    return page.shape(rows, lambda row: [row["person_id"]], lambda row: shapes.person(sql_ledger.person(**row)))


@router.get("/{person_id}", **operation("Read one person", PersonAnswer, headers=(ETAG,)))
async def get_person(person_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """Read one person."""
    row = await reading.one(database, queries.PEOPLE, caller, "person", person_id)
    return reading.tagged(shapes.person(sql_ledger.person(**row)), response)


@router.put(
    "/{person_id}",
    **operation("Edit name, address and mandates of a person", PersonAnswer, "not-allowed", "invalid", headers=(ETAG,)),
)
async def edit_person(
    person_id: str, body: PersonEdit, caller: Caller, desk: TheDesk, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change the name, address or mandates. Signatures already given keep theirs."""
    unless_changed = reading.unless_changed(if_match, shapes.person)
    person = await people.edit_person(desk, caller, person_id, _person_details(body), unless_changed)
    return reading.tagged(shapes.person(person), response)


def _person_details(body: PersonEdit) -> PersonDetails:
    return PersonDetails(body.name, body.email, _mandates(body.mandates), body.references())


def _mandates(bodies: list[MandateBody]) -> list[Mandate]:
    return [
        Mandate(
            body.role,
            body.text,
            instants.optional(body.valid_from, f"mandates[{index}].valid_from"),
            instants.optional(body.valid_until, f"mandates[{index}].valid_until"),
        )
        for index, body in enumerate(bodies)
    ]
