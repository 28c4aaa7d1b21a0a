"""Reports as they are read: lists, single revisions and what revisions there are; each for who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_chassis.access import Principal
from slm_chassis.http.paging import Page
from slm_report.adapters.sql_reports import stored
from slm_report.adapters.tables import report
from slm_report.application.ports import Stored

FILTERS = ("agreement_id", "period", "state", "verdict")


async def listed(
    connection: AsyncConnection, caller: Principal, page: Page, wanted: Mapping[str, str | None]
) -> list[Any]:
    """The newest revision of each report, latest period first; ``wanted`` maps of ``FILTERS`` to a value or None."""
    query = (
        select(report)
        .where(report.c.newest, _visible_to(caller))
        .where(page.beyond(report.c.period_start_at, report.c.report_id, descending=True))
        .where(*(report.c[name] == value for name, value in wanted.items() if value is not None))
        .order_by(report.c.period_start_at.desc(), report.c.report_id.desc())
        .limit(page.fetch)
    )
    return list(await connection.execute(query))


async def one(connection: AsyncConnection, caller: Principal, report_id: str, revision: int | None) -> Stored | None:
    """A revision, without a number the newest; None where there is none that the caller may see."""
    chosen = report.c.newest if revision is None else report.c.revision == revision
    query = select(report).where(report.c.report_id == report_id, chosen, _visible_to(caller))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else stored(row)


async def revisions(connection: AsyncConnection, report_id: str) -> list[Any]:
    """Number, state, verdict and ``built_at`` of every revision kept, oldest first."""
    query = (
        select(report.c.revision, report.c.state, report.c.verdict, report.c.built_at)
        .where(report.c.report_id == report_id)
        .order_by(report.c.revision)
    )
    return list(await connection.execute(query))


def _visible_to(caller: Principal) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    if caller.party_id is None:
        return false()
    return or_(report.c.provider_party_id == caller.party_id, report.c.customer_party_id == caller.party_id)
