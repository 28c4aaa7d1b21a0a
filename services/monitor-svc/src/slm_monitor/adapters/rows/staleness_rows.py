"""Rows of stale indicators, and queries for the instant of the latest data of each indicator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

_STALE = """
INSERT INTO staleness (subject, partition, since) VALUES ($1, $2, $3)
ON CONFLICT (subject) DO UPDATE SET since = excluded.since
"""
OUTAGE_END = "CASE WHEN body ->> 'to' ~ '^[0-9]+$' THEN (body ->> 'to')::bigint END"
"""SQL for the end of a stored outage in microseconds; null for other facts, and for an end that is not a number."""
WATCHED_INDICATORS = "SELECT subject FROM indicator WHERE stale_after IS NOT NULL"
LATEST_DATA_OF_WATCHED_INDICATORS = f"""
SELECT subject, stale_after,
       greatest(
           (SELECT max(coalesce({OUTAGE_END}, at)) FROM fact
             WHERE fact.subject = indicator.subject AND NOT body ? 'retracted'),
           (SELECT max(high_water) FROM series_state WHERE series_state.indicator = indicator.subject)
       ) AS last
  FROM indicator WHERE subject = ANY($1) AND stale_after IS NOT NULL
"""
LATEST_DATA_OF_INDICATORS = f"""
SELECT subject,
       greatest(
           (SELECT max(coalesce({OUTAGE_END}, at)) FROM fact
             WHERE fact.subject = asked.subject AND NOT body ? 'retracted'),
           (SELECT max(high_water) FROM series_state WHERE series_state.indicator = asked.subject)
       ) AS last
  FROM unnest(CAST(:subjects AS text[])) AS asked (subject)
"""
"""SQL for the instant of the latest data of each indicator in ``:subjects``, with or without a ``stale_after``."""
NOTHING_YET = -(2**61)


async def fetch_stale_indicators(driver: asyncpg.Connection, partition: int) -> Mapping[str, int]:
    """Return indicator → the instant from which it was published as stale, for the indicators of a partition."""
    rows = await driver.fetch("SELECT subject, since FROM staleness WHERE partition = $1", partition)
    return {row["subject"]: row["since"] for row in rows}


async def write_stale_indicators(
    driver: asyncpg.Connection, partition: int, silences: Mapping[str, int | None]
) -> None:
    """Store for each indicator the instant from which it is stale; None if it is not stale any more."""
    rows = [(subject, partition, since) for subject, since in sorted(silences.items()) if since is not None]
    if rows:
        await driver.executemany(_STALE, rows)
    resumed = [subject for subject, since in silences.items() if since is None]
    if resumed:
        await driver.execute("DELETE FROM staleness WHERE subject = ANY($1)", resumed)


def read_last_signals_from_rows(rows: Sequence[asyncpg.Record]) -> Mapping[str, tuple[int, int | None]]:
    """Return subject → (``stale_after``, instant of the latest data or None), both in microseconds."""
    return {
        row["subject"]: (row["stale_after"], None if row["last"] is None or row["last"] < NOTHING_YET else row["last"])
        for row in rows
    }
