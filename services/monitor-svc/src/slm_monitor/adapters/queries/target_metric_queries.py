"""Query for the targets whose figures Prometheus reads. It also returns data that the time series need and that the
targets' rows do not contain, such as names and numbers of breaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, TextClause, and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_monitor.adapters.queries.customer_views import build_customer_view_condition, build_risk_condition
from slm_monitor.adapters.queries.read_tables import HAS_WINDOWS, RISK, TARGET, build_party_condition
from slm_monitor.application.reading.target_metrics import OpenWarnings, TargetMetricRows

_LIVE = f"""(
    {HAS_WINDOWS}
    AND NOT EXISTS (SELECT FROM agreement_end AS ended
                     WHERE ended.agreement_id = {{0}}.agreement_id AND ended.ended_at <= :now)
    AND (EXISTS (SELECT FROM target_window AS present
                  WHERE present.target_id = {{0}}.target_id AND present.closed_at IS NULL
                    AND present.start <= :now AND present."end" > :now)
      OR EXISTS (SELECT FROM agreement_terms AS signed
                  WHERE signed.agreement_id = {{0}}.agreement_id AND signed.version <= {{0}}.version
                    AND signed.version = (SELECT max(shown.version) FROM customer_view AS shown
                                           WHERE shown.agreement_id = {{0}}.agreement_id AND shown.effective_at <= :now)
                    AND coalesce((signed.document ->> 'expires_at')::timestamptz, 'infinity')
                        > to_timestamp(:now / 1000000.0))))"""
"""SQL condition on a row ``{0}`` of ``target``: the target is evaluated now.

Its agreement has not ended, and the target has an open window or belongs to the terms in force. A target of tickets has
no window. A target with ``group_by`` does not meet the condition, but its instances do.
"""

_NAMES = """
SELECT DISTINCT ON (agreement_id) agreement_id, title, provider_name, customer_name, service_id, service_name,
       document ->> 'agreement_key' AS agreement_key, document ->> 'service_key' AS service_key
  FROM agreement_terms WHERE agreement_id = ANY(CAST(:ids AS text[])) ORDER BY agreement_id, version DESC
"""
_BREACHES = """
SELECT target_id, count(*) AS count
  FROM breach LEFT JOIN breach_life AS life ON life.breach_id = breach.breach_id AND life.revision = breach.revision
 WHERE breach.standing AND coalesce(life.state, 'open') = 'open' AND target_id = ANY(CAST(:ids AS text[]))
 GROUP BY target_id
"""
_DEADLINES = """
SELECT target_id, min(deadline_at) AS deadline_at FROM clock
 WHERE state = 'running' AND deadline_at > :now AND target_id = ANY(CAST(:ids AS text[]))
 GROUP BY target_id
"""


@dataclass(frozen=True, slots=True)
class TargetMetricFilter:
    """Ids of the agreements and of the services whose targets are wanted. An empty list excludes no target."""

    agreement_ids: Sequence[str] = ()
    service_ids: Sequence[str] = ()

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter as SQL conditions on the table ``target``."""
        wanted: list[ColumnElement[bool]] = []
        if self.agreement_ids:
            wanted.append(TARGET.c.agreement_id.in_(self.agreement_ids))
        if self.service_ids:
            wanted.append(TARGET.c.service_id.in_(self.service_ids))
        return wanted


class TargetMetricQueries:
    """Query for the targets that get time series in one answer to Prometheus, at most ``most`` targets."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self.most = most

    async def read(self, caller: Principal, wanted: TargetMetricFilter, now: int) -> TargetMetricRows:
        """Return the targets that the caller sees and that are evaluated now, read from one snapshot of the database.

        At most ``most`` targets are returned: the first ones in the order of agreement id and key. So every answer has
        the same targets, and their series do not come and go. ``now``: microseconds UTC.
        """
        live = build_customer_view_condition(_LIVE, "target", caller, now)
        seen = and_(build_party_condition(TARGET, caller), live, *wanted.conditions)
        order = (TARGET.c.agreement_id, TARGET.c.key, TARGET.c.target_id)
        async with self._database.read() as connection:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            visible = await connection.scalar(select(func.count()).select_from(TARGET).where(seen)) or 0
            targets = await _fetch_rows(connection, select(TARGET).where(seen).order_by(*order).limit(self.most))
            ids = [row["target_id"] for row in targets]
            agreements = sorted({row["agreement_id"] for row in targets})
            names = await _fetch_rows(connection, text(_NAMES).bindparams(ids=agreements))
            breaches = await _fetch_rows(connection, text(_BREACHES).bindparams(ids=ids))
            deadlines = await _fetch_rows(connection, text(_DEADLINES).bindparams(ids=ids, now=now))
            warnings = await _fetch_rows(connection, _select_warnings(caller, ids, now))
        return TargetMetricRows(
            visible,
            targets,
            {row["agreement_id"]: row for row in names},
            {row["target_id"]: row["count"] for row in breaches},
            {row["target_id"]: row["deadline_at"] for row in deadlines},
            [OpenWarnings(**row) for row in warnings],
        )


def _select_warnings(caller: Principal, target_ids: Sequence[str], now: int) -> Any:
    """Return the query that counts the open warnings that the caller may see, by target, cause and threshold."""
    keys = (RISK.c.target_id, RISK.c.cause, RISK.c.threshold)
    return (
        select(*keys, func.count().label("count"))
        .where(RISK.c.standing, RISK.c.target_id.in_(target_ids), build_risk_condition(caller, now))
        .group_by(*keys)
        .order_by(*keys)
    )


async def _fetch_rows(connection: AsyncConnection, query: Any | TextClause) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]
