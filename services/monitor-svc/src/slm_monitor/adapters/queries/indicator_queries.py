"""Queries for indicators: their definitions, and whether they are stale."""

from __future__ import annotations

from typing import Any

from sqlalchemy import column, select, table, text, true
from sqlalchemy.types import JSON, BigInteger, Text

from slm_calendar import durations
from slm_chassis.access import Principal
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.queries.target_queries import TargetQueries
from slm_monitor.adapters.rows.staleness_rows import LATEST_DATA_OF_INDICATORS, NOTHING_YET

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
_SELECTED = select(*_INDICATOR.c, _STALENESS.c.since.label("stale_since")).select_from(
    _INDICATOR.outerjoin(_STALENESS, _STALENESS.c.subject == _INDICATOR.c.subject)
)


class IndicatorQueries(TargetQueries):
    """Queries for indicators."""

    async def page(
        self, caller: Principal, page: Page, stale: bool | None, *, with_last: bool = False
    ) -> dict[str, Any]:
        """Return a page of the indicators of the caller's party, sorted by subject.

        ``stale``: True for stale indicators only, False for all others only, None for both. ``with_last``: add the
        instant of each indicator's latest fact, which costs a look-up of facts.
        """
        since = _STALENESS.c.since
        query = (
            _SELECTED.where(true() if caller.is_operator else _INDICATOR.c.owner_party_id == caller.party_id)
            .where(page.beyond(_INDICATOR.c.subject))
            .order_by(_INDICATOR.c.subject)
            .limit(page.fetch)
        )
        if stale is not None:
            query = query.where(since.is_not(None) if stale else since.is_(None))
        rows = await self._rows(query)
        shaped = page.shape(rows, lambda row: [row["subject"]], _indicator_document)
        if with_last:
            await self._add_last_facts(shaped["items"])
        return shaped

    async def _add_last_facts(self, items: list[dict[str, Any]]) -> None:
        heard = await self._rows(
            text(LATEST_DATA_OF_INDICATORS).bindparams(subjects=[each["subject"] for each in items])
        )
        last = {row["subject"]: row["last"] for row in heard}
        for each in items:
            at = last.get(each["subject"])
            each["last_fact_at"] = None if at is None or at < NOTHING_YET else to_text(at)

    async def one(self, owner_party_id: str, key: str) -> dict[str, Any] | None:
        query = _SELECTED.where(_INDICATOR.c.owner_party_id == owner_party_id, _INDICATOR.c.key == key)
        rows = await self._rows(query)
        return _indicator_document(rows[0]) if rows else None


def _indicator_document(row: dict[str, Any]) -> dict[str, Any]:
    age, since = row.pop("stale_after"), row.pop("stale_since")
    lowest, highest = row.pop("lowest"), row.pop("highest")
    return {
        **row,
        "scale": None if lowest is None else {"lowest": lowest, "highest": highest},
        "stale_after": None if age is None else durations.to_iso(age),
        "stale_since_at": None if since is None else to_text(since),
    }
