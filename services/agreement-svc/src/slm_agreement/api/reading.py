"""What routes share in reading requests: references to other systems, one row or a 404."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from sqlalchemy import ColumnElement, RowMapping, Table

from slm_agreement.adapters import queries
from slm_chassis.http.paging import Page
from slm_chassis.http.problems import invalid, not_found

ONE = Page(1, None)

ExternalReference = Annotated[
    str | None, Query(max_length=301, description="`system:id` of the same thing in another system")
]


def by_reference(table: Table, reference: str | None) -> list[ColumnElement[bool]]:
    """The condition of ``?external_ref=system:id``. Raises 422."""
    if reference is None:
        return []
    system, colon, identity = reference.partition(":")
    if not (system and colon and identity):
        raise invalid("query.external_ref", reference, "write system:id, like crm:K-1042")
    return [queries.having_reference(table, system, identity)]


def one(rows: Sequence[RowMapping], kind: str, identity: str) -> RowMapping:
    """The only row. Raises 404."""
    if not rows:
        raise not_found(kind, identity)
    return rows[0]
