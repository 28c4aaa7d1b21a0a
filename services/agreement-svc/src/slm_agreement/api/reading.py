"""What routes share in reading requests: references to other systems, instants, one row or a 404."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from sqlalchemy import ColumnElement, RowMapping, Table

from slm_agreement.adapters import queries
from slm_chassis.http.paging import Page
from slm_chassis.http.problems import invalid, not_found
from slm_events import instants

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


def instant(field: str, text: str | None) -> int | None:
    """RFC 3339 text → microseconds UTC. Raises 422."""
    if text is None:
        return None
    try:
        return instants.from_text(text)
    except (ValueError, OverflowError):
        raise invalid(field, text, "write an RFC 3339 instant with its offset, like 2026-11-22T10:00:00Z") from None
