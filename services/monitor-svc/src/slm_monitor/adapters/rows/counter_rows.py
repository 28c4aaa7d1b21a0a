"""Look-ups of the intake: counter readings around an interval, and the limits that targets compare values with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from slm_monitor.domain.facts.facts import indicator_of, labels_in_name
from slm_monitor.domain.series import classifiers

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


AROUND, AROUND_AS_KNOWN = _around(_NOW), _around(_THEN)
"""The readings of a stream from $3 to $4, with the one before and the one after. AROUND_AS_KNOWN: only what had been
received by $5."""


def arguments(stream: str, first: int, last: int) -> tuple[Any, ...]:
    """The first four parameters of AROUND and AROUND_AS_KNOWN."""
    return indicator_of(stream), msgspec.json.encode(labels_in_name(stream)).decode(), first, last


TARGETS = "SELECT indicator, terms -> 'aggregation', terms -> 'objective' FROM target WHERE indicator = ANY($1)"


def limits(rows: Sequence[Any]) -> dict[str, frozenset[tuple[str, float]]]:
    """Indicator → the comparisons, as (kind, limit), that its targets apply to each value."""
    found: dict[str, set[tuple[str, float]]] = {}
    for indicator, aggregation, objective in rows:
        compared = classifiers.value_comparison(aggregation, objective)
        if compared is not None:
            found.setdefault(indicator, set()).add(compared)
    return {indicator: frozenset(each) for indicator, each in found.items()}
