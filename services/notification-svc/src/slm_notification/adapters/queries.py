"""Queries for endpoints, deliveries and secrets.

Queries with a ``caller`` return only rows of the caller's party. An operator gets the rows of all parties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, true

from slm_chassis.access import Principal
from slm_chassis.clock import real_now
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_notification.adapters.sql_desk import endpoint_from_row
from slm_notification.adapters.tables import webhook_delivery, webhook_endpoint, webhook_secret
from slm_notification.domain.endpoints import WebhookEndpoint


async def fetch_endpoint_page(database: Database, caller: Principal, page: Page) -> list[WebhookEndpoint]:
    """Return the endpoints of one page, the oldest first, and one more if there is a next page."""
    order = (webhook_endpoint.c.created_at, webhook_endpoint.c.endpoint_id)
    statement = (
        select(webhook_endpoint)
        .where(is_of_party(caller, webhook_endpoint), page.beyond(*order))
        .order_by(*order)
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return [endpoint_from_row(row) for row in (await connection.execute(statement)).mappings()]


async def fetch_endpoint(database: Database, caller: Principal, endpoint_id: str) -> WebhookEndpoint | None:
    """Return the endpoint with this id; None if there is none or the caller may not see it."""
    statement = select(webhook_endpoint).where(
        webhook_endpoint.c.endpoint_id == endpoint_id, is_of_party(caller, webhook_endpoint)
    )
    async with database.read() as connection:
        row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else endpoint_from_row(row)


async def fetch_delivery_page(
    database: Database, caller: Principal, page: Page, filters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the deliveries of one page, the newest first, and one more if there is a next page.

    ``filters``: column name → the value that a delivery must have; None lets every value pass.
    """
    table = webhook_delivery
    order = (table.c.created_at, table.c.delivery_id)
    statement = (
        select(table)
        .where(is_of_party(caller, table), page.beyond(*order, descending=True))
        .where(*(table.c[name] == value for name, value in filters.items() if value is not None))
        .order_by(*(column.desc() for column in order))
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def fetch_delivery(database: Database, caller: Principal, delivery_id: str) -> dict[str, Any] | None:
    """Return the delivery with this id; None if there is none or the caller may not see it."""
    table = webhook_delivery
    statement = select(table).where(table.c.delivery_id == delivery_id, is_of_party(caller, table))
    async with database.read() as connection:
        row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def fetch_delivery_counts(database: Database, endpoint_id: str) -> dict[str, Any]:
    """Return the number of waiting and of failed deliveries of an endpoint, and when the endpoint last accepted a
    delivery (real time).
    """
    table = webhook_delivery
    statement = select(
        func.count().filter(table.c.state == "waiting").label("waiting"),
        func.count().filter(table.c.state == "failed").label("failed"),
        func.max(table.c.delivered_at).label("last_delivered_at"),
    ).where(table.c.endpoint_id == endpoint_id)
    async with database.read() as connection:
        return dict((await connection.execute(statement)).mappings().one())


async def fetch_secrets(database: Database, endpoint_id: str) -> Sequence[Mapping[str, Any]]:
    """Return the secrets of an endpoint that still sign deliveries, the newest first, without the secret texts."""
    table = webhook_secret
    statement = (
        select(table.c.secret_id, table.c.made_at, table.c.ends_at)
        .where(table.c.endpoint_id == endpoint_id, func.coalesce(table.c.ends_at > real_now(), true()))
        .order_by(table.c.made_at.desc(), table.c.secret_id)
    )
    async with database.read() as connection:
        return [dict(row) for row in (await connection.execute(statement)).mappings()]


def is_of_party(caller: Principal, table: Table) -> ColumnElement[bool]:
    """Return the condition for rows that the caller may see: those of its party, and all for an operator."""
    return true() if caller.is_operator else table.c.party_id == caller.party_id
