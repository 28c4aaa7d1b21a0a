"""Queries for targets, windows, breaches, warnings and clocks, as JSON objects, filtered by the caller's party."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, and_, or_, select, text, true
from sqlalchemy.dialects.postgresql import distinct_on

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.adapters.queries import target_order
from slm_monitor.adapters.queries.customer_views import build_risk_condition
from slm_monitor.adapters.queries.read_tables import (
    BREACH,
    CLOCK,
    QUARANTINE,
    RISK,
    TARGET,
    WINDOW,
    build_party_condition,
)
from slm_monitor.adapters.queries.row_documents import build_breach_document, build_row_document
from slm_monitor.adapters.rows import staleness_rows
from slm_monitor.adapters.rows.record_marks import fetch_record_marks

_MOST_FINDINGS = 10_000

_COUNTS = """
SELECT target_id, state, count(*) FROM (
    SELECT target_id, state FROM clock WHERE target_id = ANY(:targets) AND NOT is_stint
    UNION ALL
    SELECT target_id, (array_agg(state ORDER BY array_position(
               ARRAY['breached', 'completed_late', 'running', 'paused', 'met', 'cancelled'], state)))[1]
      FROM clock WHERE target_id = ANY(:targets) AND is_stint GROUP BY target_id, ticket) AS one
 GROUP BY target_id, state
"""


@dataclass(frozen=True, slots=True)
class TargetSearch:
    """Conditions on a list of targets, in addition to the filters that compare a column with a value."""

    q: str | None = None
    """Only targets whose key or title contains this text"""
    party_id: str | None = None
    """Only targets that this party provides or receives"""


class TargetQueries:
    """Queries for targets and for their results: windows, breaches, warnings and clocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record_marks(self, agreement_ids: Collection[str]) -> dict[str, dict[str, str]]:
        """Return agreement id → mark of those agreements that are on record."""
        return await fetch_record_marks(self._database, agreement_ids)

    async def _rows(self, query: Select[Any] | TextClause) -> list[dict[str, Any]]:
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
        more: Sequence[ColumnElement[Any]] = (),
    ) -> list[dict[str, Any]]:
        columns = [source.c[name] for name in keys]
        beside = {each.name: each for each in more}
        wanted = [
            (beside[name] if name in beside else source.c[name]) == value
            for name, value in filters.items()
            if value is not None
        ]
        query = (
            select(source, *more)
            .where(
                build_party_condition(source, caller) if seen is None else seen,
                *wanted,
                page.beyond(*columns, descending=descending),
            )
            .order_by(*(each.desc() if descending else each for each in columns))
            .limit(page.fetch)
        )
        return await self._rows(query)

    async def breaches(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        rows = await self._page(BREACH, caller, page, ["certain_at", "breach_id"], filters, descending=True)
        return page.shape(rows, lambda row: [row["certain_at"], row["breach_id"]], build_breach_document)

    async def disclosed_windows(self, caller: Principal, target_ids: Sequence[str]) -> set[tuple[str, str]]:
        """Return (target, window) for each window with an open warning. Warnings that the caller may not see are
        ignored.
        """
        query = select(RISK.c.target_id, RISK.c.window_id).where(
            RISK.c.target_id.in_(target_ids), RISK.c.standing, build_risk_condition(caller, self._database.clock.now())
        )
        return {(row["target_id"], row["window_id"]) for row in await self._rows(query)}

    async def warnings_at(self, target_id: str, window_id: str, instant: int) -> list[dict[str, Any]]:
        """Return the warnings of a window that were open at an instant, the oldest first.

        The caller must be allowed to see the target.
        """
        stood = or_(RISK.c.cleared_at.is_(None), RISK.c.cleared_at > instant)
        query = (
            select(RISK)
            .where(RISK.c.target_id == target_id, RISK.c.window_id == window_id, RISK.c.opened_at <= instant, stood)
            .order_by(RISK.c.opened_at, RISK.c.risk_id)
        )
        return [build_breach_document(row) for row in await self._rows(query)]

    async def quarantine(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        seen = true() if caller.is_operator else QUARANTINE.c.owner_party_id == caller.party_id
        rows = await self._page(QUARANTINE, caller, page, ["quarantine_id"], filters, seen=seen)
        return page.shape(rows, lambda row: [row["quarantine_id"]], build_row_document)

    async def clocks(self, caller: Principal, page: Page, filters: Mapping[str, Any]) -> dict[str, Any]:
        keys = ["deadline_at", "target_id", "ticket", "ordinal"]
        rows = await self._page(CLOCK, caller, page, keys, filters)
        return page.shape(rows, lambda row: [row[key] for key in keys], build_row_document)

    async def targets(
        self, caller: Principal, page: Page, filters: Mapping[str, Any], search: TargetSearch | None = None
    ) -> list[dict[str, Any]]:
        seen = and_(build_party_condition(TARGET, caller), *_conditions_of(search))
        return await self._page(TARGET, caller, page, ["agreement_id", "key", "target_id"], filters, seen=seen)

    async def sorted_targets(
        self, caller: Principal, page: Page, filters: Mapping[str, Any], sort: str, search: TargetSearch
    ) -> list[dict[str, Any]]:
        """Return a page of targets, sorted by one of ``target_order.SORTS``, with the values that the sort compares."""
        ordered = target_order.build_target_sort_values_subquery(caller, self._database.clock.now())
        query, keys = target_order.select_sorted_targets(TARGET, ordered, sort)
        wanted = [TARGET.c[name] == value for name, value in filters.items() if value is not None]
        query = query.where(build_party_condition(TARGET, caller), *wanted, *_conditions_of(search), page.beyond(*keys))
        return await self._rows(query.order_by(*keys).limit(page.fetch))

    async def target(self, caller: Principal, target_id: str) -> dict[str, Any] | None:
        rows = await self._rows(
            select(TARGET).where(TARGET.c.target_id == target_id, build_party_condition(TARGET, caller))
        )
        return rows[0] if rows else None

    async def targets_of(self, target_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return target id → its row. The caller must be allowed to see these targets."""
        rows = await self._rows(select(TARGET).where(TARGET.c.target_id.in_(target_ids)))
        return {row["target_id"]: row for row in rows}

    async def windows_at(self, target_ids: Sequence[str], instant: int) -> dict[str, dict[str, Any]]:
        """Return target id → the last window that began at or before the instant. A target without such a window is
        left out.
        """
        query = (
            select(WINDOW)
            .where(WINDOW.c.target_id.in_(target_ids), WINDOW.c.start <= instant)
            .ext(distinct_on(WINDOW.c.target_id))
            .order_by(WINDOW.c.target_id, WINDOW.c.start.desc())
        )
        return {row["target_id"]: row for row in await self._rows(query)}

    async def closed_windows(self, target_ids: Sequence[str], since: int, until: int) -> dict[tuple[str, str], int]:
        """Return (target, window) → instant of closing, for windows that end after ``since`` and were closed by
        ``until``.
        """
        query = select(WINDOW.c.target_id, WINDOW.c.window_id, WINDOW.c.closed_at).where(
            WINDOW.c.target_id.in_(target_ids), WINDOW.c.end > since, WINDOW.c.closed_at <= until
        )
        return {(row["target_id"], row["window_id"]): row["closed_at"] for row in await self._rows(query)}

    async def is_window_closed(self, target_id: str, window_id: str) -> bool:
        """Whether a window was closed. False for a window that never closes or does not exist."""
        query = select(WINDOW.c.closed_at).where(WINDOW.c.target_id == target_id, WINDOW.c.window_id == window_id)
        return any(row["closed_at"] is not None for row in await self._rows(query))

    async def breaches_in(
        self, agreement_id: str, since: int, until: int, windows: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return, as documents of the API, the breaches in force that became certain in ``[since, until)``
        (microseconds UTC).

        A breach that became certain before ``since`` is returned, too, if its window is one of ``windows`` (ids) and it
        had not recovered by ``since``. The caller must be allowed to see the agreement.
        """
        goes_on = or_(BREACH.c.until.is_(None), BREACH.c.until > since)
        counts = or_(BREACH.c.certain_at >= since, and_(BREACH.c.window_id.in_(windows), goes_on))
        query = (
            select(BREACH)
            .where(BREACH.c.agreement_id == agreement_id, BREACH.c.certain_at < until, BREACH.c.standing, counts)
            .order_by(BREACH.c.certain_at, BREACH.c.breach_id)
            .limit(_MOST_FINDINGS)
        )
        return [build_breach_document(row) for row in await self._rows(query)]

    async def risks_in(self, agreement_id: str, since: int, until: int) -> list[dict[str, Any]]:
        """Return, as documents of the API, the warnings that opened in ``[since, until)`` (microseconds UTC).

        A warning that opened before ``since`` is returned, too, if it had not cleared by then. The caller must be
        allowed to see the agreement.
        """
        lasted = or_(RISK.c.opened_at >= since, RISK.c.cleared_at.is_(None), RISK.c.cleared_at > since)
        query = (
            select(RISK)
            .where(RISK.c.agreement_id == agreement_id, RISK.c.opened_at < until, lasted)
            .order_by(RISK.c.opened_at, RISK.c.risk_id)
            .limit(_MOST_FINDINGS)
        )
        return [build_breach_document(row) for row in await self._rows(query)]

    async def windows(
        self,
        target_id: str,
        page: Page,
        closed: bool | None = None,
        span: tuple[int | None, int | None] = (None, None),
        verdicts: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Return a page of the windows of a target, the newest first. The caller must be allowed to see the target.

        ``verdicts``: only windows with one of these verdicts. ``span``: only windows that begin between its two
        instants (µs; None: no bound). ``closed``: True for closed windows only, False for open ones only.
        """
        seen: list[ColumnElement[bool]] = [WINDOW.c.verdict.in_(verdicts)] if verdicts else []
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
            {"target_id": target_id},
            descending=True,
            seen=and_(true(), *seen),
        )
        return page.shape(rows, lambda row: [row["start"], row["window_id"]], build_row_document)

    async def clock_counts(self, target_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return target id → state → number of clocks.

        If a ticket has several stints, they count as one clock. Its state is the worst state among the stints.
        """
        counts: dict[str, dict[str, int]] = {}
        async with self._database.read() as connection:
            for target_id, state, count in await connection.execute(text(_COUNTS), {"targets": list(target_ids)}):
                counts.setdefault(target_id, {})[state] = count
        return counts

    async def last_heard(self, subjects: Sequence[str]) -> dict[str, int]:
        """Return indicator → the instant of its latest fact. Indicators without facts are left out."""
        if not subjects:
            return {}
        async with self._database.read() as connection:
            found = await connection.execute(
                text(staleness_rows.LATEST_DATA_OF_INDICATORS), {"subjects": sorted(set(subjects))}
            )
            return {row[0]: row[1] for row in found if row[1] is not None and row[1] > staleness_rows.NOTHING_YET}

    async def judged_positions(self) -> dict[tuple[str, int], int]:
        """Return (topic, partition) → the position in the log up to which all records have been evaluated.

        All timers that were due up to the last of these records have fired.
        """
        query = text("SELECT partition, figures_measurements, figures_tickets FROM judge_partition")
        reached: dict[tuple[str, int], int] = {}
        async with self._database.read() as connection:
            for partition, measurements, tickets in await connection.execute(query):
                reached[MEASUREMENTS.name, partition] = measurements
                reached[TICKETS.name, partition] = tickets
        return reached


_NOBODY = Principal("", None, "", frozenset())


def _conditions_of(search: TargetSearch | None) -> list[ColumnElement[bool]]:
    """Return the SQL conditions of a search; empty if it is None. Texts are compared without regard to case."""
    q, party_id = (search.q, search.party_id) if search else (None, None)
    conditions = []
    if q is not None:
        conditions.append(or_(TARGET.c.key.icontains(q, autoescape=True), TARGET.c.title.icontains(q, autoescape=True)))
    if party_id is not None:
        conditions.append(or_(TARGET.c.provider_party_id == party_id, TARGET.c.customer_party_id == party_id))
    return conditions
