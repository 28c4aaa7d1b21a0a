"""Rows of tickets and their clocks, converted to and from the objects of the evaluators."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import asyncpg

from slm_monitor.application.state.partition_step import HELD, JUDGED, WAITING
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, PublishedClock, TicketClock, TicketState

_CLOCK_COLUMNS = (
    "version",
    "state",
    "started_at",
    "deadline_at",
    "stopped_at",
    "breached_at",
    "changed_at",
    "due_at",
    "elapsed_calendar",
    "elapsed_service",
    "pauses",
    "at_risk_at",
    "past_due",
    "told",
    "excused",
    "is_stint",
    "net_calendar",
    "net_service",
)
_TICKET_COLUMNS = (
    "due_at",
    "type",
    "priority",
    "state",
    "held_by",
    "opened_at",
    "last_at",
    "ended_at",
    "unmatched",
    "unjudgeable",
    "unmatched_cause",
    "readers",
    "team",
    "inconsistent",
)


def _assignments(columns: Sequence[str]) -> str:
    return ", ".join(f"{column} = excluded.{column}" for column in columns)


_CLOCKS = f"""
INSERT INTO clock SELECT * FROM jsonb_populate_recordset(NULL::clock, $1)
ON CONFLICT (target_id, ticket, ordinal) DO UPDATE SET {_assignments(_CLOCK_COLUMNS)}
"""
_WAITING = """
INSERT INTO ticket SELECT * FROM jsonb_populate_recordset(NULL::ticket, $1)
ON CONFLICT (subject) DO UPDATE SET waiting = excluded.waiting, held = excluded.held
"""
_JUDGED = f"""
INSERT INTO ticket SELECT * FROM jsonb_populate_recordset(NULL::ticket, $1)
ON CONFLICT (subject) DO UPDATE SET waiting = excluded.waiting, held = excluded.held, {_assignments(_TICKET_COLUMNS)}
"""
_DROP = "DELETE FROM clock WHERE target_id = $1 AND ticket = $2 AND ordinal = $3"
_TOLD = "SELECT target_id, ticket, ordinal, state, deadline_at, told, started_at FROM clock WHERE ticket = ANY($1)"
ENDED_CLOCKS = """
SELECT ticket, CASE state WHEN 'met' THEN stopped_at ELSE breached_at END AS ended_at,
       state = 'met' OR excused AS is_met
  FROM clock WHERE target_id = ANY($1) AND state <> 'cancelled' AND NOT is_stint
UNION ALL
SELECT ticket, coalesce(min(breached_at) FILTER (WHERE is_late), max(stopped_at)), NOT bool_or(is_late)
  FROM (SELECT *, state <> 'met' AND NOT excused AND breached_at <= $2 AS is_late
          FROM clock WHERE target_id = ANY($1) AND state <> 'cancelled' AND is_stint) AS stint
 GROUP BY target_id, ticket
HAVING bool_or(is_late) OR bool_and(state IN ('met', 'completed_late') AND stopped_at <= $2)
"""
"""SQL for the ended clocks of some targets ($1) as of an instant ($2).

All stints of a ticket under one target count as one clock. It ends at the breach of the first breached stint; without a
breach, at the stop of the last stint, once all have stopped.
"""
ENDED_TICKET_COUNTS = f"""
SELECT count(ticket) AS judged, count(ticket) FILTER (WHERE is_met) AS met
  FROM unnest($3::bigint[], $4::bigint[]) WITH ORDINALITY AS span (starts, ends, place)
  LEFT JOIN LATERAL (
       SELECT ticket, bool_and(is_met) AS is_met FROM ({ENDED_CLOCKS}) AS ended
        WHERE ended_at >= starts AND ended_at < ends AND ended_at <= $2
        GROUP BY ticket) AS tickets ON TRUE
 GROUP BY place ORDER BY place
"""
LEFT_OUT_TICKET_COUNTS = """
SELECT (SELECT count(*) FROM ticket
         WHERE inconsistent -> 'targets' ?| $1
           AND (inconsistent ->> 'at')::bigint >= starts AND (inconsistent ->> 'at')::bigint < ends) AS inconsistent,
       (SELECT count(*) FROM ticket
         WHERE unjudgeable IS NOT NULL AND inconsistent IS NULL
           AND coalesce(ended_at, last_at) >= starts AND coalesce(ended_at, last_at) < ends
           AND EXISTS (SELECT 1 FROM target
                        WHERE target_id = ANY($1) AND unjudgeable @> jsonb_build_array(jsonb_build_object(
                              'clock', target.terms ->> 'clock', 'agreement_id', target.agreement_id)))) AS unjudgeable
  FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS span (starts, ends, place)
 ORDER BY place
"""
"""SQL for the numbers of tickets that the targets $1 leave out in each of several intervals: (inconsistent,
unjudgeable).

An inconsistent ticket counts only if one of the targets would have evaluated it without the contradiction in its
events. An unjudgeable ticket counts at its end, or else at its latest event.
"""
PENDING_DEPENDENCIES = """
SELECT EXISTS (SELECT 1 FROM judge_inbox WHERE kind = 'terms') AS has_terms,
       ARRAY(SELECT DISTINCT owner_party_id FROM ticket WHERE waiting) AS ticket_owners
"""
_DUES = "SELECT subject, due_at FROM ticket WHERE partition = $1 AND due_at IS NOT NULL"


async def fetch_published_clocks(
    driver: asyncpg.Connection, tickets: Sequence[str]
) -> dict[str, dict[tuple[str, str, int], PublishedClock]]:
    """Return ticket → clock → the state of the clock as last published. A clock is (target, ticket, ordinal)."""
    found: dict[str, dict[tuple[str, str, int], PublishedClock]] = {}
    for target_id, ticket, ordinal, state, deadline_at, kept, started_at in await driver.fetch(_TOLD, list(tickets)):
        risks = tuple((percent, identity) for percent, identity in kept.get("risks", ()))
        found.setdefault(ticket, {})[target_id, ticket, ordinal] = PublishedClock(
            state, deadline_at, tuple(kept.get("warned", ())), tuple(kept.get("escalated", ())), risks, started_at
        )
    return found


async def fetch_ticket_timers(driver: asyncpg.Connection, partition: int) -> list[tuple[str, int]]:
    """Return (ticket, instant of its next timer) for each ticket of a partition; leave out tickets without a timer."""
    return [(row[0], row[1]) for row in await driver.fetch(_DUES, partition)]


async def write_tickets(
    driver: asyncpg.Connection, partition: int, stages: Mapping[str, str], changes: EvaluationChanges
) -> None:
    """Write the tickets and clocks that a step changed. ``stages``: ticket → JUDGED, WAITING, or HELD if an import
    holds some of its time.
    """
    judged = [_ticket_row(each, stages, partition) for each in changes.tickets.values()]
    others = [
        _ticket_key_columns(subject, stage, partition)
        for subject, stage in stages.items()
        if subject not in changes.tickets
    ]
    clocks = [_clock(entry, partition) for entry in changes.clocks.values()]
    for statement, rows in ((_WAITING, others), (_JUDGED, judged), (_CLOCKS, clocks)):
        if rows:
            await driver.execute(statement, json.dumps(rows, separators=(",", ":")))
    if changes.dropped_clocks:
        await driver.executemany(_DROP, sorted(changes.dropped_clocks))


def _ticket_key_columns(subject: str, stage: str, partition: int) -> dict[str, Any]:
    owner, source, number = subject.split("/", 2)
    return {
        "subject": subject,
        "partition": partition,
        "owner_party_id": owner,
        "source": source,
        "number": number,
        "waiting": stage == WAITING,
        "held": stage == HELD,
    }


def _ticket_row(state: TicketState, stages: Mapping[str, str], partition: int) -> dict[str, Any]:
    row = _ticket_key_columns(state.subject, stages.get(state.subject, JUDGED), partition)
    row |= {name: getattr(state, name) for name in _TICKET_COLUMNS if name != "unmatched"}
    return row | {
        "unmatched": state.unmatched_cause is not None,
        "readers": dict(state.readers),
        "inconsistent": None if state.inconsistent is None else asdict(state.inconsistent),
        "unjudgeable": _reasons(state.unjudgeable),
    }


def _reasons(unjudgeable: Iterable[tuple[str, str, str]]) -> list[dict[str, str]] | None:
    found = [{"clock": clock, "reason": reason, "agreement_id": of} for clock, reason, of in unjudgeable]
    return found or None


def _clock(entry: TicketClock, partition: int) -> dict[str, Any]:
    clock, terms, published = entry.clock, entry.clock.target, entry.published
    target_id, ticket, ordinal = entry.key
    return {
        "target_id": target_id,
        "ticket": ticket,
        "ordinal": ordinal,
        "partition": partition,
        "agreement_id": terms.agreement_id,
        "version": terms.version,
        "owner_party_id": entry.owner_party_id,
        "provider_party_id": terms.provider_party_id,
        "customer_party_id": terms.customer_party_id,
        "source": entry.source,
        "number": entry.ticket,
        "clock": terms.clock.clock if terms.clock else "",
        "state": clock.state,
        "started_at": clock.started_at,
        "deadline_at": clock.deadline_at,
        "stopped_at": clock.stopped_at,
        "breached_at": clock.breached_at,
        "changed_at": clock.changed_at,
        "due_at": entry.due_at,
        "elapsed_calendar": clock.elapsed_calendar,
        "elapsed_service": clock.elapsed_service,
        "pauses": clock.pauses,
        "target_key": terms.key,
        "service_id": terms.service_id,
        "at_risk_at": entry.at_risk_at,
        "past_due": clock.past_due,
        "excused": entry.excused,
        "is_stint": terms.clock is not None and terms.clock.each_assignment,
        "net_calendar": clock.net_calendar,
        "net_service": clock.net_service,
        "told": {"warned": published.warned, "escalated": published.escalated, "risks": published.risks},
    }
