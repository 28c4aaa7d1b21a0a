"""The final state of an installation after a test: its results in the database, and the events that it published."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

import asyncpg

from slm_chassis.clock import Clock
from slm_chassis.log.port import EventLog, StoredRecord, TopicPartition
from slm_events.catalogue import BREACHES, MEASUREMENTS, TARGETS, TICKETS
from tests.support.monitor import MINUTE, at
from tests.support.workload import PRESENT

Findings = dict[str, list[Any]]
SETTLES_SECONDS = 180.0

_POSITIONS = "SELECT partition, measurements, tickets, figures_blob = blob_seq AS is_saved FROM judge_partition"
_BUSY = """
SELECT EXISTS (SELECT FROM judge_inbox) OR EXISTS (SELECT FROM outbox) OR EXISTS (SELECT FROM ticket WHERE waiting)
    OR EXISTS (SELECT FROM clock WHERE due_at <= $1)
    OR EXISTS (SELECT FROM target_window WHERE closed_at IS NULL AND "end" + 600000000 <= $1)
"""
_FINDINGS = {
    # An open availability moves with every microsecond; its verdict does not.
    "windows": """
        SELECT key, window_id, start, "end", verdict, closed_at IS NOT NULL AS closed, moving,
               CASE WHEN NOT moving THEN jsonb_build_array(good, total, figure, display, detail) END AS figure
          FROM (SELECT *, closed_at IS NULL AND terms ->> 'aggregation' = 'availability' AS moving
                  FROM target_window JOIN target USING (target_id)) AS seen
         ORDER BY 1, 2""",
    "breaches": """
        SELECT breach_id, key, window_id, level, ordinal, certain_at, until
          FROM breach JOIN target USING (target_id) WHERE standing ORDER BY 2, 3, 5""",
    "clocks": """
        SELECT key, ticket, ordinal, state, started_at, deadline_at, stopped_at, breached_at, elapsed_calendar,
               elapsed_service, pauses
          FROM clock JOIN target USING (target_id) ORDER BY 1, 2, 3""",
    "facts": """
        SELECT subject, count(*), md5(string_agg(concat(key, at, revision, body), ',' ORDER BY key))
          FROM fact GROUP BY 1 ORDER BY 1""",
    "values": "SELECT subject, sum(rows)::bigint FROM fact_segment GROUP BY 1 ORDER BY 1",
    "set aside": "SELECT reason, count(*) FROM quarantine GROUP BY 1 UNION SELECT reason, 1 FROM dead_letter",
}

_HEARD = {
    "slm_review": "SELECT breach_id FROM breach WHERE is_standing",
    "slm_report": """
        SELECT breach_id FROM breach
         WHERE (breached ->> 'revision')::int > coalesce((withdrawn ->> 'revision')::int, -1)""",
}
HEARS_SECONDS = 30


async def settled(url: str, log: EventLog, clock: Clock) -> Findings:
    """Wait until all is accepted, evaluated and published and no timer is due soon; return the results."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(SETTLES_SECONDS):
            before: Findings = {}
            while True:
                now = clock.now()
                if now > at(PRESENT) + 6 * MINUTE and await _is_quiet(connection, log, now):
                    found = await _findings(connection)
                    if found == before:
                        return found
                    before = found
                await asyncio.sleep(1.0)
    finally:
        await connection.close()


async def _is_quiet(connection: asyncpg.Connection, log: EventLog, now: int) -> bool:
    ends = {topic: await log.end_offsets(topic) for topic in (MEASUREMENTS.name, TICKETS.name)}
    for row in await connection.fetch(_POSITIONS):
        number = row["partition"]
        reached = (row["measurements"], row["tickets"])
        if not row["is_saved"] or reached != (ends[MEASUREMENTS.name][number], ends[TICKETS.name][number]):
            return False
    return not await connection.fetchval(_BUSY, now)


async def _findings(connection: asyncpg.Connection) -> Findings:
    return {name: [list(row) for row in await connection.fetch(query)] for name, query in _FINDINGS.items()}


async def read_all(log: EventLog, topics: Sequence[str]) -> list[StoredRecord]:
    """Return every record of the topics."""
    ends = {TopicPartition(t, n): end for t in topics for n, end in (await log.end_offsets(t)).items()}
    found: list[StoredRecord] = []
    missing = {source for source, end in ends.items() if end}
    if missing:
        async with aclosing(log.tail(topics, dict.fromkeys(ends, 0))) as batches:  # type: ignore[type-var]
            async for batch in batches:
                found += batch.records
                if batch.next_offset >= ends[batch.source]:
                    missing.discard(batch.source)
                if not missing:
                    break
    return found


async def told(log: EventLog) -> dict[tuple[str, ...], set[str]]:
    """Return (event name, ids of what the event is about) → the event ids under which monitor-svc published it.

    Contains the events about breaches, closed windows and started clocks.
    """
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for record in await read_all(log, [BREACHES.name, TARGETS.name]):
        event, data = record.headers["ce_type"].split(".")[2], json.loads(record.value)
        if "breach_id" in data:
            # A recovery may move when late facts lengthen the run; of one revision each of its instants is told once.
            which = [data["breach_id"], str(data["revision"]), str(data.get("recovered_at"))]
        elif event in ("window-closed", "window-restated"):
            which = [data["target_id"], data["window_id"], str(data["revision"])]
        elif event == "clock-started":
            which = [data["target_id"], data["source"], data["ticket"], data["at"]]
        else:
            continue
        found[event, *which].add(record.headers["ce_id"])
    return found


async def faults(findings: Findings, log: EventLog) -> list[str]:
    """Return a text for each result that was published under two ids, and for each result in force that was never
    published.
    """
    published = await told(log)
    breached = Counter(which[1] for which in published if which[0] == "target-breached")
    twice = [
        f"told under {len(ids)} ids: {which}"
        for which, ids in published.items()
        # A breach that was withdrawn and stands again may recover again at the same instant.
        if len(ids) > (breached[which[1]] if which[0] == "target-recovered" else 1)
    ]
    lost = [f"breach never told: {breach}" for breach in findings["breaches"] if breach[0] not in breached]
    closed = {(which[1], which[2]) for which in published if which[0] == "window-closed"}
    return [*twice, *lost, *([] if closed else ["no window closed"])]


async def unheard(findings: Findings, database_url: Callable[[str], str]) -> list[str]:
    """Return a text for each breach that only monitor-svc or only another service regards as in force.

    Each service first gets time to receive the events.
    """
    target_state = {row[0] for row in findings["breaches"]}
    differing: list[str] = []
    for name, query in _HEARD.items():
        connection = await asyncpg.connect(database_url(name))
        try:
            for _ in range(HEARS_SECONDS):
                known = {row[0] for row in await connection.fetch(query)}
                if known == target_state:
                    break
                await asyncio.sleep(1.0)
        finally:
            await connection.close()
        differing += [f"{name} knows or not: {breach_id}" for breach_id in sorted(known ^ target_state)]
    return differing
