"""Orders of lists of breaches and risks:

- by urgency,
- by the error budget that is left in the window,
- by the time that is left until the window ends or a breach is expected.

The values that an order compares are read with the rows, because the next page begins after the values of the last row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, Text, column

from slm_chassis.access import Principal
from slm_chassis.http.paging import Page
from slm_monitor.adapters.queries.customer_views import LIVE_SHOWN, bind_caller
from slm_monitor.adapters.queries.read_tables import BUDGET_LEFT

FindingSort = Literal["latest", "urgency", "budget", "time_left"]
Finding = Literal["breach", "risk"]
SORTS: dict[Finding, dict[str, tuple[str, ...]]] = {
    "breach": {
        "urgency": ("urgency", "newest", "breach_id"),
        "budget": ("budget_left", "breach_id"),
        "time_left": ("ends_at", "breach_id"),
    },
    "risk": {
        "urgency": ("urgency", "ends_at", "risk_id"),
        "budget": ("budget_left", "risk_id"),
        "time_left": ("ends_at", "risk_id"),
    },
}
"""Kind of finding → sort → the columns that the sort compares. The most urgent item comes first."""
_VALUE = "by_"
_NEVER = 2**62
_BUDGET_LEFT = f"""
CASE WHEN judged.detail ->> 'consumed_percent' IS NOT NULL
          AND (judged.closed_at IS NOT NULL OR {LIVE_SHOWN.format("{0}")})
     THEN {BUDGET_LEFT.format("judged.detail ->> 'consumed_percent'")}
     ELSE {_NEVER} END AS budget_left"""
"""SQL for the budget left, in millionths of the budget, negative if it is overspent. Items without a budget, or whose
budget the caller is not shown, come last.
"""
_BREACHES = f"""
SELECT breach.breach_id, -breach.certain_at AS newest,
       CASE WHEN NOT breach.standing THEN 4
            WHEN coalesce(life.state, 'open') = 'closed' THEN 3
            WHEN coalesce(life.state, 'open') <> 'open' THEN 2
            WHEN breach.level = 'unacceptable' THEN 0 ELSE 1 END AS urgency,
       CASE WHEN breach.standing AND judged."end" > :now THEN judged."end" ELSE {_NEVER} END AS ends_at,
       {_BUDGET_LEFT.format("breach")}
  FROM breach LEFT JOIN breach_life AS life ON life.breach_id = breach.breach_id AND life.revision = breach.revision
  LEFT JOIN target_window AS judged ON judged.target_id = breach.target_id AND judged.window_id = breach.window_id
"""
_RISKS = f"""
SELECT risk.risk_id, CASE WHEN risk.standing THEN 0 ELSE 1 END AS urgency,
       CASE WHEN NOT risk.standing THEN {_NEVER}
            ELSE least((extract(epoch FROM coalesce(
                           judged.detail ->> 'exhausted_at', judged.detail ->> 'projected_at',
                           risk.document ->> 'projected_breach_at', risk.document ->> 'deadline_at'
                       )::timestamptz) * 1000000)::bigint, judged."end", {_NEVER}) END AS ends_at,
       {_BUDGET_LEFT.format("risk")}
  FROM risk
  LEFT JOIN target_window AS judged ON judged.target_id = risk.target_id AND judged.window_id = risk.window_id
"""
"""Query for the sort values of risks. ``ends_at`` is when the risk becomes a breach at the present pace, or when its
window ends. It is read only for callers who are shown the risk.
"""


@dataclass(frozen=True, slots=True)
class FindingOrder:
    """The order of a list of breaches or risks, as of an instant. It compares only values that the caller may see."""

    kind: Finding
    sort: FindingSort
    caller: Principal
    now: int

    def apply(self, query: Select[Any], identity: ColumnElement[str], when: ColumnElement[int], page: Page) -> Any:
        """Return the query with this order, for one page. ``identity`` and ``when``: the columns with the id and the
        instant of a breach or risk.
        """
        if self.sort == "latest":
            latest = (when, identity)
            return query.where(page.beyond(*latest, descending=True)).order_by(*(each.desc() for each in latest))
        ordered = self._select()
        keys = [ordered.c[name] for name in SORTS[self.kind][self.sort]]
        named = [key.label(f"{_VALUE}{key.name}") for key in keys]
        query = query.add_columns(*named).where(ordered.c[f"{self.kind}_id"] == identity)
        return query.where(page.beyond(*keys)).order_by(*keys)

    def values(self, row: Mapping[str, Any], when: str) -> list[Any]:
        """Return the values of a row that this order compares. ``when``: name of the row's column with the instant."""
        if self.sort == "latest":
            return [row[when], row[f"{self.kind}_id"]]
        return [row[f"{_VALUE}{name}"] for name in SORTS[self.kind][self.sort]]

    def _select(self) -> Any:
        known = bind_caller(_BREACHES if self.kind == "breach" else _RISKS, self.caller, self.now)
        columns = [column(name, BigInteger) for name in ("ends_at", "budget_left")]
        columns += [column("newest", BigInteger)] if self.kind == "breach" else []
        return known.columns(column(f"{self.kind}_id", Text), column("urgency", Integer), *columns).subquery("ordered")


def drop_sort_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without the sort values that a ``FindingOrder`` added to it."""
    return {name: value for name, value in row.items() if not name.startswith(_VALUE)}
