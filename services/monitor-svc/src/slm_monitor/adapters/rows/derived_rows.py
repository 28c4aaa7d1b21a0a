"""Rows of the members of derived targets, and messages that a member has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

from slm_monitor.adapters.rows.ticket_rows import COUNTED
from slm_monitor.application.state.partition_step import DependencyChange
from slm_monitor.application.state.ports import MemberWindow
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED
from slm_monitor.domain.rolling.missed_runs import MissedRun

_TELL = """
INSERT INTO judge_inbox (partition, kind, ref)
SELECT partition, 'derived', jsonb_build_object('target_id', target, 'since', since)
  FROM unnest($1::int[], $2::text[], $3::bigint[]) AS news (partition, target, since)
"""
MEMBER_WINDOWS = """
SELECT target_id, window_id, verdict, figure, closed_at,
       (SELECT min(certain_at) FROM breach
         WHERE breach.target_id = target_window.target_id AND breach.window_id = target_window.window_id
           AND breach.version = target_window.version AND breach.level = 'objective' AND breach.standing) AS breached_at
  FROM target_window WHERE target_id = ANY($1) AND window_id = ANY($2)
"""
MEMBER_RUNS = """
SELECT target_id, ordinal, until FROM breach
 WHERE target_id = ANY($1) AND window_id = $2 AND level = 'objective' AND standing ORDER BY ordinal
"""
CLOCKS_ENDED = f"""
SELECT ticket, ended_at, is_met FROM ({COUNTED}) AS ended
 WHERE ended_at >= $3 AND ended_at < $4 AND ended_at <= $2 ORDER BY ticket, ended_at
"""


def member_runs(rows: Sequence[asyncpg.Record]) -> Mapping[str, Sequence[MissedRun]]:
    """Target → its runs of missed minutes. A run that has not recovered is open-ended."""
    runs: dict[str, list[MissedRun]] = {}
    for target_id, first, until in rows:
        runs.setdefault(target_id, []).append(MissedRun(first, OPEN_ENDED if until is None else until // MINUTE - 1))
    return runs


async def send_to_inboxes(driver: asyncpg.Connection, news: Sequence[DependencyChange]) -> None:
    """Put each change of a member into the inbox of the partition that evaluates the derived target."""
    if news:
        await driver.execute(
            _TELL, [each.partition for each in news], [each.target_id for each in news], [each.since for each in news]
        )


def member_windows(rows: Sequence[asyncpg.Record]) -> Mapping[tuple[str, str], MemberWindow]:
    return {
        (row["target_id"], row["window_id"]): MemberWindow(
            row["verdict"], row["figure"], row["closed_at"], row["breached_at"]
        )
        for row in rows
    }
