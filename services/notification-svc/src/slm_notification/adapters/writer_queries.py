"""Queries for ticket writers and what they write.

Queries with a ``caller`` return only rows of the caller's party. An operator gets the rows of all parties.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, select

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_notification.adapters.queries import is_of_party
from slm_notification.adapters.sql_writers import writer_from_row
from slm_notification.adapters.writer_tables import ticket_write, ticket_writer
from slm_notification.domain.ticket_writers import TicketWriter


async def fetch_writer_page(database: Database, caller: Principal, page: Page) -> list[TicketWriter]:
    """Return the writers of one page, the oldest first, and one more if there is a next page."""
    order = (ticket_writer.c.created_at, ticket_writer.c.writer_id)
    statement = (
        select(ticket_writer)
        .where(is_of_party(caller, ticket_writer), page.beyond(*order))
        .order_by(*order)
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return [writer_from_row(row) for row in (await connection.execute(statement)).mappings()]


async def fetch_writer(database: Database, caller: Principal, writer_id: str) -> TicketWriter | None:
    """Return the writer with this id; None if there is none or the caller may not see it."""
    statement = select(ticket_writer).where(ticket_writer.c.writer_id == writer_id, is_of_party(caller, ticket_writer))
    async with database.read() as connection:
        row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else writer_from_row(row)


async def fetch_write_counts(database: Database, writer_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return writer id → how many tickets wait, are written or failed, and when a ticket was last written (real time).
    A writer without tickets has zeros and None.
    """
    table = ticket_write
    states = ("waiting", "written", "failed")
    counts = [func.count().filter(table.c.state == state).label(state) for state in states]
    statement = (
        select(table.c.writer_id, *counts, func.max(table.c.written_at).label("last_written_at"))
        .where(table.c.writer_id.in_(writer_ids))
        .group_by(table.c.writer_id)
    )
    async with database.read() as connection:
        rows = (await connection.execute(statement)).mappings().all()
    none = {**dict.fromkeys(states, 0), "last_written_at": None}
    return dict.fromkeys(writer_ids, none) | {row["writer_id"]: dict(row) for row in rows}


async def fetch_write_page(
    database: Database, caller: Principal, page: Page, filters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the tickets of one page, and one more if there is a next page. The ticket that changed last comes first.

    ``filters``: column name → the value that a ticket must have; None lets every value pass.
    """
    table = ticket_write
    order = (table.c.changed_at, table.c.writer_id, table.c.ticket)
    statement = (
        select(table)
        .where(is_of_party(caller, table), page.beyond(*order, descending=True))
        .where(*(table.c[name] == value for name, value in filters.items() if value is not None))
        .order_by(*(column.desc() for column in order))
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return [dict(row) for row in (await connection.execute(statement)).mappings()]
