"""Queries for the summary: what is down, at risk, breached or waiting among all targets that the caller may see.

Every query aggregates rows or limits their number, because the first page must be answered in 0.3 s even with ten
thousand targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_chassis.database import Database
from slm_monitor.adapters.queries.customer_views import LIVE_SHOWN, RISK_SHOWN, WARNINGS_SHOWN
from slm_monitor.adapters.queries.read_tables import HAS_WINDOWS
from slm_monitor.adapters.rows.staleness_rows import OUTAGE_END
from slm_monitor.application.reading.summary import VERDICTS, Rows, SummaryQuestion, SummaryRows
from slm_monitor.domain.lifecycle.urgency import URGENT_WITHIN

_HALF_A_MONTH = 15 * 86_400_000_000
_VISIBLE = """
       (:sees_all OR {0}.provider_party_id = :me OR {0}.customer_party_id = :me)
   AND (CAST(:scope AS text) IS NULL OR {0}.provider_party_id = :scope OR {0}.customer_party_id = :scope)
"""

_TARGETS = _VISIBLE.format("target")
_WATCHING = f"""
    SELECT target.target_id, target.agreement_id, target.service_id, target.indicator, target.labels
      FROM target JOIN target_window AS judged USING (target_id)
     WHERE judged.closed_at IS NULL AND judged.start <= :now AND judged."end" > :now AND target.indicator IS NOT NULL
       AND {HAS_WINDOWS}
       AND {_TARGETS} AND {LIVE_SHOWN.format("target")}
"""
"""SQL for the targets that use an indicator and have an open window whose figures the caller may see. A target with
``group_by`` is replaced by its instances, because only they have windows.
"""

_LABELLED = "(watched.labels = '{}' OR coalesce(fact.body -> 'labels', '{}') @> watched.labels)"
_STREAMS = f"""
WITH watching AS ({_WATCHING}), watched AS (
    SELECT indicator, labels, array_agg(DISTINCT service_id) AS service_ids FROM watching GROUP BY indicator, labels
), stated AS (
    SELECT watched.*, indicator.key, outage.since AS outage_since,
           CASE WHEN outage.since IS NOT NULL THEN 'down'
                WHEN staleness.since IS NOT NULL THEN 'unknown'
                ELSE coalesce(latest.state, indicator.initial_state) END AS state
      FROM watched JOIN indicator ON indicator.subject = watched.indicator AND indicator.kind = 'availability'
      LEFT JOIN staleness ON staleness.subject = watched.indicator
      LEFT JOIN LATERAL (
          SELECT body ->> 'state' AS state FROM fact
           WHERE fact.subject = watched.indicator AND fact.at <= :now AND fact.body ? 'state' AND {_LABELLED}
           ORDER BY fact.at DESC, fact.key DESC LIMIT 1) AS latest ON TRUE
      LEFT JOIN LATERAL (
          SELECT min(at) AS since FROM fact
           WHERE fact.subject = watched.indicator AND fact.body ? 'from' AND {OUTAGE_END} > :now
             AND fact.at <= :now AND {_LABELLED}) AS outage ON TRUE
)
SELECT watched.*, run.since AS run_since
  FROM stated AS watched LEFT JOIN LATERAL (
      SELECT min(at) AS since FROM fact
       WHERE watched.state <> 'up' AND fact.subject = watched.indicator AND fact.body ? 'state' AND fact.at <= :now
         AND {_LABELLED}
         AND fact.at > coalesce((
             SELECT fact.at FROM fact
              WHERE fact.subject = watched.indicator AND fact.body ? 'state' AND fact.at <= :now AND {_LABELLED}
                AND fact.body ->> 'state' <> watched.state
              ORDER BY fact.at DESC LIMIT 1), -9223372036854775808)) AS run ON TRUE
"""
"""SQL for the present state, by label value, of every state indicator that a target with an open window uses."""

_AFFECTED = f"""
WITH watching AS ({_WATCHING})
SELECT indicator, labels, service_id, count(*) AS targets, count(DISTINCT agreement_id) AS agreements,
       (array_agg(DISTINCT agreement_id))[1:20] AS agreement_ids, array_agg(target_id) AS target_ids
  FROM watching WHERE indicator = ANY(CAST(:down AS text[])) GROUP BY indicator, labels, service_id
"""
"""SQL for the numbers of targets and agreements that depend on given indicators, by service."""

_SERVICES = f"""
SELECT target.service_id, count(*) AS targets, count(DISTINCT target.agreement_id) AS agreements,
       min(target.agreement_id) AS agreement_id, array_agg(DISTINCT target.provider_party_id) AS provider_party_ids,
       array_agg(DISTINCT target.customer_party_id) AS customer_party_ids
  FROM target WHERE {_TARGETS} GROUP BY target.service_id ORDER BY target.service_id
"""
_STRIP = f"""
WITH seen AS (
    SELECT target_id, service_id, NOT {WARNINGS_SHOWN.format("target")} AS hides_warnings FROM target WHERE {_TARGETS}
), judged AS (
    SELECT service_id, start, "end", verdict FROM target_window JOIN seen USING (target_id)
     WHERE closed_at IS NOT NULL AND "end" > :first
     GROUP BY service_id, start, "end", verdict
    UNION ALL
    SELECT service_id, start, "end",
           CASE WHEN hides_warnings AND verdict = 'at_risk' THEN 'met' ELSE verdict END AS verdict
      FROM target_window JOIN seen USING (target_id)
     WHERE closed_at IS NULL AND "end" > :first AND start <= :now
     GROUP BY 1, 2, 3, 4
), broken AS (
    SELECT breach.service_id, month.number AS month
      FROM breach JOIN target USING (target_id)
      JOIN unnest(CAST(:starts AS bigint[]), CAST(:ends AS bigint[])) WITH ORDINALITY AS month (start, "end", number)
        ON breach.certain_at < month."end"
       AND greatest(breach.certain_at + 1, coalesce(breach.until, CASE WHEN breach.window_id LIKE 'P%'
                                                                       THEN CAST(:now AS bigint) ELSE 0 END))
           > month.start
     WHERE breach.standing AND breach.certain_at <= :now
       AND NOT coalesce(target.terms -> 'window', '{{}}') ?| ARRAY['calendar', 'occurrences_of']
       AND {_TARGETS}
)
SELECT service_id, month, max(array_position(CAST(:verdicts AS text[]), verdict)) AS rank
  FROM (
      SELECT service_id, verdict,
             width_bucket(least("end" - least(("end" - start) / 2, {_HALF_A_MONTH}), :now),
                          CAST(:starts AS bigint[])) AS month
        FROM judged
      UNION ALL SELECT service_id, 'breached', month FROM broken
  ) AS verdicts
 WHERE month >= 1
 GROUP BY service_id, month
"""
"""SQL for the worst verdict of each service in each month.

A window counts in one month: the month of its middle or, if the window is longer than a month, the month half a month
before its end. A breach of a target without calendar windows counts in every month in which the breach lasts. Windows
are grouped by their times before their months are computed, because many windows share few different times.
"""

_LOST = f"""
SELECT DISTINCT ON (service_id) service_id, target_id, sum(total - good)::bigint AS lost
  FROM target_window JOIN target USING (target_id)
 WHERE "end" > :present_start AND start >= :present_start AND start <= :now
   AND target.terms ->> 'aggregation' = 'availability' AND {_TARGETS} AND {LIVE_SHOWN.format("target")}
 GROUP BY service_id, target_id ORDER BY service_id, lost DESC, target_id
"""
"""SQL for the downtime of each service in this month. If a service has several availability targets, the one with the
most downtime counts.
"""

_BREACHES = f"""
SELECT breach.breach_id, breach.target_id, breach.agreement_id, breach.service_id, breach.provider_party_id,
       breach.customer_party_id, breach.window_id, breach.level, breach.certain_at, breach.until, breach.revision,
       breach.document ->> 'target_key' AS target_key, breach.document ->> 'target_title' AS target_title,
       breach.document ->> 'figure_display' AS figure_display, breach.document -> 'ticket' AS ticket,
       breach.document ->> 'responsible_party_id' AS responsible_party_id, target.indicator,
       count(*) OVER () AS count
  FROM breach LEFT JOIN breach_life AS life ON life.breach_id = breach.breach_id AND life.revision = breach.revision
  JOIN target USING (target_id)
 WHERE breach.standing AND coalesce(life.state, 'open') = 'open' AND {_VISIBLE.format("breach")}
 ORDER BY breach.certain_at DESC, breach.breach_id LIMIT :limit
"""
_RISKS = f"""
SELECT * FROM (
    SELECT DISTINCT ON (risk.target_id, risk.window_id)
           risk.risk_id, risk.target_id, risk.agreement_id, risk.service_id, risk.provider_party_id,
           risk.customer_party_id, risk.window_id, risk.cause, risk.threshold, risk.opened_at,
           risk.document ->> 'target_key' AS target_key, risk.document ->> 'target_title' AS target_title,
           risk.document -> 'responsible' AS responsible, risk.document ->> 'deadline_at' AS ticket_deadline_at,
           risk.document -> 'evidence' -> 'ticket' AS ticket,
           coalesce(judged.detail ->> 'exhausted_at', judged.detail ->> 'projected_at',
                    risk.document ->> 'projected_breach_at') AS projected_breach_at,
           judged."end" AS window_end, judged.start AS window_start, judged.display AS figure_display,
           judged.good, judged.total, judged.as_of, judged.detail, judged.version
      FROM risk LEFT JOIN target_window AS judged USING (target_id, window_id)
     WHERE risk.standing AND {_VISIBLE.format("risk")} AND {RISK_SHOWN.format("risk")}
       AND judged.verdict IS DISTINCT FROM 'breached' AND judged.closed_at IS NULL
     ORDER BY risk.target_id, risk.window_id, risk.opened_at, risk.risk_id
) AS one
 ORDER BY projected_breach_at NULLS LAST, window_end, risk_id LIMIT :limit
"""
"""SQL for the earliest open warning of each window of a target. The nearest projected breach comes first."""

_EXCLUSIONS = f"""
SELECT exclusion_id, agreement_id, provider_party_id, customer_party_id, kind, services, stretches, text,
       requested_by_party_id, requested_at, decide_by_at, if_silent, count(*) OVER () AS count
  FROM exclusion
 WHERE state = 'requested' AND requested_by_party_id <> :me AND NOT :sees_all AND {_VISIBLE.format("exclusion")}
 ORDER BY decide_by_at NULLS LAST, requested_at, exclusion_id LIMIT :limit
"""
_STALE = f"""
SELECT indicator.subject, indicator.owner_party_id, indicator.key, indicator.kind, indicator.service_id,
       staleness.since, count(*) OVER () AS count
  FROM staleness JOIN indicator USING (subject)
 WHERE (:sees_all OR indicator.owner_party_id = :me)
   AND (CAST(:scope AS text) IS NULL OR indicator.owner_party_id = :scope
        OR EXISTS (SELECT FROM target WHERE target.indicator = indicator.subject AND {_TARGETS}))
 ORDER BY staleness.since, indicator.subject LIMIT :limit
"""
_TICKETS = f"""
SELECT clock.source, clock.number, clock.owner_party_id, clock.ticket, clock.target_id, clock.target_key, clock.clock,
       clock.agreement_id, clock.service_id, clock.provider_party_id, clock.customer_party_id, clock.deadline_at,
       clock.started_at, ticket.priority, ticket.state, ticket.team,
       CASE WHEN :sees_all OR ticket.owner_party_id = :me OR ticket.readers ->> CAST(:me AS text) = 'whole'
            THEN ticket.held_by ELSE ticket.team END AS held_by
  FROM clock JOIN ticket ON ticket.subject = clock.ticket
 WHERE clock.state = 'running' AND clock.deadline_at > :now AND clock.deadline_at < :until
   AND {_VISIBLE.format("clock")}
   AND (:sees_all OR ticket.owner_party_id = :me OR ticket.readers ? :me)
 ORDER BY clock.deadline_at, clock.target_id, clock.ticket, clock.ordinal LIMIT :limit
"""
_COUNTS = f"""
SELECT (SELECT count(*) FROM target WHERE {_TARGETS}) AS targets,
       (SELECT count(DISTINCT agreement_id) FROM target WHERE {_TARGETS}) AS agreements,
       (SELECT count(*) FROM breach WHERE standing AND {_VISIBLE.format("breach")}
           AND NOT EXISTS (SELECT FROM breach_life AS life WHERE life.breach_id = breach.breach_id
                              AND life.revision = breach.revision AND life.state = 'closed')) AS breaches_not_closed,
       (SELECT count(DISTINCT (risk.target_id, risk.window_id)) FROM risk
          LEFT JOIN target_window AS judged USING (target_id, window_id)
         WHERE risk.standing AND judged.verdict IS DISTINCT FROM 'breached' AND judged.closed_at IS NULL
           AND {_VISIBLE.format("risk")} AND {RISK_SHOWN.format("risk")}) AS risks,
       (SELECT count(DISTINCT clock.ticket) FROM clock WHERE clock.state = 'running' AND clock.deadline_at > :now
           AND clock.deadline_at <= :near AND {_VISIBLE.format("clock")}) AS tickets_due_in_4_h,
       (SELECT count(DISTINCT clock.ticket) FROM clock WHERE clock.state = 'running' AND clock.deadline_at > :now
           AND clock.deadline_at < :today_end AND {_VISIBLE.format("clock")}) AS tickets_due_today
"""
_NAMES = """
SELECT DISTINCT ON (agreement_id) agreement_id, title, provider_name, customer_name, service_id, service_name,
       recorded_by_party_id,
       CASE WHEN recorded_by_party_id = provider_party_id THEN provider_name ELSE customer_name END AS recorded_by,
       CASE WHEN recorded_by_party_id = provider_party_id THEN customer_name ELSE provider_name END AS not_confirmed_by
  FROM agreement_terms WHERE agreement_id = ANY(CAST(:ids AS text[])) ORDER BY agreement_id, version DESC
"""


class SummaryQueries:
    """Queries for the summary, all on one snapshot of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, asked: SummaryQuestion) -> SummaryRows:
        """Return all rows of a summary, as of one instant of the database."""
        given = _parameters(asked)
        async with self._database.read() as connection:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            found = {name: await _fetched(connection, query, given) for name, query in _QUERIES.items()}
            counts = (await _fetched(connection, _COUNTS, given))[0]
            given["down"] = sorted({row["indicator"] for row in found["streams"] if row["state"] == "down"})
            found["affected"] = await _fetched(connection, _AFFECTED, given) if given["down"] else []
            ids = {row["agreement_id"] for rows in found.values() for row in rows if row.get("agreement_id")}
            ids |= {each for row in found["affected"] for each in row["agreement_ids"]}
            named = await _fetched(connection, _NAMES, {"ids": sorted(ids)})
        return SummaryRows(**found, counts=counts, names={row["agreement_id"]: row for row in named})


_QUERIES = {
    "streams": _STREAMS,
    "services": _SERVICES,
    "strip": _STRIP,
    "lost": _LOST,
    "breaches": _BREACHES,
    "risks": _RISKS,
    "exclusions": _EXCLUSIONS,
    "stale": _STALE,
    "tickets": _TICKETS,
}


def _parameters(asked: SummaryQuestion) -> dict[str, Any]:
    months, horizon = asked.months, asked.horizon
    return {
        "sees_all": asked.caller.is_operator,
        "me": asked.caller.party_id or "",
        "scope": asked.scope,
        "now": horizon.now,
        "near": horizon.now + URGENT_WITHIN,
        "until": max(horizon.today_end, horizon.now + URGENT_WITHIN + 1),
        "today_end": horizon.today_end,
        "starts": [month.start for month in months],
        "ends": [month.end for month in months],
        "first": months[0].start,
        # A window of the agreement's time zone may begin up to a day before the reader's month.
        "present_start": months[-1].start - 86_400_000_000,
        "limit": asked.limit,
        "verdicts": list(VERDICTS),
    }


async def _fetched(connection: AsyncConnection, query: str, given: Mapping[str, Any]) -> Rows:
    return [dict(row) for row in (await connection.execute(text(query), given)).mappings()]
