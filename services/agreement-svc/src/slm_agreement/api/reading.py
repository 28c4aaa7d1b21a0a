"""Helpers of several routes: one row or a 404, filters by external reference, entity tags."""

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


def by_reference(table: Table, reference: str | None) -> list[ColumnElement[bool]]:
    """Return the SQL condition for ``?external_ref=system:id``. Raises 422."""
    if reference is None:
        return []
    system, colon, identity = reference.partition(":")
    if not (system and colon and identity):
        raise invalid("query.external_ref", reference, "write system:id, like crm:K-1042")
    return [queries.having_reference(table, system, identity)]


async def one(database: Database, listing: Listing, caller: Principal, kind: str, identity: str) -> RowMapping:
    """Return the row with this id. Raises 404, naming the kind, if the caller sees none."""
    row = await queries.one_of(database, listing, caller, identity)
    if row is None:
        raise not_found(kind, identity)
    return row


def tagged(shown: dict[str, Any], response: Response) -> dict[str, Any]:
    """Return an entry as the answer to a request, and set its entity tag."""
    response.headers["ETag"] = etag.etag_of(shapes.tag(shown))
    return shown


def unless_changed(if_match: str, shape: Callable[[T], dict[str, Any]]) -> Callable[[T], None]:
    """Return a check that raises 412 if an entry differs from what the sender of ``If-Match`` has read."""
    return lambda present: etag.check_if_match(if_match, shapes.tag(shape(present)))
