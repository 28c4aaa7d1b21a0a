"""Functions that several routes share: one row or a 404, filters by external reference, entity tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Query, Response
from sqlalchemy import ColumnElement, RowMapping, Table

from slm_agreement.adapters import queries
from slm_agreement.adapters.queries import Listing
from slm_agreement.api import shapes
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http import etag
from slm_chassis.http.problems import invalid, not_found

T = TypeVar("T")

ExternalReference = Annotated[
    str | None, Query(max_length=301, description="`system:id` of the same thing in another system")
]


def external_reference_conditions(table: Table, reference: str | None) -> list[ColumnElement[bool]]:
    """Return the SQL conditions for ``?external_ref=system:id``; empty if the parameter is missing.

    Raises 422 if the parameter has another form.
    """
    if reference is None:
        return []
    return [queries.has_external_reference(table, *external_reference_parts("external_ref", reference))]


def external_reference_parts(parameter: str, reference: str) -> tuple[str, str]:
    """Return system and id of a query parameter ``system:id``; raises 422 if it has another form."""
    system, colon, identity = reference.partition(":")
    if not (system and colon and identity):
        raise invalid(f"query.{parameter}", reference, "write system:id, like crm:K-1042")
    return system, identity


async def fetch_row_or_404(
    database: Database, listing: Listing, caller: Principal, kind: str, identity: str
) -> RowMapping:
    """Return the row with this id; raises 404 if there is none that the caller may see.

    ``kind`` names the kind of object in the error.
    """
    row = await queries.fetch_row(database, listing, caller, identity)
    if row is None:
        raise not_found(kind, identity)
    return row


def set_entity_tag(shown: dict[str, Any], response: Response) -> dict[str, Any]:
    """Set the response's entity tag from the JSON of an entry, and return that JSON."""
    response.headers["ETag"] = etag.etag_of(shapes.entity_tag_of(shown))
    return shown


def if_match_check(if_match: str, shape: Callable[[T], dict[str, Any]]) -> Callable[[T], None]:
    """Return a check that raises 412 unless an entry's entity tag is the one in ``If-Match``.

    ``shape`` makes the JSON of an entry.
    """
    return lambda present: etag.check_if_match(if_match, shapes.entity_tag_of(shape(present)))
