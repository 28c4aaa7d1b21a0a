"""The agenda and the reports in PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from slm_chassis.database import Transaction
from slm_events import instants
from slm_report.adapters.tables import agenda, report
from slm_report.application.ports import Agenda, Stored

IMPATIENCE = 15
"""A stale report is looked at again after this many times the pause, however busy its agreement is."""


class SqlReports:
    """``application.ports.Reports`` inside a transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def mark_stale(self, agreement_id: str, since: int) -> None:
        now = func.clock_timestamp()
        statement = insert(agenda).values(agreement_id=agreement_id, stale_from=since, stale_since=now, touched_at=now)
        await self._transaction.execute(
            statement.on_conflict_do_update(
                index_elements=[agenda.c.agreement_id],
                set_={
                    "stale_from": func.least(agenda.c.stale_from, since),
                    "stale_since": func.coalesce(agenda.c.stale_since, now),
                    "touched_at": now,
                },
            )
        )

    async def lock_agenda(self, agreement_id: str) -> Agenda:
        await self._transaction.execute(insert(agenda).values(agreement_id=agreement_id).on_conflict_do_nothing())
        query = _agendas().where(agenda.c.agreement_id == agreement_id).with_for_update()
        return _agenda((await self._transaction.execute(query)).one())

    async def next_agenda(self, now: int, quiet_seconds: float) -> Agenda | None:
        clock = func.clock_timestamp()
        pause = literal(quiet_seconds) * text("interval '1 second'")
        quiet = and_(
            agenda.c.stale_from.is_not(None),
            or_(agenda.c.touched_at <= clock - pause, agenda.c.stale_since <= clock - pause * IMPATIENCE),
        )
        query = (
            _agendas()
            .where(or_(agenda.c.due_at <= now, quiet))
            .where(or_(agenda.c.not_before.is_(None), agenda.c.not_before <= clock))
            .order_by(agenda.c.stale_since.nulls_last())
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = (await self._transaction.execute(query)).one_or_none()
        return None if row is None else _agenda(row)

    async def settle_agenda(self, settled: Agenda) -> None:
        values: dict[str, Any] = {
            "stale_from": settled.stale_from,
            "settled_until": settled.settled_until,
            "due_at": settled.due_at,
            "not_before": None,
        }
        if settled.stale_from is None:
            values["stale_since"] = None
        await self._transaction.execute(
            update(agenda).where(agenda.c.agreement_id == settled.agreement_id).values(values)
        )

    async def postpone(self, agreement_id: str, seconds: float) -> None:
        later = func.clock_timestamp() + literal(seconds) * text("interval '1 second'")
        await self._transaction.execute(
            update(agenda).where(agenda.c.agreement_id == agreement_id).values(not_before=later)
        )

    async def newest(self, report_id: str, *, state: str | None = None) -> Stored | None:
        query = select(report).where(report.c.report_id == report_id).order_by(report.c.revision.desc()).limit(1)
        if state is not None:
            query = query.where(report.c.state == state)
        row = (await self._transaction.execute(query)).one_or_none()
        return None if row is None else stored(row)

    async def save(self, made: Stored) -> None:
        older = update(report).where(report.c.report_id == made.report_id, report.c.newest).values(newest=False)
        await self._transaction.execute(older)
        values = {
            "newest": True,
            "agreement_id": made.agreement_id,
            "provider_party_id": made.document["provider"]["party_id"],
            "customer_party_id": made.document["customer"]["party_id"],
            "period": made.period,
            "period_start_at": instants.from_text(made.document["period"]["start_at"]),
            "state": made.state,
            "verdict": made.verdict,
            "digest": made.digest,
            "document": made.document,
            "changes": made.changes,
            "built_at": made.built_at,
        }
        statement = insert(report).values(report_id=made.report_id, revision=made.revision, **values)
        await self._transaction.execute(
            statement.on_conflict_do_update(index_elements=["report_id", "revision"], set_=values)
        )


def stored(row: Any) -> Stored:
    """A row of the table ``report`` → the revision it keeps."""
    return Stored(
        report_id=row.report_id,
        revision=row.revision,
        agreement_id=row.agreement_id,
        period=row.period,
        state=row.state,
        verdict=row.verdict,
        digest=row.digest,
        document=row.document,
        changes=row.changes,
        built_at=row.built_at,
    )


def _agenda(row: Any) -> Agenda:
    return Agenda(row.agreement_id, row.stale_from, row.settled_until, row.due_at)


def _agendas() -> Any:
    return select(agenda.c.agreement_id, agenda.c.stale_from, agenda.c.settled_until, agenda.c.due_at)
