"""Queries of the record of facts in PostgreSQL: of facts in segments, and of recent facts not yet in segments."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg
import numpy as np

from slm_calendar.intervals import Interval
from slm_chassis.database import Database
from slm_chassis.log.partitioner import partition_of
from slm_events.instants import to_text
from slm_monitor.adapters.formats import column_codec
from slm_monitor.adapters.rows import counter_rows, partition_rows, ticket_rows, ticket_terms
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.application.history.closed_tickets import ClosedTicket
from slm_monitor.application.history.fact_history import NOTHING
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion
from slm_monitor.domain.facts.facts import HOUR, Fact, MeasuredValues, concatenate_value_batches, parse_series_indicator
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.facts.ticket_events import DELETED_EVENTS_KEY

_EVER = 2**62
LATEST = 253_402_300_799_000_000
_SINGLE = """
SELECT subject, key, at, body, revision, recorded_at FROM fact
 WHERE subject = $1 AND at >= $2 AND at < $3 AND received_at <= $4
UNION ALL
SELECT subject, key, at, body, revision, recorded_at FROM fact_superseded
 WHERE subject = $1 AND at >= $2 AND at < $3 AND received_at <= $4 AND superseded_at > $4
"""
# One statement, so one snapshot: rows that a checkpoint moves from the blobs to the segments at the same time are read
# once. ``received_at`` of a segment is the receipt of its first row; later rows are left out on decoding.
_VALUES = """
SELECT subject, data FROM fact_segment
 WHERE subject IN (SELECT $1 UNION SELECT subject FROM series_state WHERE indicator = $1)
   AND hour >= $2 AND hour <= $3 AND received_at <= $4
UNION ALL
SELECT NULL, data FROM fact_blob WHERE partition = $5 AND received_at <= $4
"""
# One statement for the same reason as _VALUES. The series of an indicator are those of all its labels.
_FIRST = """
SELECT (SELECT min(at) FROM fact WHERE subject = $1),
       (SELECT min(hour) FROM fact_segment
         WHERE subject IN (SELECT $1 UNION SELECT subject FROM series_state WHERE indicator = $1)),
       ARRAY(SELECT data FROM fact_blob WHERE partition = $2)
"""
_EXCLUSIONS = """
SELECT * FROM exclusion
 WHERE agreement_id = $1 AND state IN ('approved', 'revoked') AND decided_at <= $2
   AND (revoked_at IS NULL OR revoked_at > $2)
 ORDER BY exclusion_id
"""
_OVERTURNED = """
SELECT breach_id FROM dispute WHERE breach_id = ANY($1) AND state = 'upheld' AND decided ->> 'decided_at' <= $2
"""
_OVERTURNED_RUNS = """
SELECT DISTINCT breach.level FROM breach JOIN dispute USING (breach_id)
 WHERE breach.target_id = $1 AND breach.window_id = $2 AND ordinal <= $3 AND (until IS NULL OR until > $3 * 60000000)
   AND dispute.state = 'upheld' AND decided ->> 'decided_at' <= $4
"""
_CHANGED = """
SELECT subject FROM ticket
 WHERE owner_party_id = $1 AND EXISTS (SELECT FROM fact WHERE fact.subject = ticket.subject AND received_at > $2)
   AND NOT EXISTS (SELECT FROM fact WHERE fact.subject = ticket.subject AND key = $3)
"""
_ACCEPTED = """
SELECT accepted_at FROM window_acceptance JOIN target_window USING (target_id, window_id, revision)
 WHERE target_id = $1 AND window_id = $2 AND closed_at IS NOT NULL
"""
_OF_TICKETS = """
SELECT subject, key, at, body, revision, recorded_at FROM fact
 WHERE subject = ANY($1) AND received_at <= $2
UNION ALL
SELECT subject, key, at, body, revision, recorded_at FROM fact_superseded
 WHERE subject = ANY($1) AND received_at <= $2 AND superseded_at > $2
"""
_PAGE_OF_TICKETS = """
SELECT subject FROM ticket
 WHERE owner_party_id = $1 AND subject > $2
   AND EXISTS (SELECT FROM fact WHERE fact.subject = ticket.subject AND at < $3)
   AND NOT EXISTS (SELECT FROM fact WHERE fact.subject = ticket.subject AND key = $5)
 ORDER BY subject LIMIT $4
"""
_PAGE_OF_OPENED_TICKETS = """
SELECT subject FROM ticket
 WHERE owner_party_id = $1 AND subject > $2 AND opened_at >= $3 AND opened_at < $4
   AND NOT EXISTS (SELECT FROM fact WHERE fact.subject = ticket.subject AND key = $6)
 ORDER BY subject LIMIT $5
"""
_TICKETS = f"""
SELECT ticket, max(ended_at), bool_and(is_met) FROM ({ticket_rows.ENDED_CLOCKS}) AS ended
 WHERE ended_at >= $3 AND ended_at < $4 AND ended_at <= $2
 GROUP BY ticket ORDER BY ticket
"""


class SqlHistory:
    """Queries of the record of facts. One object may be shared by all users of a process."""

    def __init__(self, database: Database, store: SqlEvaluationStore, partitions: int) -> None:
        self._database = database
        self._store = store
        self._partitions = partitions

    async def agreement(self, agreement_id: str) -> AgreementTerms:
        return await self._store.agreement(agreement_id)

    async def indicator(self, subject: str) -> Indicator | None:
        return await self._store.indicator(subject)

    async def single(self, subject: str, span: Interval | None, known_at: int | None) -> Sequence[Fact]:
        start, end = span or (-_EVER, _EVER)
        rows = await self._fetch(_SINGLE, subject, start, end, _EVER if known_at is None else known_at)
        return sorted((Fact(*row) for row in rows), key=lambda fact: (fact.at, fact.key))

    async def readings(self, stream: str, first: int, last: int, known_at: int | None) -> Sequence[Fact]:
        known = _EVER if known_at is None else known_at
        asked = counter_rows.build_reading_arguments(stream, first, last)
        return [Fact(*row) for row in await self._fetch(counter_rows.READINGS_AROUND_AS_KNOWN, *asked, known)]

    async def values(self, subject: str, span: Interval, known_at: int | None) -> MeasuredValues:
        rows = await self._fetch(
            _VALUES,
            subject,
            span[0] // HOUR,
            (span[1] - 1) // HOUR,
            _EVER if known_at is None else known_at,
            partition_of(subject, self._partitions),
        )
        return await asyncio.to_thread(_decoded, rows, subject, span, known_at)

    async def first_at(self, subject: str) -> int | None:
        """Return the instant of an indicator's first fact under any labels; None if it has no facts.

        If that fact lies in a segment, which holds the rows of one hour, the start of the hour is returned instead.
        """
        rows = await self._fetch(_FIRST, subject, partition_of(subject, self._partitions))
        at, hour, blobs = rows[0]
        recent = await asyncio.to_thread(_first_of, blobs, subject)
        found = (at, None if hour is None else hour * HOUR, recent)
        return min((each for each in found if each is not None), default=None)

    async def exclusions(self, agreement_id: str, known_at: int | None) -> Sequence[ApprovedExclusion]:
        rows = await self._fetch(_EXCLUSIONS, agreement_id, _EVER if known_at is None else known_at)
        return [partition_rows.read_approved_exclusion_from_row(row) for row in rows]

    async def begins_at(self, subject: str) -> int | None:
        rows = await self._fetch("SELECT begins_at FROM record_start WHERE subject = $1", subject)
        return rows[0][0] if rows else None

    async def overturned(self, breach_ids: Collection[str], known_at: int | None) -> Collection[str]:
        until = to_text(LATEST if known_at is None else known_at)
        return {row[0] for row in await self._fetch(_OVERTURNED, list(breach_ids), until)}

    async def overturned_runs(
        self, target_id: str, window_id: str, minute: int, known_at: int | None
    ) -> Collection[str]:
        until = to_text(LATEST if known_at is None else known_at)
        return {row[0] for row in await self._fetch(_OVERTURNED_RUNS, target_id, window_id, minute, until)}

    async def accepted_at(self, target_id: str, window_id: str) -> int | None:
        rows = await self._fetch(_ACCEPTED, target_id, window_id)
        return rows[0][0] if rows else None

    async def tickets_ended(self, target_ids: Sequence[str], span: Interval, as_of: int) -> Sequence[ClosedTicket]:
        rows = await self._fetch(_TICKETS, list(target_ids), as_of, *span)
        return [ClosedTicket(*row) for row in rows]

    async def agreements_of(self, owner_party_id: str) -> Sequence[AgreementTerms]:
        async with self._database.read() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            return await ticket_terms.fetch_ticket_agreements_of_party(driver, owner_party_id)

    async def tickets_left_out(self, target_ids: Sequence[str], span: Interval) -> tuple[int, int]:
        rows = await self._fetch(ticket_rows.LEFT_OUT_TICKET_COUNTS, list(target_ids), [span[0]], [span[1]])
        return rows[0]["inconsistent"], rows[0]["unjudgeable"]

    async def tickets_changed(self, owner_party_id: str, known_at: int) -> Mapping[str, Sequence[Fact]]:
        names = [row[0] for row in await self._fetch(_CHANGED, owner_party_id, known_at, DELETED_EVENTS_KEY)]
        return await self._of_tickets(names, known_at)

    async def tickets(
        self, owner_party_id: str, before: int, after: str, most: int
    ) -> Sequence[tuple[str, Sequence[Fact]]]:
        """Return (ticket, all its facts) for the tickets of a party that have an event before the instant ``before``.

        Tickets are sorted by name. At most ``most`` tickets are returned, and only tickets whose names follow
        ``after``.
        """
        names = [
            row[0]
            for row in await self._fetch(_PAGE_OF_TICKETS, owner_party_id, after, before, most, DELETED_EVENTS_KEY)
        ]
        return list((await self._of_tickets(names, _EVER)).items())

    async def tickets_opened(
        self, owner_party_id: str, span: Interval, after: str, most: int
    ) -> Sequence[tuple[str, Sequence[Fact]]]:
        """Return (ticket, all its facts) for a party's tickets that were opened in the span: the first ``most`` of them
        whose names follow ``after``.
        """
        asked = (owner_party_id, after, *span, most, DELETED_EVENTS_KEY)
        names = [row[0] for row in await self._fetch(_PAGE_OF_OPENED_TICKETS, *asked)]
        return list((await self._of_tickets(names, _EVER)).items())

    async def first_ticket(self, owner_party_id: str) -> int | None:
        """Return the instant at which a party's first ticket was opened; None if the party has no tickets."""
        rows = await self._fetch("SELECT min(opened_at) FROM ticket WHERE owner_party_id = $1", owner_party_id)
        return rows[0][0]  # type: ignore[no-any-return]

    async def _of_tickets(self, names: Sequence[str], known_at: int) -> dict[str, list[Fact]]:
        found: dict[str, list[Fact]] = {name: [] for name in names}
        for row in await self._fetch(_OF_TICKETS, list(names), known_at):
            found[row[0]].append(Fact(*row))
        return found

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._database.read() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            return list(await driver.fetch(query, *arguments))


def _decoded(rows: Sequence[asyncpg.Record], subject: str, span: Interval, known_at: int | None) -> MeasuredValues:
    parts = []
    for series, data in rows:
        if series is not None:
            chunk = column_codec.decode_hour_segment(data, known_at)
            slot = np.zeros(len(chunk.at), dtype=np.int32)
            parts.append(MeasuredValues([series], slot, chunk.at, chunk.value, chunk.out_of))
        else:
            parts.append(_of_indicator(column_codec.decode_value_blob(data), subject))
    parts = [part for part in parts if len(part)]
    if not parts:
        return NOTHING
    values = concatenate_value_batches(parts)
    values = values.selected((values.at >= span[0]) & (values.at < span[1]))
    return values.selected(np.lexsort((values.value, values.at)))


def _of_indicator(values: MeasuredValues, subject: str) -> MeasuredValues:
    slots = [slot for slot, name in enumerate(values.subjects) if parse_series_indicator(name) == subject]
    return values.selected(np.isin(values.slot, slots))


def _first_of(blobs: Sequence[bytes], subject: str) -> int | None:
    """Return the first instant at which the blobs have a row of the indicator; None if they have no such row.

    Blobs hold the rows that no checkpoint has written to segments yet.
    """
    parts = (_of_indicator(column_codec.decode_value_blob(data), subject) for data in blobs)
    return min((int(part.at.min()) for part in parts if len(part)), default=None)
