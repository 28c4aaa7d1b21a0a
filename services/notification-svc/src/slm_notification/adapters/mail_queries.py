"""Queries for deliveries by mail.

Service level managers and auditors get the rows of all people of their party. Other callers get only their own rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, select, true

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_notification.adapters.mail_tables import mail_delivery, mail_message

_SEE_ALL = ("service_level_manager", "auditor")


async def fetch_mail_page(
    database: Database, caller: Principal, page: Page, filters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the deliveries of one page, the newest first, and one more if there is a next page.

    ``filters``: column name → the value that a delivery must have; None lets every value pass.
    """
    delivery, message = mail_delivery.c, mail_message.c
    order = (delivery.created_at, delivery.delivery_id)
    columns = (message.attempts, message.problem, message.sent_at, message.due_at.label("message_due_at"))
    statement = (
        select(mail_delivery, *columns)
        .outerjoin(mail_message, message.message_id == delivery.message_id)
        .where(_for(caller), page.beyond(*order, descending=True))
        .where(*(delivery[name] == value for name, value in filters.items() if value is not None))
        .order_by(*(column.desc() for column in order))
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return [dict(row) for row in (await connection.execute(statement)).mappings()]


def _for(caller: Principal) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    of_party = mail_delivery.c.party_id == caller.party_id
    if caller.has_role(*_SEE_ALL):
        return of_party
    return and_(of_party, mail_delivery.c.person_id == caller.person_id)
