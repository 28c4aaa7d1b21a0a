"""Queries for indicators: their definitions, and whether they are stale."""

from __future__ import annotations

from typing import Any

from sqlalchemy import column, select, table, true
from sqlalchemy.types import JSON, BigInteger, Text

from slm_calendar import durations
from slm_chassis.access import Principal
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.queries.target_queries import TargetQueries

_INDICATOR = table(
    "indicator",
    column("subject", Text),
    column("owner_party_id", Text),
    column("key", Text),
    column("kind", Text),
    column("unit", Text),
    column("initial_state", Text),
    column("service_id", Text),
    column("external_refs", JSON),
    column("stale_after", BigInteger),
    column("lowest", Text),
    column("highest", Text),
)
_STALENESS = table("staleness", column("subject", Text), column("since", BigInteger))


class IndicatorQueries(TargetQueries):
    """Queries for indicators."""

    async def page(self, caller: Principal, page: Page, stale: bool | None) -> dict[str, Any]:
        """Indicators of the caller's party, by subject. ``stale``: True for stale ones only, False for all others."""
        joined = _INDICATOR.outerjoin(_STALENESS, _STALENESS.c.subject == _INDICATOR.c.subject)
        since = _STALENESS.c.since
        query = (
            select(*_INDICATOR.c, since.label("stale_since"))
            .select_from(joined)
            .where(true() if caller.is_operator else _INDICATOR.c.owner_party_id == caller.party_id)
            .where(page.beyond(_INDICATOR.c.subject))
            .order_by(_INDICATOR.c.subject)
            .limit(page.fetch)
        )
        if stale is not None:
            query = query.where(since.is_not(None) if stale else since.is_(None))
        return page.shape(await self._rows(query), lambda row: [row["subject"]], _indicator_document)


def _indicator_document(row: dict[str, Any]) -> dict[str, Any]:
    age, since = row.pop("stale_after"), row.pop("stale_since")
    lowest, highest = row.pop("lowest"), row.pop("highest")
    return {
        **row,
        "scale": None if lowest is None else {"lowest": lowest, "highest": highest},
        "stale_after": None if age is None else durations.to_iso(age),
        "stale_since_at": None if since is None else to_text(since),
    }
