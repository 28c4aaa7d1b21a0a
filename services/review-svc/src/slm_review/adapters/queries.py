"""Queries for lists, newest first, and for single rows, limited to what the caller's party may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.record_marks import build_mark
from slm_review.adapters import tables


@dataclass(frozen=True, slots=True)
class Listing:
    """A table whose rows can be listed: its sort column, and a condition for the rows that are shown."""

    table: Table
    by: str
    only: ColumnElement[bool]

    @property
    def order(self) -> tuple[Column[Any], Column[Any]]:
        """The sort columns: an instant, then the id for rows with equal instants."""
        return self.table.c[self.by], next(iter(self.table.primary_key))

    def key(self, row: Mapping[str, Any]) -> Sequence[Any]:
        """Return a row's values in the sort columns, for the cursor of the next page."""
        return [row[column.name] for column in self.order]


ACTION_PLANS = Listing(tables.action_plan, "opened_at", tables.action_plan.c.opened_at.is_not(None))
REVIEWS = Listing(tables.review, "due_at", true())
ACTIONS = Listing(tables.action, "opened_at", true())
LESSONS = Listing(tables.lesson, "recorded_at", true())
PROPOSALS = Listing(tables.proposal, "proposed_at", true())


async def fetch_page(
    database: Database, listing: Listing, caller: Principal, page: Page, filters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the rows of one page, and one more row if there is a next page.

    ``filters`` maps columns to values; a value of None is ignored. If a value is a dict, its column holds a list, and
    the row matches if the list contains the dict.
    """
    order = listing.order
    statement = (
        select(listing.table)
        .where(listing.only, _seen_by(caller, listing.table), page.beyond(*order, descending=True))
        .where(*(_equal(listing.table.c[name], value) for name, value in filters.items() if value is not None))
        .order_by(*(column.desc() for column in order))
        .limit(page.fetch)
    )
    async with database.read() as connection:
        rows = (await connection.execute(statement)).mappings().all()
        return await _marked(connection, rows)


async def fetch_row(database: Database, listing: Listing, caller: Principal, key: str) -> dict[str, Any] | None:
    """Return the row with this id; None if there is none or the caller may not see it."""
    _, identity = listing.order
    statement = select(listing.table).where(listing.only, identity == key, _seen_by(caller, listing.table))
    async with database.read() as connection:
        rows = await _marked(connection, (await connection.execute(statement)).mappings().all())
    return rows[0] if rows else None


async def _marked(connection: AsyncConnection, rows: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Return the rows, each with the field ``on_record`` if its agreement is on record."""
    version = tables.agreement_version.c
    known = (
        select(
            version.agreement_id,
            version.recorded_by_party_id,
            version.provider_party_id,
            version.provider_name,
            version.customer_name,
        )
        .where(
            version.agreement_id.in_({row["agreement_id"] for row in rows}), version.recorded_by_party_id.is_not(None)
        )
        .order_by(version.version)
    )
    marks = {each.agreement_id: _mark(each) for each in await connection.execute(known)} if rows else {}
    return [
        {**row, "on_record": marks[row["agreement_id"]]} if row["agreement_id"] in marks else dict(row) for row in rows
    ]


def _mark(row: Row[Any, Any, Any, Any, Any]) -> dict[str, str]:
    names = (row.provider_name, row.customer_name)
    is_provider = row.recorded_by_party_id == row.provider_party_id
    return build_mark(row.recorded_by_party_id, *(names if is_provider else names[::-1]))


async def fetch_agenda_page(database: Database, review_id: str, page: Page) -> list[dict[str, Any]]:
    """Return one page of a review's agenda items, earliest first, and one more item if there is a next page."""
    item = tables.agenda_item
    statement = (
        select(item)
        .where(item.c.review_id == review_id, page.beyond(item.c.at, item.c.item_id))
        .order_by(item.c.at, item.c.item_id)
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def count_agenda_items(database: Database, review_id: str) -> int:
    """Return the number of items on a review's agenda."""
    item = tables.agenda_item
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).where(item.c.review_id == review_id)) or 0


def _seen_by(caller: Principal, table: Table) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    if table is tables.action_plan:
        is_shown = and_(table.c.customer_party_id == caller.party_id, table.c.customer_sees != "none")
        return or_(table.c.provider_party_id == caller.party_id, is_shown)
    return or_(table.c.provider_party_id == caller.party_id, table.c.customer_party_id == caller.party_id)


def _equal(column: Column[Any], value: Any) -> ColumnElement[bool]:
    return column.contains([value]) if isinstance(value, dict) else column == value
