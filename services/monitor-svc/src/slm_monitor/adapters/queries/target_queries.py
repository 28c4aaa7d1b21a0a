"""Queries for targets, windows, breaches, warnings and clocks, as JSON documents, filtered by the caller's party."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, or_, select, table, text, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.types import JSON, BigInteger, Boolean, Integer, Text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.instants import to_text
from slm_monitor.adapters.rows import staleness_rows

_PARTIES = (column("provider_party_id", Text), column("customer_party_id", Text))
INDICATOR = table(
    "indicator",
    column("subject", Text),
    column("owner_party_id", Text),
    column("key", Text),
    column("kind", Text),
    column("unit", Text),
    column("initial_state", Text),
    column("service_id", Text),
    column("external_refs", JSON),
)
TARGET = table(
    "target",
    column("target_id", Text),
    column("agreement_id", Text),
    column("version", Integer),
    column("key", Text),
    column("title", Text),
    column("service_id", Text),
    column("indicator", Text),
    column("terms", JSON),
    column("instance_of", Text),
    column("labels", JSON),
    *_PARTIES,
)
WINDOW = table(
    "target_window",
    column("target_id", Text),
    column("window_id", Text),
    column("version", Integer),
    column("start", BigInteger),
    column("end", BigInteger),
    column("verdict", Text),
    column("good", BigInteger),
    column("total", BigInteger),
    column("figure", Text),
    column("display", Text),
    column("detail", JSON),
    column("closed_at", BigInteger),
    column("revision", Integer),
    column("as_of", BigInteger),
)
BREACH = table(
    "breach",
    column("breach_id", Text),
    column("target_id", Text),
    column("agreement_id", Text),
    column("version", Integer),
    column("window_id", Text),
    column("level", Text),
    column("ordinal", BigInteger),
    column("certain_at", BigInteger),
    column("published_at", BigInteger),
    column("service_id", Text),
    column("standing", Boolean),
    column("revision", Integer),
    column("until", BigInteger),
    column("document", JSON),
    *(column(each.name, Text) for each in _PARTIES),
)
RISK = table(
    "risk",
    column("risk_id", Text),
    column("target_id", Text),
    column("agreement_id", Text),
    column("window_id", Text),
    column("cause", Text),
    column("threshold", Text),
    column("opened_at", BigInteger),
    column("service_id", Text),
    column("standing", Boolean),
    column("cleared_at", BigInteger),
    column("outcome", Text),
    column("document", JSON),
    *(column(each.name, Text) for each in _PARTIES),
)
CLOCK = table(
    "clock",
    column("target_id", Text),
    column("ticket", Text),
    column("ordinal", Integer),
    column("version", Integer),
    column("agreement_id", Text),
    column("owner_party_id", Text),
    column("source", Text),
    column("number", Text),
    column("clock", Text),
    column("state", Text),
    column("started_at", BigInteger),
    column("deadline_at", BigInteger),
    column("stopped_at", BigInteger),
    column("breached_at", BigInteger),
    column("changed_at", BigInteger),
    column("elapsed_calendar", BigInteger),
    column("elapsed_service", BigInteger),
    column("pauses", JSON),
    column("net_calendar", BigInteger),
    column("net_service", BigInteger),
    *(column(each.name, Text) for each in _PARTIES),
)
QUARANTINE = table(
    "quarantine",
    column("quarantine_id", Text),
    column("owner_party_id", Text),
    column("subject", Text),
    column("reason", Text),
    column("fact", JSON),
    column("received_at", BigInteger),
    column("state", Text),
    column("decided_at", BigInteger),
)
_INSTANTS = frozenset(
    {
        "start",
        "end",
        "closed_at",
        "as_of",
        "certain_at",
        "published_at",
        "until",
        "opened_at",
        "cleared_at",
        "started_at",
        "deadline_at",
        "stopped_at",
        "breached_at",
        "changed_at",
        "received_at",
        "decided_at",
    }
)
_LENGTHS = {
    "elapsed_calendar": "elapsed_calendar_seconds",
    "elapsed_service": "elapsed_service_seconds",
    "net_calendar": "net_calendar_seconds",
    "net_service": "net_service_seconds",
}
_MOST_FINDINGS = 10_000
_RENAMED = {"start": "start_at", "end": "end_at", "until": "recovered_at", "display": "figure_display"}
FOREVER = 253_402_300_799_000_000

_COUNTS = """
SELECT target_id, state, count(*) FROM (
    SELECT target_id, state FROM clock WHERE target_id = ANY(:targets) AND NOT is_stint
    UNION ALL
    SELECT target_id, (array_agg(state ORDER BY array_position(
               ARRAY['breached', 'completed_late', 'running', 'paused', 'met', 'cancelled'], state)))[1]
      FROM clock WHERE target_id = ANY(:targets) AND is_stint GROUP BY target_id, ticket) AS one
 GROUP BY target_id, state
"""


def visible(source: Any, caller: Principal) -> ColumnElement[bool]:
    """Condition: the caller's party is the provider or the customer of the row; an operator sees all rows."""
    if caller.is_operator:
        return true()
    return or_(source.c.provider_party_id == caller.party_id, source.c.customer_party_id == caller.party_id)


def row_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON: instants as text, durations in seconds, and columns under the names that the API uses."""
    document: dict[str, Any] = {}
    for name, value in row.items():
        if name in _INSTANTS and value is not None:
            document[_RENAMED.get(name, name)] = to_text(min(value, FOREVER))
        elif name in _LENGTHS:
            document[_LENGTHS[name]] = value // 1_000_000
        else:
            document[_RENAMED.get(name, name)] = value
    return document


class TargetQueries:
    """Queries for targets and their results."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        async with self._database.read() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def _page(
        self,
        source: Any,
        caller: Principal,
        page: Page,
        keys: Sequence[str],
        filters: Mapping[str, Any],
        *,
        descending: bool = False,
        seen: ColumnElement[bool] | None = None,
    ) -> list[dict[str, Any]]:
        columns = [source.c[name] for name in keys]
        wanted = [source.c[name] == value for name, value in filters.items() if value is not None]
        query = (
            select(source)
            .where(
                visible(source, caller) if seen is None else seen, *wanted, page.beyond(*columns, descending=descending)
            )
            .order_by(*(each.desc() if descending else each for each in columns))
            .limit(page.fetch)
        )
        return await self._rows(query)

    async def indicators(self, caller: Principal, page: Page) -> dict[str, Any]:
        seen = true() if caller.is_operator else INDICATOR.c.owner_party_id == caller.party_id
        rows = await self._page(INDICATOR, caller, page, ["subject"], {}, seen=seen)
        return page.shape(rows, lambda row: [row["subject"]], row_document)

    async def breaches(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        rows = await self._page(BREACH, caller, page, ["certain_at", "breach_id"], filters, descending=True)
        return page.shape(rows, lambda row: [row["certain_at"], row["breach_id"]], breach_document)

    async def risks(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        rows = await self._page(RISK, caller, page, ["opened_at", "risk_id"], filters, descending=True)
        return page.shape(rows, lambda row: [row["opened_at"], row["risk_id"]], breach_document)

    async def risk(self, caller: Principal, risk_id: str) -> dict[str, Any] | None:
        rows = await self._rows(select(RISK).where(RISK.c.risk_id == risk_id, visible(RISK, caller)))
        return breach_document(rows[0]) if rows else None

    async def warnings_at(self, target_id: str, window_id: str, instant: int) -> list[dict[str, Any]]:
        """The warnings of a window that were open at an instant, the oldest first. The caller must be allowed to see
        the target."""
        stood = or_(RISK.c.cleared_at.is_(None), RISK.c.cleared_at > instant)
        query = (
            select(RISK)
            .where(RISK.c.target_id == target_id, RISK.c.window_id == window_id, RISK.c.opened_at <= instant, stood)
            .order_by(RISK.c.opened_at, RISK.c.risk_id)
        )
        return [breach_document(row) for row in await self._rows(query)]

    async def quarantine(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        seen = true() if caller.is_operator else QUARANTINE.c.owner_party_id == caller.party_id
        rows = await self._page(QUARANTINE, caller, page, ["quarantine_id"], filters, seen=seen)
        return page.shape(rows, lambda row: [row["quarantine_id"]], row_document)

    async def clocks(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        keys = ["deadline_at", "target_id", "ticket", "ordinal"]
        rows = await self._page(CLOCK, caller, page, keys, filters)
        return page.shape(rows, lambda row: [row[key] for key in keys], row_document)

    async def targets(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        return await self._page(TARGET, caller, page, ["agreement_id", "key", "target_id"], filters)

    async def target(self, caller: Principal, target_id: str) -> dict[str, Any] | None:
        rows = await self._rows(select(TARGET).where(TARGET.c.target_id == target_id, visible(TARGET, caller)))
        return rows[0] if rows else None

    async def windows_at(self, target_ids: Sequence[str], instant: int) -> dict[str, dict[str, Any]]:
        """Target → the window that contains the instant, or the last one that began before it."""
        query = (
            select(WINDOW)
            .where(WINDOW.c.target_id.in_(target_ids), WINDOW.c.start <= instant)
            .ext(distinct_on(WINDOW.c.target_id))
            .order_by(WINDOW.c.target_id, WINDOW.c.start.desc())
        )
        return {row["target_id"]: row for row in await self._rows(query)}

    async def closed_windows(self, target_ids: Sequence[str], since: int, until: int) -> dict[tuple[str, str], int]:
        """(target, window) → instant of closing, for windows that end after ``since`` and closed by ``until``."""
        query = select(WINDOW.c.target_id, WINDOW.c.window_id, WINDOW.c.closed_at).where(
            WINDOW.c.target_id.in_(target_ids), WINDOW.c.end > since, WINDOW.c.closed_at <= until
        )
        return {(row["target_id"], row["window_id"]): row["closed_at"] for row in await self._rows(query)}

    async def breaches_in(
        self, agreement_id: str, since: int, until: int, windows: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Breaches in force that became certain in ``[since, until)``, or earlier in one of these windows without
        having recovered by ``since``. The caller must be allowed to see the agreement."""
        goes_on = or_(BREACH.c.until.is_(None), BREACH.c.until > since)
        counts = or_(BREACH.c.certain_at >= since, and_(BREACH.c.window_id.in_(windows), goes_on))
        query = (
            select(BREACH)
            .where(BREACH.c.agreement_id == agreement_id, BREACH.c.certain_at < until, BREACH.c.standing, counts)
            .order_by(BREACH.c.certain_at, BREACH.c.breach_id)
            .limit(_MOST_FINDINGS)
        )
        return [breach_document(row) for row in await self._rows(query)]

    async def risks_in(self, agreement_id: str, since: int, until: int) -> list[dict[str, Any]]:
        """Warnings opened in ``[since, until)``, or earlier and not cleared by ``since``. The caller must be allowed to
        see the agreement."""
        lasted = or_(RISK.c.opened_at >= since, RISK.c.cleared_at.is_(None), RISK.c.cleared_at > since)
        query = (
            select(RISK)
            .where(RISK.c.agreement_id == agreement_id, RISK.c.opened_at < until, lasted)
            .order_by(RISK.c.opened_at, RISK.c.risk_id)
            .limit(_MOST_FINDINGS)
        )
        return [breach_document(row) for row in await self._rows(query)]

    async def windows(
        self,
        target_id: str,
        page: Page,
        filters: Mapping[str, Any] | None = None,
        closed: bool | None = None,
        span: tuple[int | None, int | None] = (None, None),
    ) -> dict[str, Any]:
        """A page of the windows of a target, the newest first. The caller must be allowed to see the target.

        ``span``: only windows that begin within it. ``closed``: True for closed windows only, False for open ones only.
        """
        seen: list[ColumnElement[bool]] = []
        if closed is not None:
            seen.append(WINDOW.c.closed_at.is_not(None) if closed else WINDOW.c.closed_at.is_(None))
        if span[0] is not None:
            seen.append(WINDOW.c.start >= span[0])
        if span[1] is not None:
            seen.append(WINDOW.c.start < span[1])
        rows = await self._page(
            WINDOW,
            _NOBODY,
            page,
            ["start", "window_id"],
            {"target_id": target_id, **(filters or {})},
            descending=True,
            seen=and_(true(), *seen),
        )
        return page.shape(rows, lambda row: [row["start"], row["window_id"]], row_document)

    async def clock_counts(self, target_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Target → state → number of clocks. All stints of a ticket count as one clock, in their worst state."""
        counts: dict[str, dict[str, int]] = {}
        async with self._database.read() as connection:
            for target_id, state, count in await connection.execute(text(_COUNTS), {"targets": list(target_ids)}):
                counts.setdefault(target_id, {})[state] = count
        return counts

    async def last_heard(self, subjects: Sequence[str]) -> dict[str, int]:
        """Indicator → the instant of its latest fact. Indicators without facts are left out."""
        if not subjects:
            return {}
        async with self._database.read() as connection:
            found = await connection.execute(text(staleness_rows.LAST_HEARD), {"subjects": sorted(set(subjects))})
            return {row[0]: row[1] for row in found if row[1] is not None and row[1] > staleness_rows.NOTHING_YET}

    async def judged_positions(self) -> dict[tuple[str, int], int]:
        """(topic, partition) → the position up to which records have been evaluated, with the timers that were due."""
        query = text("SELECT partition, figures_measurements, figures_tickets FROM judge_partition")
        reached: dict[tuple[str, int], int] = {}
        async with self._database.read() as connection:
            for partition, measurements, tickets in await connection.execute(query):
                reached[MEASUREMENTS.name, partition] = measurements
                reached[TICKETS.name, partition] = tickets
        return reached


_NOBODY = Principal("", None, "", frozenset())


def breach_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A breach or warning as JSON: the published event, and the present values of its row."""
    document = dict(row["document"])
    own = row_document({name: value for name, value in row.items() if name != "document"})
    return {**document, **own}
