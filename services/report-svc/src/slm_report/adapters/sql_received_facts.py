"""Received facts in PostgreSQL: every fact is stored under its id, so that receiving it twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Table, Text, any_, bindparam, select

from slm_chassis import bulk
from slm_chassis.database import Transaction
from slm_events import instants
from slm_events.agreement import AgreementFinalized, AgreementLifeEvent, AgreementRecorded, AgreementTerms
from slm_events.catalogue import BY_TYPE
from slm_events.clocks import TicketClockEvent
from slm_events.envelope import from_json, type_of
from slm_report.adapters import fact_queries, tables
from slm_report.application.receiving import Batch
from slm_report.domain.facts import Facts, calendar_end_of
from slm_report.domain.periods import Period


@dataclass(frozen=True, slots=True)
class _StoredKind:
    """How one kind of event is stored.

    ``events`` takes these events from a batch. ``row`` makes a row of one event. The rows go into ``table``.
    """

    events: Callable[[Batch], Sequence[Any]]
    table: Table
    row: Callable[[Any], dict[str, Any]]
    newer: tuple[str, str] | None = None
    """Which of two events about the same thing is newer: (column of the stored event, field of the event to compare).
    If it is None, the event that was received later is newer.
    """

    def rows(self, batch: Batch) -> list[Mapping[str, Any]]:
        """Return the rows to store. Of several events about the same thing, only the newest has a row."""
        events = self.events(batch)
        if not events:
            return []
        order = [getattr(event, self.newer[1]) if self.newer else 0 for event in events]
        return bulk.newest_rows(map(self.row, events), self.table, order)


def _turn(event: AgreementTerms | AgreementLifeEvent) -> dict[str, Any]:
    return {"agreement_id": event.agreement_id, "version": event.version}


def _terms(stored: dict[str, Any]) -> AgreementTerms:
    event = AgreementRecorded if "recorded_by_party_id" in stored else AgreementFinalized
    terms: AgreementTerms = from_json(event, stored)
    return terms


def _instant(text: str) -> int:
    return instants.from_text(text)


_KEPT = (
    _StoredKind(lambda b: b.versions, tables.agreement_version, lambda e: _turn(e) | {"finalized": bulk.to_json(e)}),
    _StoredKind(
        lambda b: b.ends, tables.agreement_end, lambda e: _turn(e) | {"type": type_of(e), "event": bulk.to_json(e)}
    ),
    _StoredKind(
        lambda b: b.windows,
        tables.target_window,
        lambda e: {
            "agreement_id": e.agreement_id,
            "target_id": e.target_id,
            "window_id": e.window_id,
            "revision": e.revision,
            "end_at": _instant(e.window_end_at or e.closed_at),
            "type": type_of(e),
            "event": bulk.to_json(e),
        },
    ),
    _StoredKind(
        lambda b: b.breaches,
        tables.breach,
        lambda e: {
            "breach_id": e.breach_id,
            "agreement_id": e.agreement_id,
            "certain_at": _instant(e.certain_at),
            "calendar_end_at": calendar_end_of(e),
            "breached": bulk.to_json(e),
        },
        ("breached", "revision"),
    ),
    _StoredKind(
        lambda b: b.withdrawals,
        tables.breach,
        lambda e: {"breach_id": e.breach_id, "agreement_id": e.agreement_id, "withdrawn": bulk.to_json(e)},
        ("withdrawn", "revision"),
    ),
    _StoredKind(
        lambda b: b.recoveries,
        tables.breach,
        lambda e: {
            "breach_id": e.breach_id,
            "agreement_id": e.agreement_id,
            "recovered_at": _instant(e.recovered_at),
            "recovered": bulk.to_json(e),
        },
        ("recovered", "published_at"),
    ),
    _StoredKind(
        lambda b: b.risks,
        tables.risk,
        lambda e: {
            "risk_id": e.risk_id,
            "agreement_id": e.agreement_id,
            "raised_at": _instant(e.at),
            "raised": bulk.to_json(e),
        },
        ("raised", "published_at"),
    ),
    _StoredKind(
        lambda b: b.clearings,
        tables.risk,
        lambda e: {
            "risk_id": e.risk_id,
            "agreement_id": e.agreement_id,
            "cleared_at": _instant(e.at),
            "cleared": bulk.to_json(e),
        },
        ("cleared", "published_at"),
    ),
    _StoredKind(
        lambda b: b.clocks,
        tables.ticket_clock,
        lambda e: {
            "target_id": e.target_id,
            "source": e.source,
            "ticket": e.ticket,
            "agreement_id": e.agreement_id,
            "stopped_at": _instant(e.at),
            "stopped": bulk.to_json(e),
        },
        ("stopped", "published_at"),
    ),
    _StoredKind(
        lambda b: b.plans,
        tables.action_plan,
        lambda e: {
            "plan_id": e.plan_id,
            "agreement_id": e.agreement_id,
            "risk_id": e.risk_id,
            "opened": bulk.to_json(e),
        },
    ),
    _StoredKind(
        lambda b: b.plan_ends,
        tables.action_plan,
        lambda e: {
            "plan_id": e.plan_id,
            "agreement_id": e.agreement_id,
            "risk_id": e.risk_id,
            "ended": bulk.to_json(e),
        },
    ),
    _StoredKind(
        lambda b: b.actions,
        tables.improvement_action,
        lambda e: {
            "action_id": e.action_id,
            "agreement_id": e.agreement_id,
            "opened_at": _instant(e.opened_at),
            "opened": bulk.to_json(e),
        },
    ),
    _StoredKind(
        lambda b: b.completions,
        tables.improvement_action,
        lambda e: {
            "action_id": e.action_id,
            "agreement_id": e.agreement_id,
            "completed_at": _instant(e.completed_at),
            "completed": bulk.to_json(e),
        },
    ),
    _StoredKind(
        lambda b: b.decisions,
        tables.exclusion,
        lambda e: {"exclusion_id": e.exclusion_id, "agreement_id": e.agreement_id, "decided": bulk.to_json(e)},
        ("decided", "decided_at"),
    ),
    _StoredKind(
        lambda b: b.revocations,
        tables.exclusion,
        lambda e: {"exclusion_id": e.exclusion_id, "agreement_id": e.agreement_id, "revoked": bulk.to_json(e)},
        ("revoked", "revoked_at"),
    ),
)


_COUNT_IMPORTED = """
INSERT INTO import_heard AS kept (agreement_id, import_id, breach_events, expected)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::int[])
ON CONFLICT (agreement_id, import_id) DO UPDATE SET
    breach_events = kept.breach_events + excluded.breach_events,
    expected = coalesce(excluded.expected, kept.expected)
"""


_COUNT_CAUGHT_UP = """
INSERT INTO catch_up_heard AS kept (agreement_id, version, breach_events, expected, since)
SELECT *, clock_timestamp() FROM unnest($1::text[], $2::int[], $3::int[], $4::int[])
ON CONFLICT (agreement_id, version) DO UPDATE SET
    breach_events = kept.breach_events + excluded.breach_events,
    expected = coalesce(excluded.expected, kept.expected)
"""


class SqlReceivedFacts:
    """The received facts in PostgreSQL within one transaction; implements ``application.ports.ReceivedFacts``."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def keep(self, batch: Batch) -> None:
        """Store a batch of events. If there are several events about the same thing, only the newest is kept."""
        for kept in _KEPT:
            await bulk.upsert(self._transaction, kept.table, kept.rows(batch), newer=kept.newer)
        imports = {(event.agreement_id, event.import_id): event.breach_events for event in batch.imports}
        await self._count(_COUNT_IMPORTED, batch.imported, imports)
        versions = {(event.agreement_id, event.agreement_version): event.breach_events for event in batch.caught_up}
        await self._count(_COUNT_CAUGHT_UP, batch.catching_up, versions)

    async def _count(
        self, statement: str, heard: Mapping[tuple[str, Any], int], expected: Mapping[tuple[str, Any], int]
    ) -> None:
        """Add new breach events to the stored counts, and store the final counts where they are known.

        Both maps have keys (agreement id, id of an import or number of a signed version). ``heard`` has the number of
        new events, ``expected`` the final count. ``statement`` stores both.
        """
        keys = sorted(heard.keys() | expected.keys())
        if keys:
            driver = await self._transaction.driver()
            await driver.execute(
                statement,
                [agreement_id for agreement_id, _ in keys],
                [identity for _, identity in keys],
                [heard.get(key, 0) for key in keys],
                [expected.get(key) for key in keys],
            )

    async def earlier_stops(self, clocks: Sequence[TicketClockEvent]) -> list[tuple[str, int]]:
        """Return (agreement id, instant in microseconds UTC) of the last stored change of every given clock."""
        if not clocks:
            return []
        rows = await (await self._transaction.driver()).fetch(
            "SELECT kept.agreement_id, kept.stopped_at FROM ticket_clock AS kept"
            " JOIN unnest($1::text[], $2::text[], $3::text[]) AS row (target_id, source, ticket)"
            " USING (target_id, source, ticket)",
            [clock.target_id for clock in clocks],
            [clock.source for clock in clocks],
            [clock.ticket for clock in clocks],
        )
        return [(row["agreement_id"], row["stopped_at"]) for row in rows]

    async def certain_at(self, breach_ids: Sequence[str]) -> dict[str, int]:
        """Return breach id → when the breach was certain, microseconds UTC. Breaches that were not received are left
        out.
        """
        if not breach_ids:
            return {}
        rows = tables.breach
        given = bindparam("ids", list(breach_ids), ARRAY(Text))
        query = select(rows.c.breach_id, rows.c.certain_at).where(rows.c.breach_id == any_(given))
        found = await self._transaction.execute(query)
        return {row.breach_id: row.certain_at for row in found if row.certain_at is not None}

    async def versions(self, agreement_id: str) -> list[AgreementTerms]:
        """Return the versions of an agreement that were signed or put on record, in ascending order."""
        rows = tables.agreement_version
        query = select(rows.c.finalized).where(rows.c.agreement_id == agreement_id).order_by(rows.c.version)
        return [_terms(row) for row in (await self._transaction.execute(query)).scalars()]

    async def ends(self, agreement_id: str) -> list[AgreementLifeEvent]:
        """Return the events that ended versions of an agreement, in the order of the versions."""
        rows = tables.agreement_end
        query = select(rows.c.type, rows.c.event).where(rows.c.agreement_id == agreement_id)
        found = await self._transaction.execute(query.order_by(rows.c.version, rows.c.type))
        return [from_json(BY_TYPE[row.type].event, row.event) for row in found]

    async def facts(self, agreement_id: str, period: Period, trend_windows: int) -> Facts:
        """Return the received facts that can matter to the period's report."""
        return await fact_queries.read_facts(self._transaction, agreement_id, period, trend_windows)
