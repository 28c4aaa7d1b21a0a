"""``/api/v1/people``: the people of a party and their mandates to sign."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, register_tables, sql_ledger
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.parties import MandateBody, NewPerson, PersonEdit
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.responses.parties import PersonResponse
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
        PersonResponse,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def record_person(body: NewPerson, caller: Caller, ledgers: TheLedgers, response: Response) -> dict[str, Any]:
    """Record a person of your party with the mandates under which the person signs."""
    person, is_new = await people.record_person(ledgers, caller, body.party_id, body.key, _person_details(body))
    response.status_code = 201 if is_new else 200
    return reading.set_entity_tag(shapes.person_json(person), response)


@router.get("", **operation("List the people of your party", list_of(PersonResponse)))
async def list_people(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """List the people of your party."""
    conditions = reading.external_reference_conditions(register_tables.person, external_ref)
    rows = await queries.fetch_page(database, queries.PEOPLE, caller, page, *conditions)
    return page.shape(
        rows, lambda row: [row["person_id"]], lambda row: shapes.person_json(sql_ledger.person_from_row(**row))
    )


@router.get("/{person_id}", **operation("Read one person", PersonResponse, headers=(ETAG,)))
async def get_person(person_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """Read one person."""
    row = await reading.fetch_row_or_404(database, queries.PEOPLE, caller, "person", person_id)
    return reading.set_entity_tag(shapes.person_json(sql_ledger.person_from_row(**row)), response)


@router.put(
    "/{person_id}",
    **operation(
        "Edit name, address and mandates of a person", PersonResponse, "not-allowed", "invalid", headers=(ETAG,)
    ),
)
async def edit_person(
    person_id: str, body: PersonEdit, caller: Caller, ledgers: TheLedgers, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change the name, mail address or mandates of a person. Earlier signatures of the person do not change: they keep
    the mandate of their time.
    """
    unless_changed = reading.if_match_check(if_match, shapes.person_json)
    person = await people.edit_person(ledgers, caller, person_id, _person_details(body), unless_changed)
    return reading.set_entity_tag(shapes.person_json(person), response)


def _person_details(body: PersonEdit) -> PersonDetails:
    return PersonDetails(body.name, body.email, _mandates(body.mandates), body.references())


def _mandates(bodies: list[MandateBody]) -> list[Mandate]:
    return [
        Mandate(
            body.role,
            body.text,
            instants.read_optional_instant(body.valid_from, f"mandates[{index}].valid_from"),
            instants.read_optional_instant(body.valid_until, f"mandates[{index}].valid_until"),
        )
        for index, body in enumerate(bodies)
    ]
