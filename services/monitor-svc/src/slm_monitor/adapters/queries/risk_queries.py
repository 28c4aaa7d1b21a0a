"""Queries for warnings that the caller is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_monitor.adapters.queries.customer_views import build_risk_condition
from slm_monitor.adapters.queries.finding_order import FindingOrder, FindingSort, drop_sort_values
from slm_monitor.adapters.queries.read_tables import RISK, select_cause_id
from slm_monitor.adapters.queries.row_documents import build_breach_document


class RiskQueries:
    """Queries for one warning, and for lists of warnings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        caller: Principal,
        page: Page,
        filters: Mapping[str, Any],
        own: Sequence[ColumnElement[bool]] = (),
        sort: FindingSort = "latest",
    ) -> dict[str, Any]:
        """Return a page of warnings that the caller is shown.

        ``own``: conditions on the assignments of the caller's party and the snoozes of the caller.
        """
        cause_id = select_cause_id(RISK.c.risk_id)
        wanted = [
            (cause_id if name == "cause_id" else RISK.c[name]) == value
            for name, value in filters.items()
            if value is not None
        ]
        order = FindingOrder("risk", sort, caller, self._database.clock.now())
        query = select(*RISK.c, cause_id).where(build_risk_condition(caller, self._database.clock.now()), *own, *wanted)
        query = order.apply(query, RISK.c.risk_id, RISK.c.opened_at, page).limit(page.fetch)
        async with self._database.read() as connection:
            rows = [dict(row) for row in (await connection.execute(query)).mappings()]
        return page.shape(
            rows, lambda row: order.values(row, "opened_at"), lambda row: build_breach_document(drop_sort_values(row))
        )

    async def one(self, caller: Principal, risk_id: str) -> dict[str, Any] | None:
        """Return a warning; None if the caller is not shown it."""
        query = select(*RISK.c, select_cause_id(RISK.c.risk_id)).where(
            RISK.c.risk_id == risk_id, build_risk_condition(caller, self._database.clock.now())
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return build_breach_document(dict(row)) if row else None
