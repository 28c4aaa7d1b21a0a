"""The storage of ticket writers, which write due dates and breaches into the tickets of other tools.

It holds the writers, the clocks of tickets, and the figures that the writers have yet to write.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import RowMapping, Text, any_, delete, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY

from slm_chassis.clock import real_now
from slm_chassis.database import Transaction
from slm_chassis.sql_ledger import SqlLedgerOfTransaction, upsert
from slm_notification.adapters.writer_tables import (
    ticket_breach,
    ticket_clock,
    ticket_write,
    ticket_writer,
    ticket_writer_credential,
)
from slm_notification.application.writing_ports import HeardBreach, HeardClock, TicketKey
from slm_notification.domain.ticket_figures import OPEN, KnownClock
from slm_notification.domain.ticket_writers import HOUR, MOST_IN_AN_HOUR, TicketWriter, WriterCredential

_SUBJECT = "ticket writers"
_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:subject, 0))")
_CLOCKS = text("""
    SELECT c.ticket, c.target_id, c.clock, c.state, c.deadline_at, EXISTS (
        SELECT 1 FROM ticket_breach AS b
        WHERE b.party_id = c.party_id AND b.source = c.source AND b.ticket = c.ticket AND b.target_id = c.target_id
            AND b.ordinal = c.ordinal AND b.stands
    ) AS is_breached
    FROM ticket_clock AS c
    WHERE c.party_id = :party_id AND c.source = :source AND c.ticket = ANY(CAST(:tickets AS text[]))
    ORDER BY c.ticket, c.target_id, c.ordinal
""")
# The figures of a ticket that has them already are not written again. While an attempt is open, ``written`` is null, so
# that a change back to the figures of before is written, too.
_WANT = text("""
    INSERT INTO ticket_write AS w (writer_id, ticket, party_id, source, wanted, state, attempts, changed_at, due_at,
        hour_from, hour_writes, problem, excerpt)
    VALUES (:writer_id, :ticket, :party_id, :source, CAST(:wanted AS jsonb), 'waiting', 0, :changed_at, :due_at,
        0, 0, '', '')
    ON CONFLICT (writer_id, ticket) DO UPDATE
    SET wanted = excluded.wanted, changed_at = excluded.changed_at, attempts = 0, first_attempt_at = NULL, problem = '',
        state = CASE WHEN w.written = excluded.wanted THEN 'written' ELSE 'waiting' END,
        due_at = greatest(excluded.due_at, CASE WHEN w.hour_writes >= :most_in_an_hour THEN w.hour_from + :hour END)
    WHERE w.wanted <> excluded.wanted
""")


class SqlWriterLedger(SqlLedgerOfTransaction):
    """The storage within one transaction."""

    async def begin_hearing(self) -> None:
        """Let nobody make or change a writer before this transaction ends. Others may store events meanwhile."""
        await self._transaction.execute(_SHARED, {"subject": _SUBJECT})

    async def begin_changing(self) -> None:
        """Let no other transaction store events, or make or change a writer, before this transaction ends."""
        await self.lock(_SUBJECT)

    async def put_clocks(self, clocks: Collection[HeardClock]) -> None:
        """Insert clocks or replace them."""
        stored_at = real_now()
        rows = [{**asdict(each), "is_open": each.state in OPEN, "stored_at": stored_at} for each in clocks]
        if rows:
            await self._transaction.execute(upsert(ticket_clock), rows)

    async def put_breaches(self, breaches: Collection[HeardBreach]) -> None:
        """Store breaches that are not withdrawn: insert them, or undo their withdrawal."""
        stored_at = real_now()
        rows = [{**asdict(each), "stands": True, "stored_at": stored_at} for each in breaches]
        if rows:
            await self._transaction.execute(upsert(ticket_breach), rows)

    async def withdraw_breaches(self, breach_ids: Collection[str]) -> Sequence[TicketKey]:
        """Store that breaches are withdrawn. Return the tickets of those of them that this service has stored."""
        if not breach_ids:
            return []
        table = ticket_breach
        statement = (
            update(table)
            .where(table.c.breach_id == any_(literal(list(breach_ids), ARRAY(Text))))
            .values(stands=False)
            .returning(table.c.party_id, table.c.source, table.c.ticket)
        )
        rows = await self._transaction.execute(statement)
        return [(row.party_id, row.source, row.ticket) for row in rows]

    async def writers_of(self, sources: Collection[tuple[str, str]]) -> Sequence[TicketWriter]:
        """Return the writers of these (party id, source), locked until this transaction ends.

        The lock keeps two transactions with events about one ticket apart: the later one sees the clocks that the
        earlier one stored.
        """
        if not sources:
            return []
        table = ticket_writer
        statement = (
            select(table)
            .where(tuple_(table.c.party_id, table.c.source).in_(list(sources)))
            .order_by(table.c.writer_id)
            .with_for_update(key_share=True)
        )
        return [writer_from_row(row) for row in (await self._transaction.execute(statement)).mappings()]

    async def clocks_of(
        self, party_id: str, source: str, tickets: Collection[str]
    ) -> Mapping[str, Sequence[KnownClock]]:
        """Return number → clocks of these tickets."""
        found: dict[str, list[KnownClock]] = defaultdict(list)
        asked = {"party_id": party_id, "source": source, "tickets": list(tickets)}
        for row in (await self._transaction.execute(_CLOCKS, asked)).mappings():
            found[row["ticket"]].append(KnownClock(**{name: value for name, value in row.items() if name != "ticket"}))
        return dict(found)

    async def open_tickets(self, party_id: str, source: str) -> Sequence[str]:
        """Return the numbers of a source's tickets that have a clock that has not ended."""
        table = ticket_clock
        statement = (
            select(table.c.ticket)
            .where(table.c.party_id == party_id, table.c.source == source, table.c.is_open)
            .distinct()
        )
        return list((await self._transaction.execute(statement)).scalars())

    async def known_writes(self, writer_id: str, tickets: Collection[str]) -> set[str]:
        """Return those of ``tickets`` that the writer has written or has yet to write."""
        table = ticket_write
        statement = select(table.c.ticket).where(
            table.c.writer_id == writer_id, table.c.ticket == any_(literal(list(tickets), ARRAY(Text)))
        )
        return set((await self._transaction.execute(statement)).scalars())

    async def want(self, writer: TicketWriter, wanted: Mapping[str, Mapping[str, Any]], due_at: int) -> None:
        """Store the figures to write. ``wanted``: ticket number → figures.

        They are due at ``due_at`` (real time). A ticket that has these figures already does not change.
        """
        same = {
            "writer_id": writer.writer_id,
            "party_id": writer.party_id,
            "source": writer.source,
            "changed_at": self.now,
            "due_at": due_at,
            "most_in_an_hour": MOST_IN_AN_HOUR,
            "hour": HOUR,
        }
        rows = [{**same, "ticket": ticket, "wanted": json.dumps(wanted[ticket])} for ticket in sorted(wanted)]
        if rows:
            await self._transaction.execute(_WANT, rows)

    async def writer(self, writer_id: str) -> TicketWriter | None:
        """Return the writer with this id, locked against changes; None if there is none."""
        statement = select(ticket_writer).where(ticket_writer.c.writer_id == writer_id)
        rows = await self._transaction.execute(statement.with_for_update(key_share=True))
        row = rows.mappings().one_or_none()
        return None if row is None else writer_from_row(row)

    async def count_writers(self, party_id: str) -> int:
        """Return how many writers a party has."""
        statement = select(func.count()).where(ticket_writer.c.party_id == party_id)
        return int((await self._transaction.execute(statement)).scalar_one())

    async def put_writer(self, writer: TicketWriter) -> None:
        """Insert the writer, or replace the writer with its id.

        If attempts of the writer are under way, their results are not stored later.
        """
        await self._transaction.execute(upsert(ticket_writer), [{**asdict(writer), "leased_until": None}])

    async def put_credential(self, credential: WriterCredential) -> None:
        """Insert or replace the token or password of a writer."""
        await self._transaction.execute(upsert(ticket_writer_credential), [asdict(credential)])

    async def credential(self, writer_id: str) -> WriterCredential:
        """Return the token or password of a writer."""
        table = ticket_writer_credential
        statement = select(table).where(table.c.writer_id == writer_id)
        return WriterCredential(**(await self._transaction.execute(statement)).mappings().one())

    async def remove_writer(self, writer_id: str) -> None:
        """Remove a writer with its credential, and the tickets that it has yet to write."""
        for table in (ticket_writer, ticket_writer_credential, ticket_write):
            await self._transaction.execute(delete(table).where(table.c.writer_id == writer_id))

    async def forget_writes(self, writer_id: str) -> None:
        """Forget what a writer has written and was to write."""
        await self._transaction.execute(delete(ticket_write).where(ticket_write.c.writer_id == writer_id))

    async def repeat_writes(self, writer_id: str, due_at: int, *, is_all: bool) -> int:
        """Let the waiting tickets of a writer be due at ``due_at`` (real time); if ``is_all``, also the tickets that
        were written or given up. Return the number of tickets.
        """
        table = ticket_write
        statement = update(table).where(table.c.writer_id == writer_id)
        if is_all:
            statement = statement.values(state="waiting", written=None)
        else:
            statement = statement.where(table.c.state == "waiting")
        again = {"due_at": due_at, "attempts": 0, "first_attempt_at": None, "problem": ""}
        return (await self._transaction.execute(statement.values(**again))).rowcount


def writer_ledger_of(transaction: Transaction) -> SqlWriterLedger:
    """Return the ledger of a transaction that the caller has begun."""
    return SqlWriterLedger(transaction)


def writer_from_row(row: RowMapping) -> TicketWriter:
    """Return the writer in a row of ``ticket_writer``."""
    return TicketWriter(**{each.name: row[each.name] for each in fields(TicketWriter)})
