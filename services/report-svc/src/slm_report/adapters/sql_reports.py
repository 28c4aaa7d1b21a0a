"""Reports in PostgreSQL, and the agenda of each agreement: which of its reports must be published or rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Select, and_, exists, func, literal, not_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from slm_chassis.database import Transaction
from slm_chassis.lag import ConsumerPosition
from slm_events import instants
from slm_report.adapters.tables import agenda, catch_up_heard, import_heard, report
from slm_report.application.ports import Agenda, StoredReport

IMPATIENCE = 60
"""A stale report waits at most this many times the pause ``quiet_seconds``. Then it is rebuilt even if its agreement
keeps getting events.
"""


PATIENCE = timedelta(hours=1)
"""How long (real time) reports wait for the evaluation of a signed version's past. monitor-svc may be down, or unable
to evaluate these terms.
"""

_MARK_STALE = """
INSERT INTO agenda AS kept (agreement_id, stale_from, stale_since, touched_at)
SELECT agreement_id, since, clock_timestamp(), clock_timestamp()
FROM unnest($1::text[], $2::bigint[]) AS row (agreement_id, since)
ON CONFLICT (agreement_id) DO UPDATE SET
    stale_from = least(kept.stale_from, excluded.stale_from),
    stale_since = coalesce(kept.stale_since, excluded.stale_since),
    touched_at = excluded.touched_at
WHERE kept.settled_until IS NULL OR excluded.stale_from < kept.settled_until
"""
"""The statement that marks reports as stale. An event about a period that is not due yet marks none, because the event
is read when the period is due.
"""


class SqlReports:
    """The reports and agendas in PostgreSQL within one transaction; implements ``application.ports.Reports``."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def mark_stale(self, since: Mapping[str, int]) -> None:
        """Mark reports as stale.

        ``since`` maps agreement ids to instants (microseconds UTC): reports of periods that end after the instant are
        affected.
        """
        if since:
            # Sorted, to prevent deadlocks between two members.
            agreements = sorted(since)
            driver = await self._transaction.driver()
            await driver.execute(_MARK_STALE, agreements, [since[agreement_id] for agreement_id in agreements])

    async def lock_agenda(self, agreement_id: str, heard: ConsumerPosition, quiet_seconds: float) -> Agenda:
        """Lock the agreement's agenda and return it. An agenda is created if there is none."""
        await self._transaction.execute(insert(agenda).values(agreement_id=agreement_id).on_conflict_do_nothing())
        query = _agendas(heard, quiet_seconds).where(agenda.c.agreement_id == agreement_id).with_for_update(of=agenda)
        return _agenda((await self._transaction.execute(query)).one())

    async def next_agenda(self, heard: ConsumerPosition, quiet_seconds: float) -> Agenda | None:
        """Lock and return one agenda that is due or stale and need not wait; None if there is none."""
        query = (
            _agendas(heard, quiet_seconds)
            .where(or_(agenda.c.due_at <= heard.until_at, agenda.c.stale_from.is_not(None)))
            .where(_quiet(heard, quiet_seconds), not_(_importing()))
            .where(or_(agenda.c.not_before.is_(None), agenda.c.not_before <= func.clock_timestamp()))
            .order_by(agenda.c.stale_since.nulls_last())
            .limit(1)
            .with_for_update(of=agenda, skip_locked=True)
        )
        row = (await self._transaction.execute(query)).one_or_none()
        return None if row is None else _agenda(row)

    async def settle_agenda(self, settled: Agenda) -> None:
        """Store an agenda after its reports have been written."""
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
        """Leave an agreement's agenda out of ``next_agenda`` for some seconds."""
        later = func.clock_timestamp() + literal(seconds) * text("interval '1 second'")
        await self._transaction.execute(
            update(agenda).where(agenda.c.agreement_id == agreement_id).values(not_before=later)
        )

    async def newest(self, report_id: str, *, state: str | None = None) -> StoredReport | None:
        """Return the newest revision of a report, optionally in one state; None if there is none."""
        query = select(report).where(report.c.report_id == report_id).order_by(report.c.revision.desc()).limit(1)
        if state is not None:
            query = query.where(report.c.state == state)
        row = (await self._transaction.execute(query)).one_or_none()
        return None if row is None else stored_report_of(row)

    async def save(self, made: StoredReport) -> None:
        """Store a revision of a report and mark it as the newest. A revision with the same number is replaced."""
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
            "figures": made.figures,
        }
        statement = insert(report).values(report_id=made.report_id, revision=made.revision, **values)
        await self._transaction.execute(
            statement.on_conflict_do_update(index_elements=["report_id", "revision"], set_=values)
        )


def stored_report_of(row: Any) -> StoredReport:
    """Return the report revision that a database row holds."""
    return StoredReport(
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
        figures=row.figures,
    )


def _agenda(row: Any) -> Agenda:
    return Agenda(row.agreement_id, row.stale_from, row.settled_until, row.due_at, row.importing, row.quiet)


def _agendas(heard: ConsumerPosition, quiet_seconds: float) -> Select[Any]:
    columns = (agenda.c.agreement_id, agenda.c.stale_from, agenda.c.settled_until, agenda.c.due_at)
    return select(*columns, _importing().label("importing"), _quiet(heard, quiet_seconds).label("quiet"))


def import_is_incomplete(agreement_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Return the SQL condition that some events of an import that affects the agreement have not been received yet."""
    partly = or_(import_heard.c.expected.is_(None), import_heard.c.breach_events < import_heard.c.expected)
    return and_(import_heard.c.agreement_id == agreement_id, partly)


def catch_up_is_incomplete(agreement_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Return the SQL condition that reports must wait for the evaluation of a signed version's past: some of its events
    have not been received yet, and the wait has lasted less than ``PATIENCE``.
    """
    partly = or_(catch_up_heard.c.expected.is_(None), catch_up_heard.c.breach_events < catch_up_heard.c.expected)
    is_young = catch_up_heard.c.since > func.clock_timestamp() - PATIENCE
    return and_(catch_up_heard.c.agreement_id == agreement_id, partly, is_young)


def _importing() -> ColumnElement[bool]:
    """Return the SQL condition that events of an import or of the evaluation of a signed version's past are missing."""
    agreement_id = agenda.c.agreement_id
    return or_(exists().where(import_is_incomplete(agreement_id)), exists().where(catch_up_is_incomplete(agreement_id)))


def _quiet(heard: ConsumerPosition, quiet_seconds: float) -> ColumnElement[bool]:
    """Return the SQL condition that the agreement's reports can be rebuilt now. It is true in two cases:

    - No event has affected the reports for ``quiet_seconds``.
    - A report has been stale for ``IMPATIENCE × quiet_seconds``.

    Both times are counted back from the instant up to which this service has received all events.
    """
    until = literal(heard.until_on_server, DateTime(timezone=True))
    pause = literal(quiet_seconds) * text("interval '1 second'")
    return func.coalesce(
        or_(agenda.c.touched_at <= until - pause, agenda.c.stale_since <= until - pause * IMPATIENCE),
        agenda.c.touched_at.is_(None),
    )
