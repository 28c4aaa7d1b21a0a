"""Query for the number of targets of each provider and customer, by the state of their latest window."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Text, column, select

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_monitor.adapters.queries.customer_views import LIVE_SHOWN, RISK_SHOWN, WARNINGS_SHOWN, bind_caller
from slm_monitor.adapters.queries.read_tables import HAS_WINDOWS

_AT_RISK_SHOWN = f"""
    {LIVE_SHOWN.format("target")} AND ({WARNINGS_SHOWN.format("target")} OR EXISTS (
        SELECT FROM risk WHERE risk.target_id = target.target_id AND risk.window_id = judged.window_id
           AND risk.standing AND {RISK_SHOWN.format("risk")}))
"""
_COUNTED = f"""
SELECT provider_party_id, customer_party_id, count(*)::int AS targets,
       (count(*) FILTER (WHERE verdict = 'breached'))::int AS breached,
       (count(*) FILTER (WHERE verdict = 'at_risk'))::int AS at_risk,
       (count(*) FILTER (WHERE verdict = 'no_data'))::int AS no_data
  FROM (
      SELECT target.provider_party_id, target.customer_party_id,
             CASE WHEN judged.verdict = 'at_risk' AND NOT ({_AT_RISK_SHOWN}) THEN 'met'
                  WHEN judged.verdict IS NULL
                   AND NOT EXISTS (SELECT FROM clock WHERE clock.target_id = target.target_id) THEN 'no_data'
                  ELSE coalesce(judged.verdict, 'met') END AS verdict
        FROM target LEFT JOIN LATERAL (
            SELECT window_id, verdict FROM target_window
             WHERE target_window.target_id = target.target_id AND target_window.start <= :now
             ORDER BY target_window.start DESC LIMIT 1) AS judged ON TRUE
       WHERE (:sees_all OR target.provider_party_id = :me OR target.customer_party_id = :me)
         AND {HAS_WINDOWS}
  ) AS shown
 GROUP BY provider_party_id, customer_party_id
"""
"""SQL for the number of targets between each pair of companies, by the verdict of their latest window as the caller may
see it.

A target with ``group_by`` is replaced by its instances, because only they have windows. A per-ticket target has no
window. It counts as met once a ticket has a clock under it, and as without data before.
"""


class TargetCountQueries:
    """Query that counts the targets that the caller sees."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, caller: Principal, page: Page, now: int) -> dict[str, Any]:
        """Return a page of counts of targets. Each pair of provider and customer has one item, sorted by both ids.

        ``now``: microseconds UTC.
        """
        numbers = [column(name, Integer) for name in ("targets", "breached", "at_risk", "no_data")]
        parties = column("provider_party_id", Text), column("customer_party_id", Text)
        counted = bind_caller(_COUNTED, caller, now).columns(*parties, *numbers).subquery("counted")
        keys = counted.c.provider_party_id, counted.c.customer_party_id
        query = select(counted).where(page.beyond(*keys)).order_by(*keys).limit(page.fetch)
        async with self._database.read() as connection:
            rows = [dict(row) for row in (await connection.execute(query)).mappings()]
        return page.shape(rows, lambda row: [row["provider_party_id"], row["customer_party_id"]])
