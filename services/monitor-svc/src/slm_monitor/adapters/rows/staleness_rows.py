"""Rows of stale indicators, and the instant of the latest data of each indicator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

_STALE = """
INSERT INTO staleness (subject, partition, since) VALUES ($1, $2, $3)
ON CONFLICT (subject) DO UPDATE SET since = excluded.since
"""
WATCHED = "SELECT subject FROM indicator WHERE stale_after IS NOT NULL"
LAST_SIGNALS = """
SELECT subject, stale_after,
       greatest(
           (SELECT max(coalesce((body ->> 'to')::bigint, at)) FROM fact
             WHERE fact.subject = indicator.subject AND NOT body ? 'retracted'),
           (SELECT max(high_water) FROM series_state WHERE series_state.indicator = indicator.subject)
       ) AS last
  FROM indicator WHERE subject = ANY($1) AND stale_after IS NOT NULL
"""
LAST_HEARD = """
SELECT subject,
       greatest(
           (SELECT max(coalesce((body ->> 'to')::bigint, at)) FROM fact
             WHERE fact.subject = asked.subject AND NOT body ? 'retracted'),
           (SELECT max(high_water) FROM series_state WHERE series_state.indicator = asked.subject)
       ) AS last
  FROM unnest(CAST(:subjects AS text[])) AS asked (subject)
"""
"""The latest data of any indicators, whether they have a ``stale_after`` or not."""
NOTHING_YET = -(2**61)


async def stale_indicators(driver: asyncpg.Connection, partition: int) -> Mapping[str, int]:
    """The indicators of a partition that were published as stale → since when."""
    rows = await driver.fetch("SELECT subject, since FROM staleness WHERE partition = $1", partition)
    return {row["subject"]: row["since"] for row in rows}


async def write_silences(driver: asyncpg.Connection, partition: int, silences: Mapping[str, int | None]) -> None:
    """Store that indicators are stale since an instant, or (None) that they no longer are."""
    rows = [(subject, partition, since) for subject, since in sorted(silences.items()) if since is not None]
    if rows:
        await driver.executemany(_STALE, rows)
    resumed = [subject for subject, since in silences.items() if since is None]
    if resumed:
        await driver.execute("DELETE FROM staleness WHERE subject = ANY($1)", resumed)


def last_signals(rows: Sequence[asyncpg.Record]) -> Mapping[str, tuple[int, int | None]]:
    """Subject → (``stale_after``, instant of its latest data or None)."""
    return {
        row["subject"]: (row["stale_after"], None if row["last"] is None or row["last"] < NOTHING_YET else row["last"])
        for row in rows
    }
