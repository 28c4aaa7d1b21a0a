"""Shapes of facts: columns of measured values, and single facts of the kinds that are stored one by one."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from slm_events.instants import UtcMicroseconds

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def hash_fact_content(content: Mapping[str, Any]) -> str:
    """Return the identity of a fact that has no id: 128 bits of the SHA-256 of its content. The same message sent twice
    is therefore one fact.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "#" + hashlib.sha256(text.encode()).hexdigest()[:32]


FAILED = math.inf
"""The value of a failed probe. The value exceeds every limit; mean, maximum and minimum leave it out. NaN cannot be
used: NaN is not equal to itself, so the same failure delivered twice would count as two rows.
"""
CATEGORY = "category"
"""The name of the label that holds the category of an occurrence."""
_APART = "\x1f"


def name_labelled_series(subject: str, labels: Mapping[str, str]) -> str:
    """Return the name of an indicator's series under these labels; without labels it is the indicator's subject."""
    return _APART.join([subject, *(f"{name}={labels[name]}" for name in sorted(labels))])


def parse_series_indicator(subject: str) -> str:
    """Return the indicator's subject from the name of one of its series, which ``name_labelled_series`` built."""
    return subject.partition(_APART)[0]


def parse_series_labels(subject: str) -> dict[str, str]:
    """Return the labels in the name of a series, which ``name_labelled_series`` built.

    The name of a label never contains an equals sign, but its value may.
    """
    pairs = (part.partition("=") for part in subject.split(_APART)[1:])
    return {name: value for name, _, value in pairs}


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that is stored by itself: a state change, an outage, a ticket event.

    ``subject`` is ``<owner>/<indicator>`` or ``<owner>/<source>/<ticket>``; ``at`` and ``recorded_at`` are microseconds
    since 1970 UTC. If several facts have one key, the fact with the highest ``rank`` is valid, so the order of arrival
    never matters.
    """

    subject: str
    key: str
    at: UtcMicroseconds
    body: Mapping[str, Any]
    revision: int = 0
    recorded_at: UtcMicroseconds = 0

    @property
    def rank(self) -> tuple[int, int, str]:
        return (self.revision, self.recorded_at, hash_fact_content(self.body))


def is_fact_summed_by_minute(fact: Fact) -> bool:
    """Whether a fact belongs to an indicator whose values are summed by the minute.

    Such a fact has ``rows``, ``cumulative`` or ``histogram`` in its body. A retraction has no values, so its field
    ``counted`` says whether the indicator is summed by the minute.
    """
    return any(name in fact.body for name in ("rows", "cumulative", "histogram")) or bool(fact.body.get("counted"))


@dataclass(frozen=True, slots=True)
class MeasuredValues:
    """Measured values of many indicators, as columns of equal length.

    ``subjects[slot[i]]`` names the series of row i (see ``name_labelled_series``), ``at`` is in microseconds UTC.
    ``value`` is the measured value, the number of occurrences, or the number of good events out of ``out_of`` events.
    ``out_of`` is NaN in rows that do not count good events, and None if no row does. Rows have no id: series, instant
    and content identify a row.
    """

    subjects: Sequence[str]
    slot: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    out_of: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.at)

    def selected(self, rows: npt.NDArray[Any]) -> MeasuredValues:
        """Return the rows at these positions, or where this mask is true. The list of subjects stays the same."""
        picked = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        out_of = None if self.out_of is None else self.out_of[picked]
        return MeasuredValues(self.subjects, self.slot[picked], self.at[picked], self.value[picked], out_of)


def concatenate_value_batches(parts: Sequence[MeasuredValues]) -> MeasuredValues:
    """Concatenate batches of measured values into one batch with one list of subjects."""
    if len(parts) == 1:
        return parts[0]
    numbers: dict[str, int] = {}
    slots = []
    for part in parts:
        mapping = np.array([numbers.setdefault(subject, len(numbers)) for subject in part.subjects], dtype=np.int32)
        slots.append(mapping[part.slot] if len(part) else part.slot)
    out_of = None
    if any(part.out_of is not None for part in parts):
        out_of = np.concatenate([np.full(len(part), np.nan) if part.out_of is None else part.out_of for part in parts])
    return MeasuredValues(
        list(numbers),
        np.concatenate(slots) if slots else np.empty(0, dtype=np.int32),
        np.concatenate([part.at for part in parts]) if parts else np.empty(0, dtype=np.int64),
        np.concatenate([part.value for part in parts]) if parts else np.empty(0, dtype=np.float64),
        out_of,
    )
