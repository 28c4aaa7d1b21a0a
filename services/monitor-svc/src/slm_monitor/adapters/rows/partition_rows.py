"""Rows of a partition, converted to and from the objects of the evaluators. A bulk write sends one JSON document for
each table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import asyncpg
import msgspec

from slm_chassis.database import Transaction
from slm_chassis.identity import NAMESPACE, named_id, new_id
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.adapters.formats import column_codec
from slm_monitor.adapters.rows import (
    accepted_windows,
    catch_up_rows,
    handling_rows,
    import_rows,
    staleness_rows,
    ticket_rows,
)
from slm_monitor.application.state.loaded_partition import (
    AccumulatorState,
    AgreementTerms,
    LoadedPartition,
    SeriesCheckpoint,
)
from slm_monitor.application.state.partition_step import PartitionCheckpoint, QuarantineEntry
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, ExclusionScope
from slm_monitor.domain.facts.facts import Fact, parse_series_indicator
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.lifecycle.target_state import Breach, EvaluationChanges, Risk, TargetWindow
from slm_monitor.domain.terms.terms import FigureTarget

_UPSERT = """
INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1)
ON CONFLICT ({key}) DO UPDATE SET {assignments}
"""


def _upsert(table: str, key: str, changing: str, kept: str | None = None) -> str:
    """Return an upsert statement.

    ``kept`` names a column with a JSON document. If the document in the new row is empty, the stored document is kept.
    """
    assigned = {column: f'excluded."{column}"' for column in changing.split()}
    if kept is not None:
        assigned[kept] = f"""coalesce(nullif(excluded."{kept}", '{{}}'), {table}."{kept}")"""
    assignments = ", ".join(f'"{column}" = {value}' for column, value in assigned.items())
    return _UPSERT.format(table=table, key=key, assignments=assignments)


_WINDOWS = _upsert(
    "target_window",
    "target_id, window_id",
    "version start end verdict good total figure display detail closed_at revision as_of",
)
_BREACHES = _upsert("breach", "breach_id", "certain_at published_at standing revision until document pending")
_RISKS = _upsert("risk", "risk_id", "standing cleared_at outcome revision again_until", kept="document")
_SERIES = _upsert("series_state", "subject", "high_water tallies judged_to")
_SEGMENT = """
INSERT INTO fact_segment (subject, hour, seq, rows, received_at, data)
SELECT subject, hour, $6, rows, received_at, data
  FROM unnest($1::text[], $2::bigint[], $3::int[], $4::bytea[], $5::bigint[])
       AS segment (subject, hour, rows, data, received_at)
"""

_QUARANTINE = """
INSERT INTO quarantine (quarantine_id, owner_party_id, subject, reason, fact, received_at)
SELECT id, owner, subject, reason, fact::jsonb, $6
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS aside (id, owner, subject, reason, fact)
ON CONFLICT DO NOTHING RETURNING quarantine_id
"""


# -- reading ----------------------------------------------------------------------------------------------------


async def load_partition(driver: asyncpg.Connection, partition: int) -> LoadedPartition:
    """Return the state of a partition: its row, and the rows and blobs that belong to it. Call it inside one
    transaction.
    """
    row = await driver.fetchrow("SELECT * FROM judge_partition WHERE partition = $1", partition)
    blobs = await driver.fetch(
        "SELECT data, received_at FROM fact_blob WHERE partition = $1 AND seq > $2 ORDER BY seq",
        partition,
        row["figures_blob"],
    )
    return LoadedPartition(
        number=partition,
        epoch=row["epoch"],
        positions={MEASUREMENTS.name: row["measurements"], TICKETS.name: row["tickets"]},
        watermark=row["horizon"],
        agreements=await _agreements(driver),
        windows=await accepted_windows.load_window_acceptances(
            driver, partition, map(read_window_from_row, await _of(driver, "target_window", partition))
        ),
        breaches=[read_breach_from_row(each) for each in await _indicator_breaches(driver, partition)],
        risks=[read_risk_from_row(each) for each in await _open_or_recent_risks(driver, partition, row["horizon"])],
        series={
            each["subject"]: read_series_checkpoint_from_row(each)
            for each in await _of(driver, "series_state", partition)
        },
        blobs=[(column_codec.decode_value_blob(each["data"]), each["received_at"]) for each in blobs],
        blob_seq=row["blob_seq"],
        saved_blob=row["figures_blob"],
        holds=[
            import_rows.read_import_hold_from_row(each, partition)
            for each in await driver.fetch(import_rows.WAITING_IMPORTS, partition)
        ],
        waiting_tickets=frozenset(
            each[0]
            for each in await driver.fetch(
                "SELECT subject FROM ticket WHERE partition = $1 AND (waiting OR held)", partition
            )
        ),
        ticket_dues=await ticket_rows.fetch_ticket_timers(driver, partition),
        exclusions=[read_approved_exclusion_from_row(each) for each in await driver.fetch(APPROVED_EXCLUSIONS)],
        watched=[each[0] for each in await driver.fetch(staleness_rows.WATCHED_INDICATORS)],
        silences=await staleness_rows.fetch_stale_indicators(driver, partition),
        unjudgeable={
            row[0]: row[1]
            for row in await driver.fetch("SELECT target_id, reason FROM unjudgeable WHERE partition = $1", partition)
        },
        record_starts={row[0]: row[1] for row in await driver.fetch("SELECT subject, begins_at FROM record_start")},
        catch_ups=[
            catch_up_rows.read_catch_up_from_row(each)
            for each in await driver.fetch(catch_up_rows.CATCH_UPS_WITH_TERMS, partition)
        ],
        overturned=[each[0] for each in await driver.fetch(accepted_windows.OVERTURNED_BREACH_IDS)],
    )


async def _of(driver: asyncpg.Connection, table: str, partition: int) -> Sequence[asyncpg.Record]:
    return await driver.fetch(f"SELECT * FROM {table} WHERE partition = $1", partition)  # type: ignore[no-any-return]


async def _indicator_breaches(driver: asyncpg.Connection, partition: int) -> Sequence[asyncpg.Record]:
    # The breaches of a ticket are read when the ticket is evaluated.
    query = """SELECT breach.* FROM breach JOIN target USING (target_id)
                WHERE breach.partition = $1 AND (target.indicator IS NOT NULL OR breach.subject = '')"""
    return await driver.fetch(query, partition)  # type: ignore[no-any-return]


async def _open_or_recent_risks(driver: asyncpg.Connection, partition: int, watermark: int) -> Sequence[asyncpg.Record]:
    # A warning that cleared recently is loaded too, because it is reopened if its condition returns in time.
    query = """SELECT * FROM risk WHERE partition = $1 AND standing
               UNION ALL SELECT * FROM risk WHERE partition = $1 AND NOT standing AND again_until >= $2"""
    return await driver.fetch(query, partition, watermark)  # type: ignore[no-any-return]


async def _agreements(driver: asyncpg.Connection) -> list[AgreementTerms]:
    ends = {row[0]: row[1] for row in await driver.fetch("SELECT agreement_id, ended_at FROM agreement_end")}
    versions: dict[str, list[Mapping[str, Any]]] = {}
    query = "SELECT agreement_id, document FROM agreement_terms ORDER BY agreement_id, version"
    for row in await driver.fetch(query):
        versions.setdefault(row[0], []).append(row[1])
    return [AgreementTerms(identity, documents, ends.get(identity)) for identity, documents in versions.items()]


def _picked(kind: type[Any], row: asyncpg.Record, **decoded: Any) -> Any:
    names = {field.name for field in fields(kind)} - decoded.keys()
    return kind(**{name: row[name] for name in names if name in row}, **decoded)


def read_window_from_row(row: asyncpg.Record) -> TargetWindow:
    window: TargetWindow = _picked(TargetWindow, row, detail=row["detail"])
    return window


def read_breach_from_row(row: asyncpg.Record) -> Breach:
    breach: Breach = _picked(Breach, row, document=row["document"])
    return breach


def read_risk_from_row(row: asyncpg.Record) -> Risk:
    risk: Risk = _picked(Risk, row, document=row["document"])
    return risk


def read_series_checkpoint_from_row(row: asyncpg.Record) -> SeriesCheckpoint:
    tallies = {line: AccumulatorState(*fields) for line, fields in row["tallies"].items()}
    return SeriesCheckpoint(row["high_water"], tallies, row["judged_to"])


APPROVED_EXCLUSIONS = "SELECT * FROM exclusion WHERE state = 'approved'"


def read_approved_exclusion_from_row(row: asyncpg.Record) -> ApprovedExclusion:
    scope = ExclusionScope(*(frozenset(row[name]) for name in ("services", "indicators", "targets")))
    intervals = tuple((start, end) for start, end in row["stretches"])
    return ApprovedExclusion(
        row["exclusion_id"], row["agreement_id"], row["kind"], intervals, scope, row["announced_at"], row["decided_at"]
    )


# -- writing ----------------------------------------------------------------------------------------------------


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


def encode_facts_as_json(rows: Sequence[Fact], received_at: int) -> str:
    return _json(
        [
            {
                "subject": fact.subject,
                "key": fact.key,
                "at": fact.at,
                "revision": fact.revision,
                "recorded_at": fact.recorded_at,
                "received_at": received_at,
                "body": fact.body,
            }
            for fact in rows
        ]
    )


_INSTANCE = """
INSERT INTO target (target_id, agreement_id, version, key, title, service_id, provider_party_id, customer_party_id,
                    indicator, terms, instance_of, labels)
SELECT $2, agreement_id, version, $3, $4, service_id, provider_party_id, customer_party_id, indicator, terms, $1, $5
  FROM target WHERE target_id = $1
ON CONFLICT (target_id) DO NOTHING
"""


async def write_target_instances(driver: asyncpg.Connection, born: Sequence[FigureTarget]) -> None:
    """Write new instances of targets. A new label value has created them. Their other columns are copied from their
    targets.
    """
    for terms in born:
        labels = json.dumps(dict(terms.group))
        await driver.execute(_INSTANCE, terms.instance_of, terms.target_id, terms.key, terms.title, labels)


async def write_evaluation_changes(driver: asyncpg.Connection, partition: int, changes: EvaluationChanges) -> None:
    """Write the windows, breaches and risks that a step changed."""
    await handling_rows.move_workflows_to_new_revisions(driver, changes.breaches.values())
    for statement, rows in (
        (_WINDOWS, [_partition_row(window, partition) for window in changes.windows.values()]),
        (_BREACHES, [_partition_row(breach, partition) for breach in changes.breaches.values()]),
        (_RISKS, [_partition_row(risk, partition) for risk in changes.risks.values()]),
    ):
        if rows:
            await driver.execute(statement, _json(rows))


def _partition_row(written: TargetWindow | Breach | Risk, partition: int) -> dict[str, Any]:
    # Not asdict, whose deep copy took a sixth of all CPU time at the intake.
    return {name: getattr(written, name) for name in _NAMES[type(written)]} | {"partition": partition}


_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in (TargetWindow, Breach, Risk)}


async def write_checkpoint(driver: asyncpg.Connection, partition: int, checkpoint: PartitionCheckpoint) -> None:
    """Write a checkpoint: rows as segments by series and hour, the accumulators of series, and the
    figures of windows.
    """
    if checkpoint.segments:
        encoded = [column_codec.encode_hour_segment(chunks) for _, _, chunks in checkpoint.segments]
        await driver.execute(
            _SEGMENT,
            [subject for subject, _, _ in checkpoint.segments],
            [hour for _, hour, _ in checkpoint.segments],
            [rows for rows, _ in encoded],
            [data for _, data in encoded],
            [min(chunk.received_at for chunk in chunks) for _, _, chunks in checkpoint.segments],
            checkpoint.blob_seq,
        )
    if checkpoint.series:
        await driver.execute(
            _SERIES, _json([_series(name, kept, partition) for name, kept in checkpoint.series.items()])
        )
    if checkpoint.windows:
        await driver.execute(_WINDOWS, _json([_partition_row(window, partition) for window in checkpoint.windows]))


def _series(subject: str, kept: SeriesCheckpoint, partition: int) -> dict[str, Any]:
    tallies = {line: [tally.fingerprint, tally.windows, tally.measured] for line, tally in kept.tallies.items()}
    return {
        "subject": subject,
        "indicator": parse_series_indicator(subject),
        "partition": partition,
        "high_water": kept.high_water,
        "tallies": tallies,
        "judged_to": kept.judged_to,
    }


async def quarantine_facts(transaction: Transaction, facts: Sequence[QuarantineEntry]) -> None:
    """Put facts into the quarantine, and publish an event for each. A fact is kept once for each reason."""
    rows = {row[0]: row for row in map(_quarantine_row, facts)}
    if not rows:
        return
    driver = await transaction.driver()
    columns = [list(column) for column in zip(*rows.values(), strict=True)]
    for (identity,) in await driver.fetch(_QUARANTINE, *columns, transaction.now):
        _, owner, subject, reason, fact = rows[identity]
        event = target_events.build_fact_quarantined(
            identity, owner, subject, reason, json.loads(fact), now=transaction.now
        )
        transaction.publish(event, event_id=new_id())


def _quarantine_row(each: QuarantineEntry) -> tuple[str, str | None, str, str, str]:
    subject, reason, fact = (
        replace_unstorable_characters(each.subject),
        replace_unstorable_characters(each.reason),
        replace_unstorable_characters(each.fact),
    )
    identity = named_id(
        NAMESPACE, "quarantine", each.owner_party_id or "", subject, reason, json.dumps(fact, sort_keys=True)
    )
    return identity, each.owner_party_id, subject, reason, json.dumps(fact)


def replace_unstorable_characters(value: Any) -> Any:
    """Replace NUL by U+FFFD and lone surrogates by a question mark, because no text column can hold them."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {
            replace_unstorable_characters(name): replace_unstorable_characters(inner) for name, inner in value.items()
        }
    return [replace_unstorable_characters(inner) for inner in value] if isinstance(value, list) else value
