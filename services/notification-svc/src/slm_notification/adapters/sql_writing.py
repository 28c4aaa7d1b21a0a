"""The storage that claims due tickets of ticket writers, and that stores the results of attempts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import RowMapping, select, text

from slm_chassis.clock import SECOND, real_now
from slm_chassis.database import Database, Transaction
from slm_notification.adapters.sql_writers import SqlWriterLedger, writer_from_row
from slm_notification.adapters.writer_tables import ticket_writer
from slm_notification.domain.ticket_writers import HOUR, MOST_IN_AN_HOUR, DueWrite, WriteEnd, WriterClaim

# In random order, so that no writer comes last each time.
_LOCK_WRITERS = text("""
    SELECT writer_id FROM ticket_writer AS w
    WHERE state = 'active' AND (retry_at IS NULL OR retry_at <= :now)
        AND (leased_until IS NULL OR leased_until <= :now) AND EXISTS (
            SELECT 1 FROM ticket_write AS t WHERE t.writer_id = w.writer_id AND t.state = 'waiting' AND t.due_at <= :now
        )
    ORDER BY random() LIMIT :most
    FOR NO KEY UPDATE SKIP LOCKED
""")
_LEASE = text("UPDATE ticket_writer SET leased_until = :leased_until WHERE writer_id = :writer_id")
# ``written`` is null until the result is stored: if this process is killed, nobody knows what the tool has.
_CLAIM = text("""
    UPDATE ticket_write AS t
    SET written = NULL, last_attempt_at = :now, first_attempt_at = coalesce(first_attempt_at, :now)
    FROM (
        SELECT ticket FROM ticket_write
        WHERE writer_id = :writer_id AND state = 'waiting' AND due_at <= :now
        ORDER BY due_at, ticket LIMIT :most
    ) AS due
    WHERE t.writer_id = :writer_id AND t.ticket = due.ticket
    RETURNING t.ticket, CAST(t.wanted AS text) AS wanted, CAST(t.reference AS text) AS reference,
        t.attempts + 1 AS attempts, t.first_attempt_at
""")
_SECRET = text("SELECT secret FROM ticket_writer_credential WHERE writer_id = :writer_id")
_REFER = text("""
    UPDATE ticket_write SET reference = CAST(:reference AS jsonb) WHERE writer_id = :writer_id AND ticket = :ticket
""")
# The lease tells whether the writer is still this claim's: whoever changes a writer ends it.
_STILL = text("""
    SELECT failures FROM ticket_writer WHERE writer_id = :writer_id AND leased_until = :leased_until FOR NO KEY UPDATE
""")
_WORKS = text("""
    UPDATE ticket_writer SET failures = 0, failing_since = NULL, retry_at = NULL, problem = ''
    WHERE writer_id = :writer_id
""")
# Requests that were on their way together count as one failure, or the pause would grow with their number.
_FAILS = text("""
    UPDATE ticket_writer
    SET failures = failures + 1, failing_since = coalesce(failing_since, CAST(:claimed_at AS bigint)),
        retry_at = :hold_until, problem = :problem,
        state = CASE WHEN :now - failing_since >= :suspend_after THEN 'suspended' ELSE state END,
        state_reason = CASE WHEN :now - failing_since >= :suspend_after THEN :reason ELSE state_reason END,
        state_at = CASE WHEN :now - failing_since >= :suspend_after THEN :state_at ELSE state_at END,
        version = CASE WHEN :now - failing_since >= :suspend_after THEN version + 1 ELSE version END
    WHERE writer_id = :writer_id AND state IN ('active', 'paused')
        AND (retry_at IS NULL OR retry_at <= :claimed_at)
""")
# What is wanted may have changed since it was sent: then it is written next.
_WRITTEN = text("""
    UPDATE ticket_write AS t
    SET written = CAST(:sent AS jsonb), written_at = :now, status = :status, problem = '', excerpt = :excerpt,
        state = CASE WHEN wanted = CAST(:sent AS jsonb) THEN 'written' ELSE 'waiting' END, attempts = 0,
        first_attempt_at = NULL, hour_from = h.hour_from, hour_writes = h.hour_writes,
        due_at = CASE WHEN h.hour_writes >= :most_in_an_hour THEN h.hour_from + :hour ELSE due_at END
    FROM (
        SELECT CASE WHEN hour_from + :hour <= :now THEN :now ELSE hour_from END AS hour_from,
            CASE WHEN hour_from + :hour <= :now THEN 1 ELSE hour_writes + 1 END AS hour_writes
        FROM ticket_write WHERE writer_id = :writer_id AND ticket = :ticket FOR NO KEY UPDATE
    ) AS h
    WHERE t.writer_id = :writer_id AND t.ticket = :ticket
""")
_NOT_WRITTEN = text("""
    UPDATE ticket_write
    SET attempts = attempts + 1, status = :status, excerpt = :excerpt,
        state = CASE WHEN wanted = CAST(:sent AS jsonb) THEN :state ELSE state END, problem = :problem,
        due_at = CASE WHEN wanted = CAST(:sent AS jsonb) THEN :due_at ELSE due_at END,
        reference = CASE WHEN CAST(:status AS int) = 404 THEN NULL ELSE reference END
    WHERE writer_id = :writer_id AND ticket = :ticket
""")
_RELEASE = text("""
    UPDATE ticket_writer SET leased_until = NULL WHERE writer_id = :writer_id AND leased_until = :leased_until
""")
# A ticket's clocks are removed together: as long as one runs, what is known of the others counts.
_PRUNE = text("""
    DELETE FROM ticket_clock AS c
    WHERE NOT c.is_open AND c.stored_at < :before AND NOT EXISTS (
        SELECT 1 FROM ticket_clock AS o
        WHERE o.party_id = c.party_id AND o.source = c.source AND o.ticket = c.ticket
            AND (o.is_open OR o.stored_at >= :before)
    )
""")
_PRUNE_REST = (
    text("""
        DELETE FROM ticket_breach AS b WHERE b.stored_at < :before AND NOT EXISTS (
            SELECT 1 FROM ticket_clock AS c
            WHERE c.party_id = b.party_id AND c.source = b.source AND c.ticket = b.ticket
        )
    """),
    text("""
        DELETE FROM ticket_write AS w WHERE w.state <> 'waiting' AND w.last_attempt_at < :before AND NOT EXISTS (
            SELECT 1 FROM ticket_clock AS c
            WHERE c.party_id = w.party_id AND c.source = w.source AND c.ticket = w.ticket
        )
    """),
)
_SUSPENDED = "No request succeeded for a long time. What waits is written when the writer is active again."


class SqlWriterDesk:
    """The storage of writers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlWriterLedger]:
        """Open a transaction and yield its ledger; the changes commit at the end of the block."""
        async with self._database.begin() as transaction:
            yield SqlWriterLedger(transaction)

    async def claim(self, most: int, tickets: int, lease_seconds: float) -> Sequence[WriterClaim]:
        """Claim at most ``most`` writers with due tickets, and at most ``tickets`` tickets of each writer.

        If the requests of a writer fail, only one of its tickets is claimed. No other process claims these writers
        before ``lease_seconds`` have passed.
        """
        async with self._database.begin() as transaction:
            now = real_now()
            leased_until = now + int(lease_seconds * SECOND)
            locked = (await transaction.execute(_LOCK_WRITERS, {"now": now, "most": most})).scalars().all()
            statement = select(ticket_writer).where(ticket_writer.c.writer_id.in_(locked))
            claims = []
            for row in (await transaction.execute(statement)).mappings().all() if locked else ():
                one = {"writer_id": row["writer_id"]}
                await transaction.execute(_LEASE, {**one, "leased_until": leased_until})
                asked = {**one, "now": now, "most": 1 if row["failures"] else tickets}
                due = [_due(each) for each in (await transaction.execute(_CLAIM, asked)).mappings()]
                secret = str((await transaction.execute(_SECRET, one)).scalar_one())
                if due:
                    claims.append(WriterClaim(writer_from_row(row), secret, due, now, leased_until))
            return claims

    async def keep_references(self, claim: WriterClaim, found: Mapping[str, Mapping[str, str]]) -> None:
        """Store the tool's own ids of tickets: number → reference."""
        async with self._database.begin() as transaction:
            if found and await _is_still(transaction, claim):
                writer_id = claim.writer.writer_id
                rows = [
                    {"writer_id": writer_id, "ticket": ticket, "reference": json.dumps(found[ticket])}
                    for ticket in sorted(found)
                ]
                await transaction.execute(_REFER, rows)

    async def record(self, claim: WriterClaim, write: DueWrite, end: WriteEnd, suspend_after: int) -> None:
        """Store how an attempt ended, unless the writer was changed or claimed again since. The writer is suspended if
        it has failed for ``suspend_after`` microseconds without a success.
        """
        async with self._database.begin() as transaction:
            if not await _is_still(transaction, claim):
                return
            writer = {"writer_id": claim.writer.writer_id}
            if end.hold_until is not None:
                row = {
                    "now": real_now(),
                    "claimed_at": claim.claimed_at,
                    "hold_until": end.hold_until,
                    "problem": end.answer.problem,
                    "suspend_after": suspend_after,
                    "reason": _SUSPENDED,
                    "state_at": transaction.now,
                }
                await transaction.execute(_FAILS, {**writer, **row})
            elif claim.writer.failures:
                await transaction.execute(_WORKS, writer)
            answer = end.answer
            result = {
                **writer,
                "ticket": write.ticket,
                "sent": json.dumps(dict(write.wanted)),
                "status": answer.status,
                "excerpt": answer.excerpt,
            }
            if end.state == "written":
                limit = {"now": real_now(), "most_in_an_hour": MOST_IN_AN_HOUR, "hour": HOUR}
                await transaction.execute(_WRITTEN, {**result, **limit})
            else:
                failure = {"state": end.state, "problem": answer.problem, "due_at": end.due_at}
                await transaction.execute(_NOT_WRITTEN, {**result, **failure})

    async def release(self, claim: WriterClaim) -> None:
        """Give back a claim, so that the writer can be claimed again at once."""
        async with self._database.begin() as transaction:
            await transaction.execute(
                _RELEASE, {"writer_id": claim.writer.writer_id, "leased_until": claim.leased_until}
            )

    async def prune(self, keep_microseconds: int) -> int:
        """Remove the clocks, breaches and figures of each ticket whose clocks all ended more than ``keep_microseconds``
        ago. Return the number of clocks removed.
        """
        before = {"before": real_now() - keep_microseconds}
        async with self._database.begin() as transaction:
            removed = (await transaction.execute(_PRUNE, before)).rowcount
            for statement in _PRUNE_REST:
                await transaction.execute(statement, before)
            return removed


def _due(row: RowMapping) -> DueWrite:
    reference = row["reference"]
    return DueWrite(
        ticket=row["ticket"],
        wanted=json.loads(row["wanted"]),
        reference=None if reference is None else json.loads(reference),
        attempts=row["attempts"],
        first_attempt_at=row["first_attempt_at"],
    )


async def _is_still(transaction: Transaction, claim: WriterClaim) -> bool:
    """Whether the claim still belongs to this process. The writer is locked until the transaction ends."""
    row = {"writer_id": claim.writer.writer_id, "leased_until": claim.leased_until}
    return (await transaction.execute(_STILL, row)).first() is not None
