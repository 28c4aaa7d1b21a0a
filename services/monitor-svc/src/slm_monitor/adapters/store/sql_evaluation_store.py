"""The store of the evaluators in PostgreSQL: facts, results, positions and events of a step, in one transaction."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from slm_chassis import dead_letters
from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.adapters.formats import column_codec
from slm_monitor.adapters.rows import (
    catch_up_rows,
    counter_rows,
    derived_rows,
    due_cause_rows,
    import_rows,
    partition_rows,
    staleness_rows,
    ticket_rows,
)
from slm_monitor.adapters.store import sql_failed_targets, suspended_sources, window_history
from slm_monitor.application.state.loaded_partition import AgreementCatchUp, AgreementTerms, ImportHold, LoadedPartition
from slm_monitor.application.state.partition_step import PartitionCheckpoint, PartitionStepChanges
from slm_monitor.application.state.ports import (
    MemberTargetWindow,
    PartitionInboxMessage,
    PartitionNotOwned,
    PendingDependencies,
)
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion
from slm_monitor.domain.facts.facts import Fact, parse_series_indicator
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.lifecycle.target_state import Breach, PublishedClock
from slm_monitor.domain.rolling.missed_runs import MissedMinuteRun
from slm_monitor.domain.rolling.rolling_derived import EndedClock
from slm_monitor.domain.series.hour_buckets import HourChunk

CONSUMER = "slm-monitor-judge"
_PLACES = ((1, MEASUREMENTS.name), (2, TICKETS.name))
_INDICATORS_CACHED = 200_000

_FENCE = """
UPDATE judge_partition
   SET measurements = $3, tickets = $4, horizon = greatest(horizon, $5), blob_seq = blob_seq + $6
 WHERE partition = $1 AND epoch = $2 AND measurements = $7 AND tickets = $8
RETURNING blob_seq
"""
_CHECKPOINT_FENCE = """
UPDATE judge_partition
   SET figures_measurements = greatest(figures_measurements, $3), figures_tickets = greatest(figures_tickets, $4),
       figures_blob = $5
 WHERE partition = $1 AND epoch = $2
"""
_TAKE_OVER = "UPDATE judge_partition SET epoch = epoch + 1 WHERE partition = $1"
_FACTS = """
WITH coming AS (SELECT * FROM jsonb_populate_recordset(NULL::fact, $1)),
     superseded AS (
         INSERT INTO fact_superseded
         SELECT fact.subject, fact.key, fact.at, fact.revision, fact.recorded_at, fact.received_at, $2::bigint,
                fact.body
           FROM fact JOIN coming USING (subject, key)
     )
INSERT INTO fact SELECT * FROM coming
ON CONFLICT (subject, key) DO UPDATE
   SET at = excluded.at, revision = excluded.revision, recorded_at = excluded.recorded_at,
       received_at = excluded.received_at, body = excluded.body
"""
_KNOWN = """
SELECT subject, key, at, body, revision, recorded_at
  FROM fact JOIN unnest($1::text[], $2::text[]) AS wanted (subject, key) USING (subject, key)
"""
_BETWEEN = """
SELECT subject, key, at, body, revision, recorded_at FROM fact WHERE subject = $1 AND at >= $2 AND at < $3
"""
_RECOUNTED = """
INSERT INTO series_state (subject, indicator, partition, high_water, tallies, judged_to)
SELECT subject, indicator, $1, high_water, '{}', '{}'
  FROM unnest($2::text[], $3::text[], $4::bigint[]) AS recounted (subject, indicator, high_water)
ON CONFLICT (subject) DO UPDATE
   SET tallies = '{}', high_water = greatest(series_state.high_water, excluded.high_water)
"""
_DROP_WINDOW = "DELETE FROM target_window WHERE target_id = $1 AND window_id = $2"


class PartitionCountMismatch(Exception):
    """The configured number of partitions differs from the number with which the installation was created. The latter
    cannot be changed.
    """


class SqlEvaluationStore:
    """The store of the evaluators. One object may be shared by all partitions of a process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._indicators: OrderedDict[str, Indicator] = OrderedDict()

    async def prepare(self, partitions: int) -> None:
        """Create the partitions of a new installation.

        Raises PartitionCountMismatch if the installation was created with another number of partitions. Changing the
        number would move indicators to other partitions, which needs the documented migration.
        """
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            await driver.execute("LOCK TABLE judge_partition IN EXCLUSIVE MODE")
            held = int(await driver.fetchval("SELECT count(*) FROM judge_partition"))
            if held not in (0, partitions):
                raise PartitionCountMismatch(
                    f"this installation was created with {held} partitions, not with {partitions}"
                )
            if not held:
                await driver.execute(
                    "INSERT INTO judge_partition SELECT n, 0, 0, 0, 0, 0, 0, 0, 0 FROM generate_series(0, $1 - 1) n",
                    partitions,
                )

    # -- owning -------------------------------------------------------------------------------------------------

    async def take_over(self, partition: int) -> LoadedPartition:
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            await driver.execute(_TAKE_OVER, partition)
            return await partition_rows.load_partition(driver, partition)

    async def reload(self, partition: int, epoch: int) -> LoadedPartition:
        async with self._database.begin() as transaction:
            loaded = await partition_rows.load_partition(await transaction.driver(), partition)
        if loaded.epoch != epoch:
            raise PartitionNotOwned(partition)
        return loaded

    async def present(self) -> int:
        async with self._database.read() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            real = await driver.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            return self._clock.of_real(int(real))

    # -- reading ------------------------------------------------------------------------------------------------

    async def processed_positions(self) -> Mapping[tuple[str, int], int]:
        """Return (topic, partition) → the position up to which records are processed, no matter by which replica."""
        rows = await self._fetch("SELECT partition, measurements, tickets FROM judge_partition")
        return {(topic, row[0]): row[place] for row in rows for place, topic in _PLACES}

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._database.read() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            return list(await driver.fetch(query, *arguments))

    async def sources_aside(self) -> Mapping[tuple[str, str, str], str]:
        return {(row[0], row[1], row[2]): row[3] for row in await self._fetch(suspended_sources.SUSPENDED_SOURCES)}

    async def inbox(self, partitions: Sequence[int]) -> Sequence[PartitionInboxMessage]:
        rows = await self._fetch(
            "SELECT seq, partition, kind, ref FROM judge_inbox WHERE partition = ANY($1) ORDER BY seq LIMIT 1000",
            list(partitions),
        )
        return [PartitionInboxMessage(row["seq"], row["partition"], row["kind"], row["ref"]) for row in rows]

    async def agreement(self, agreement_id: str) -> AgreementTerms:
        rows = await self._fetch(
            "SELECT document FROM agreement_terms WHERE agreement_id = $1 ORDER BY version", agreement_id
        )
        ends = await self._fetch("SELECT ended_at FROM agreement_end WHERE agreement_id = $1", agreement_id)
        return AgreementTerms(agreement_id, [row["document"] for row in rows], ends[0]["ended_at"] if ends else None)

    async def hold(self, import_id: str, partition: int) -> ImportHold | None:
        rows = await self._fetch(import_rows.IMPORT_BY_ID, import_id)
        return import_rows.read_import_hold_from_row(rows[0], partition) if rows else None

    async def catch_ups(self, agreement_id: str, partition: int) -> Sequence[AgreementCatchUp]:
        rows = await self._fetch(catch_up_rows.CATCH_UPS_OF_AGREEMENT, partition, agreement_id)
        return [catch_up_rows.read_catch_up_from_row(row) for row in rows]

    async def behind(self) -> PendingDependencies:
        (row,) = await self._fetch(ticket_rows.PENDING_DEPENDENCIES)
        return PendingDependencies(row["has_terms"], frozenset(row["ticket_owners"]))

    async def exclusions(self, agreement_id: str) -> Sequence[ApprovedExclusion]:
        rows = await self._fetch(f"{partition_rows.APPROVED_EXCLUSIONS} AND agreement_id = $1", agreement_id)
        return [partition_rows.read_approved_exclusion_from_row(row) for row in rows]

    async def facts(self, subjects: Sequence[str]) -> Mapping[str, dict[str, Fact]]:
        if not subjects:
            return {}
        found: dict[str, dict[str, Fact]] = {}
        rows = await self._fetch(
            "SELECT subject, key, at, body, revision, recorded_at FROM fact WHERE subject = ANY($1)", list(subjects)
        )
        for row in rows:
            fact = Fact(row[0], row[1], row[2], row[3], row[4], row[5])
            found.setdefault(fact.subject, {})[fact.key] = fact
        return found

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Fact]:
        if not keys:
            return {}
        rows = await self._fetch(_KNOWN, [subject for subject, _ in keys], [key for _, key in keys])
        return {(row[0], row[1]): Fact(*row) for row in rows}

    async def facts_between(self, subject: str, start: int, end: int) -> Sequence[Fact]:
        return [Fact(*row) for row in await self._fetch(_BETWEEN, subject, start, end)]

    async def readings(self, stream: str, first: int, last: int) -> Sequence[Fact]:
        rows = await self._fetch(
            counter_rows.READINGS_AROUND, *counter_rows.build_reading_arguments(stream, first, last)
        )
        return [Fact(*row) for row in rows]

    async def hours(self, subject: str, hours: Sequence[int]) -> Mapping[int, list[HourChunk]]:
        rows = await self._fetch(
            "SELECT hour, data FROM fact_segment WHERE subject = $1 AND hour = ANY($2) ORDER BY hour, seq",
            subject,
            list(hours),
        )
        found: dict[int, list[HourChunk]] = {}
        for row in rows:
            found.setdefault(row["hour"], []).append(column_codec.decode_hour_segment(row["data"]))
        return found

    async def last_signals(self, subjects: Sequence[str]) -> Mapping[str, tuple[int, int | None]]:
        return staleness_rows.read_last_signals_from_rows(
            await self._fetch(staleness_rows.LATEST_DATA_OF_WATCHED_INDICATORS, list(subjects))
        )

    async def member_windows(
        self, target_ids: Sequence[str], window_ids: Sequence[str]
    ) -> Mapping[tuple[str, str], MemberTargetWindow]:
        rows = await self._fetch(derived_rows.MEMBER_WINDOWS, list(target_ids), list(window_ids))
        return derived_rows.read_member_windows_from_rows(rows)

    async def member_runs(self, target_ids: Sequence[str], window_id: str) -> Mapping[str, Sequence[MissedMinuteRun]]:
        return derived_rows.read_member_runs_from_rows(
            await self._fetch(derived_rows.MEMBER_RUNS, list(target_ids), window_id)
        )

    async def clocks_ended(self, target_ids: Sequence[str], span: tuple[int, int], as_of: int) -> Sequence[EndedClock]:
        return [
            EndedClock(*row) for row in await self._fetch(derived_rows.CLOCKS_ENDED, list(target_ids), as_of, *span)
        ]

    async def tickets_ended(
        self, target_ids: Sequence[str], spans: Sequence[tuple[int, int]], as_of: int
    ) -> Sequence[tuple[int, int]]:
        starts, ends = [start for start, _ in spans], [end for _, end in spans]
        rows = await self._fetch(ticket_rows.ENDED_TICKET_COUNTS, list(target_ids), as_of, starts, ends)
        return [(row["judged"], row["met"]) for row in rows]

    async def tickets_left_out(
        self, target_ids: Sequence[str], spans: Sequence[tuple[int, int]]
    ) -> Sequence[tuple[int, int]]:
        starts, ends = [start for start, _ in spans], [end for _, end in spans]
        rows = await self._fetch(ticket_rows.LEFT_OUT_TICKET_COUNTS, list(target_ids), starts, ends)
        return [(row["inconsistent"], row["unjudgeable"]) for row in rows]

    async def ticket_states(
        self, tickets: Sequence[str]
    ) -> tuple[Mapping[str, dict[tuple[str, str, int], PublishedClock]], Mapping[str, dict[str, Breach]]]:
        async with self._database.read() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            states = await ticket_rows.fetch_published_clocks(driver, tickets)
        breaches: dict[str, dict[str, Breach]] = {}
        for row in await self._fetch("SELECT * FROM breach WHERE subject = ANY($1)", list(tickets)):
            breaches.setdefault(row["subject"], {})[row["breach_id"]] = partition_rows.read_breach_from_row(row)
        return states, breaches

    async def tickets_of(self, owner_party_id: str, partition: int) -> Sequence[str]:
        query = "SELECT subject FROM ticket WHERE owner_party_id = $1 AND partition = $2 ORDER BY subject"
        return [row[0] for row in await self._fetch(query, owner_party_id, partition)]

    async def indicator(self, subject: str) -> Indicator | None:
        found = await self.indicators([subject])
        return found.get(subject)

    async def indicators(self, subjects: Sequence[str]) -> Mapping[str, Indicator]:
        """Return subject → indicator. Unregistered subjects are left out and not cached, so that a newly registered
        indicator is found at once.
        """
        missing = [subject for subject in subjects if subject not in self._indicators]
        # An indicator that only terms have registered is read every time: its owner may still define it on any replica.
        provisional: dict[str, Indicator] = {}
        if missing:
            query = """SELECT subject, owner_party_id, key, kind, unit, initial_state, service_id, stale_after,
                              lowest, highest, from_terms FROM indicator WHERE subject = ANY($1)"""
            for *fields, from_terms in await self._fetch(query, missing):
                (provisional if from_terms else self._indicators)[fields[0]] = Indicator(*fields)
            while len(self._indicators) > _INDICATORS_CACHED:
                self._indicators.popitem(last=False)
        found = {**self._indicators, **provisional} if provisional else self._indicators
        return {subject: found[subject] for subject in subjects if subject in found}

    async def limits(self, subjects: Sequence[str]) -> Mapping[str, frozenset[tuple[str, float]]]:
        """Return indicator → the comparisons (kind, limit) that its targets apply to each value."""
        return counter_rows.list_value_limits_by_indicator(
            await self._fetch(counter_rows.COMPARISON_TERMS, list(subjects))
        )

    # -- writing ------------------------------------------------------------------------------------------------

    async def commit(self, partition: int, epoch: int, step: PartitionStepChanges) -> int | None:
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            blob_seq = await self._fence(driver, partition, epoch, step)
            now = step.received_at or transaction.now
            if step.facts:
                await driver.execute(_FACTS, partition_rows.encode_facts_as_json(step.facts, now), now)
            if step.blob is not None:
                await driver.execute(
                    "INSERT INTO fact_blob (partition, seq, data, received_at) VALUES ($1, $2, $3, $4)",
                    partition,
                    blob_seq,
                    column_codec.encode_value_blob(step.blob),
                    now,
                )
            await ticket_rows.write_tickets(driver, partition, step.tickets, step.changes)
            await partition_rows.write_evaluation_changes(driver, partition, step.changes)
            await partition_rows.write_target_instances(driver, step.changes.instances)
            if step.changes.dropped_windows:
                await driver.executemany(_DROP_WINDOW, sorted(step.changes.dropped_windows))
            await sql_failed_targets.write_failed_targets(driver, partition, step.changes.unjudgeable, now)
            await window_history.write_window_revisions(driver, step.changes.events)
            if step.recounted:
                names = sorted(step.recounted)
                await driver.execute(
                    _RECOUNTED,
                    partition,
                    names,
                    [parse_series_indicator(name) for name in names],
                    [step.recounted[name] for name in names],
                )
            await derived_rows.send_dependency_changes_to_inboxes(driver, step.news)
            await due_cause_rows.queue_findings_for_regrouping(driver, step.changes, step.causes)
            await staleness_rows.write_stale_indicators(driver, partition, step.silences)
            if step.inbox:
                await driver.execute("DELETE FROM judge_inbox WHERE seq = ANY($1)", step.inbox)
            for outgoing in step.changes.events:
                transaction.publish(outgoing.event, at=outgoing.at, event_id=outgoing.event_id)
            await import_rows.advance_imports(transaction, partition, step)
            await catch_up_rows.advance_catch_ups(transaction, partition, step)
            for topic, number, record in step.forwards:
                transaction.append(topic, record, number)
            await partition_rows.quarantine_facts(transaction, step.quarantined)
            await suspended_sources.suspend_sources(driver, step.sources, now)
            for dead in step.dead:
                await dead_letters.store_failed_record(
                    transaction, CONSUMER, dead.record, reason=dead.reason, attempts=dead.attempts
                )
            for dead_letter_id in step.redriven:
                await dead_letters.resolve_dead_letter(transaction, CONSUMER, dead_letter_id)
        return blob_seq if step.blob is not None else None

    async def _fence(self, driver: asyncpg.Connection, partition: int, epoch: int, step: PartitionStepChanges) -> int:
        """Advance the positions of a partition, as the first statement of a step. Return the sequence number of the
        step's rows.

        Raises PartitionNotOwned if the epoch or the expected positions are outdated, so that only the owner can write.
        """
        blob_seq = await driver.fetchval(
            _FENCE,
            partition,
            epoch,
            step.positions[MEASUREMENTS.name],
            step.positions[TICKETS.name],
            step.watermark,
            int(step.blob is not None),
            step.expected[MEASUREMENTS.name],
            step.expected[TICKETS.name],
        )
        if blob_seq is None:
            raise PartitionNotOwned(partition)
        return int(blob_seq)

    async def checkpoint(self, partition: int, epoch: int, checkpoint: PartitionCheckpoint) -> None:
        async with self._database.begin() as transaction:
            driver = await transaction.driver()
            done = await driver.execute(
                _CHECKPOINT_FENCE,
                partition,
                epoch,
                checkpoint.positions.get(MEASUREMENTS.name, 0),
                checkpoint.positions.get(TICKETS.name, 0),
                checkpoint.blob_seq,
            )
            if done != "UPDATE 1":
                raise PartitionNotOwned(partition)
            await partition_rows.write_checkpoint(driver, partition, checkpoint)
            await derived_rows.send_dependency_changes_to_inboxes(driver, checkpoint.news)
            await driver.execute(
                "DELETE FROM fact_blob WHERE partition = $1 AND seq <= $2", partition, checkpoint.blob_seq
            )
