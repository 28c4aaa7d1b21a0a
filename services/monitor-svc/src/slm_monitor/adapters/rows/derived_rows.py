"""Rows of the members of derived targets, and the messages that inform derived targets of changes of their members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

from slm_monitor.adapters.rows.ticket_rows import ENDED_CLOCKS
from slm_monitor.application.state.partition_step import DependencyChangeMessage
from slm_monitor.application.state.ports import MemberTargetWindow
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED
from slm_monitor.domain.rolling.missed_runs import MissedMinuteRun

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
SELECT ticket, ended_at, is_met FROM ({ENDED_CLOCKS}) AS ended
 WHERE ended_at >= $3 AND ended_at < $4 AND ended_at <= $2 ORDER BY ticket, ended_at
"""


def read_member_runs_from_rows(rows: Sequence[asyncpg.Record]) -> Mapping[str, Sequence[MissedMinuteRun]]:
    """Return target id → its runs of missed minutes. A run that has not recovered ends at OPEN_ENDED."""
    runs: dict[str, list[MissedMinuteRun]] = {}
    for target_id, first, until in rows:
        runs.setdefault(target_id, []).append(
            MissedMinuteRun(first, OPEN_ENDED if until is None else until // MINUTE - 1)
        )
    return runs


async def send_dependency_changes_to_inboxes(
    driver: asyncpg.Connection, news: Sequence[DependencyChangeMessage]
) -> None:
    """Tell partitions that members of derived targets have changed.

    Each change is put into the inbox of the partition that evaluates the derived target of that member.
    """
    if news:
        await driver.execute(
            _TELL, [each.partition for each in news], [each.target_id for each in news], [each.since for each in news]
        )


def read_member_windows_from_rows(rows: Sequence[asyncpg.Record]) -> Mapping[tuple[str, str], MemberTargetWindow]:
    return {
        (row["target_id"], row["window_id"]): MemberTargetWindow(
            row["verdict"], row["figure"], row["closed_at"], row["breached_at"]
        )
        for row in rows
    }
