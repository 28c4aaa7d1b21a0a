"""Queries for reports that a caller may see: lists, single revisions, and whether reports will still change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, extract, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_chassis.access import Principal
from slm_chassis.http.paging import Page
from slm_report.adapters.sql_reports import PATIENCE, catch_up_is_incomplete, import_is_incomplete, stored_report_of
from slm_report.adapters.tables import agenda, agreement_version, catch_up_heard, import_heard, report
from slm_report.application.ports import StoredReport

FILTERS = ("agreement_id", "period", "state", "verdict")


async def list_newest_revisions(
    connection: AsyncConnection, caller: Principal, page: Page, wanted: Mapping[str, str | None]
) -> list[Any]:
    """Return a page of rows, each the newest revision of a report, latest period first.

    ``wanted`` maps each of ``FILTERS`` to a value or None.
    """
    query = (
        select(report)
        .where(report.c.newest, _visible_to(caller))
        .where(page.beyond(report.c.period_start_at, report.c.report_id, descending=True))
        .where(*(report.c[name] == value for name, value in wanted.items() if value is not None))
        .order_by(report.c.period_start_at.desc(), report.c.report_id.desc())
        .limit(page.fetch)
    )
    return list(await connection.execute(query))


async def find_revision(
    connection: AsyncConnection, caller: Principal, report_id: str, revision: int | None
) -> StoredReport | None:
    """Return a revision of a report, by default the newest; None if the caller may not see it."""
    chosen = report.c.newest if revision is None else report.c.revision == revision
    query = select(report).where(report.c.report_id == report_id, chosen, _visible_to(caller))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else stored_report_of(row)


async def list_revisions(connection: AsyncConnection, report_id: str) -> list[Any]:
    """Return number, state, verdict and ``built_at`` of every revision of a report, oldest first."""
    query = (
        select(report.c.revision, report.c.state, report.c.verdict, report.c.built_at)
        .where(report.c.report_id == report_id)
        .order_by(report.c.revision)
    )
    return list(await connection.execute(query))


async def will_reports_change(
    connection: AsyncConnection, caller: Principal, agreement_id: str, import_id: str | None, until_at: int | None
) -> bool:
    """Whether the agreement's reports will still change because of events received up to ``until_at``.

    True in each of these cases:

    - a report is due or stale,
    - events of an import, or of the evaluation of a signed version's past, are missing,
    - no event of the import ``import_id`` has been received,
    - ``until_at`` is None.

    False for an agreement that the caller may not see.
    """
    if until_at is None:
        return True
    if not await _may_see(connection, caller, agreement_id):
        return False
    # A period is due when its windows close. An import makes reported periods stale.
    waits = or_(agenda.c.stale_from.is_not(None), agenda.c.due_at <= until_at)
    waiting = select(agenda.c.agreement_id).where(agenda.c.agreement_id == agreement_id, waits)
    incomplete = select(import_heard.c.import_id).where(import_is_incomplete(agreement_id))
    catching_up = select(catch_up_heard.c.version).where(catch_up_is_incomplete(agreement_id))
    for query in (waiting, incomplete, catching_up):
        if (await connection.execute(query.limit(1))).one_or_none() is not None:
            return True
    if import_id is None:
        return False
    of_agreement = import_heard.c.agreement_id == agreement_id
    known = select(import_heard.c.import_id).where(of_agreement, import_heard.c.import_id == import_id)
    return (await connection.execute(known)).one_or_none() is None


async def reasons_for_waiting(
    connection: AsyncConnection, caller: Principal, agreement_id: str
) -> list[dict[str, Any]]:
    """Return the reasons why the agreement's reports are not published yet.

    The list is empty if nothing delays them, or if the caller may not see the agreement.
    """
    if not await _may_see(connection, caller, agreement_id):
        return []
    imports = (
        select(import_heard.c.import_id).where(import_is_incomplete(agreement_id)).order_by(import_heard.c.import_id)
    )
    found: list[dict[str, Any]] = [
        {"reason": "import", "import_id": row.import_id} for row in await connection.execute(imports)
    ]
    until = extract("epoch", catch_up_heard.c.since + PATIENCE - func.clock_timestamp())
    versions = select(catch_up_heard.c.version, until.label("left")).where(catch_up_is_incomplete(agreement_id))
    for row in await connection.execute(versions.order_by(catch_up_heard.c.version)):
        left = max(0, math.ceil(row.left))
        found.append({"reason": "catching_up", "agreement_version": row.version, "at_most_seconds": left})
    return found


async def _may_see(connection: AsyncConnection, caller: Principal, agreement_id: str) -> bool:
    party = agreement_version.c.finalized
    seen = select(agreement_version.c.agreement_id).where(
        agreement_version.c.agreement_id == agreement_id,
        true()
        if caller.is_operator
        else or_(
            party["provider_party_id"].astext == caller.party_id, party["customer_party_id"].astext == caller.party_id
        ),
    )
    return (await connection.execute(seen.limit(1))).one_or_none() is not None


def _visible_to(caller: Principal) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    if caller.party_id is None:
        return false()
    return or_(report.c.provider_party_id == caller.party_id, report.c.customer_party_id == caller.party_id)
