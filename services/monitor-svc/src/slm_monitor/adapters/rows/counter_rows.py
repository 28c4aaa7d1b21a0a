"""Queries of the intake: for counter readings around an interval, and for the limits that targets apply to values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.facts.facts import parse_series_indicator, parse_series_labels

_COLUMNS = "subject, key, at, body, revision, recorded_at"
_OF_STREAM = "subject = $1 AND body -> 'labels' = $2 AND body ? 'cumulative'"
_PLACE = "at {0}, (body ->> 'since')::bigint {0} NULLS {1}, body -> 'cumulative' {0}, key COLLATE \"C\" {0}"
_NOW = f"SELECT {_COLUMNS} FROM fact WHERE {_OF_STREAM} AND at {{0}}"
_THEN = f"""
SELECT {_COLUMNS} FROM fact WHERE {_OF_STREAM} AND at {{0}} AND received_at <= $5
UNION ALL
SELECT {_COLUMNS} FROM fact_superseded
 WHERE {_OF_STREAM} AND at {{0}} AND received_at <= $5 AND superseded_at > $5
"""


def _around(known: str) -> str:
    first, last = _PLACE.format("ASC", "FIRST"), _PLACE.format("DESC", "LAST")
    return f"""
(SELECT * FROM ({known.format("< $3")}) AS earlier ORDER BY {last} LIMIT 1)
UNION ALL
({known.format("BETWEEN $3 AND $4")})
UNION ALL
(SELECT * FROM ({known.format("> $4")}) AS later ORDER BY {first} LIMIT 1)
"""


READINGS_AROUND, READINGS_AROUND_AS_KNOWN = _around(_NOW), _around(_THEN)
"""SQL for the readings of a stream from $3 to $4, with the reading before and the reading after them.

READINGS_AROUND_AS_KNOWN finds only readings that had been received by $5.
"""


def build_reading_arguments(stream: str, first: int, last: int) -> tuple[Any, ...]:
    """Return the first four parameters of the queries READINGS_AROUND and READINGS_AROUND_AS_KNOWN.

    These queries read the counter readings of a stream from ``first`` to ``last`` (microseconds UTC).
    """
    return parse_series_indicator(stream), msgspec.json.encode(parse_series_labels(stream)).decode(), first, last


COMPARISON_TERMS = (
    "SELECT indicator, terms -> 'aggregation', terms -> 'objective' FROM target WHERE indicator = ANY($1)"
)


def list_value_limits_by_indicator(rows: Sequence[Any]) -> dict[str, frozenset[tuple[str, float]]]:
    """Return indicator → the comparisons (kind, limit) that its targets apply to each value."""
    found: dict[str, set[tuple[str, float]]] = {}
    for indicator, aggregation, objective in rows:
        compared = registry.find_value_comparison(aggregation, objective)
        if compared is not None:
            found.setdefault(indicator, set()).add(compared)
    return {indicator: frozenset(each) for indicator, each in found.items()}
