"""Orders of a list of targets: by urgency, by the budget left, by the time left until a projected breach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, Text, column, select

from slm_chassis.access import Principal
from slm_monitor.adapters.queries.customer_views import LIVE_SHOWN, WARNINGS_SHOWN, bind_caller
from slm_monitor.adapters.queries.read_tables import BUDGET_LEFT

SORTS = {
    "urgency": ("urgency", "breach_at", "target_id"),
    "budget": ("budget_left", "target_id"),
    "time_left": ("breach_at", "target_id"),
}
"""Sort → the columns that the sort compares. The most urgent target comes first."""
_NEVER = 2**62
_ORDERED = f"""
SELECT target.target_id,
       CASE WHEN judged.verdict = 'breached' AND judged.closed_at IS NULL THEN 0
            WHEN judged.verdict = 'at_risk' AND {WARNINGS_SHOWN.format("target")} THEN 1
            WHEN judged.verdict = 'no_data' THEN 2
            ELSE 3 END AS urgency,
       CASE WHEN judged.breach_at IS NOT NULL AND judged.closed_at IS NULL AND {WARNINGS_SHOWN.format("target")}
            THEN (extract(epoch FROM judged.breach_at::timestamptz) * 1000000)::bigint
            ELSE {_NEVER} END AS breach_at,
       CASE WHEN judged.consumed IS NOT NULL AND {LIVE_SHOWN.format("target")}
            THEN {BUDGET_LEFT.format("judged.consumed")}
            ELSE {_NEVER} END AS budget_left
  FROM target LEFT JOIN LATERAL (
      SELECT verdict, closed_at, coalesce(detail ->> 'exhausted_at', detail ->> 'projected_at') AS breach_at,
             detail ->> 'consumed_percent' AS consumed
        FROM target_window WHERE target_window.target_id = target.target_id AND target_window.start <= :now
       ORDER BY target_window.start DESC LIMIT 1) AS judged ON TRUE
 WHERE (:sees_all OR target.provider_party_id = :me OR target.customer_party_id = :me)
"""
"""SQL for the values by which the caller's targets are ordered. Values that a customer is not shown are replaced,
because an order would reveal them.

``budget_left`` is in millionths of the budget, negative if it is overspent.
"""


def build_target_sort_values_subquery(caller: Principal, now: int) -> Any:
    """Return a subquery with the sort values of the targets that the caller sees."""
    ordered = bind_caller(_ORDERED, caller, now)
    columns = (column("urgency", Integer), column("breach_at", BigInteger), column("budget_left", BigInteger))
    return ordered.columns(column("target_id", Text), *columns).subquery("ordered")


def select_sorted_targets(source: Any, ordered: Any, sort: str) -> tuple[Any, Sequence[Any]]:
    """Return (query of targets with their sort values, sort columns). ``ordered`` is the subquery
    with the sort values.
    """
    keys = [ordered.c[name] for name in SORTS[sort]]
    values = [ordered.c[name] for name in SORTS[sort] if name != "target_id"]
    return select(source, *values).join(ordered, ordered.c.target_id == source.c.target_id), keys
