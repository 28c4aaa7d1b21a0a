"""Facts as they are judged: columns of values, and single facts of the kinds that are kept one by one."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def content_key(content: Mapping[str, Any]) -> str:
    """The identity of a fact without an id: the SHA-256 of its content, so that the same message twice is one fact."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "#" + hashlib.sha256(text.encode()).hexdigest()[:32]


FAILED = math.inf
"""The value of a probe that failed: beyond every limit, and outside of mean, maximum and minimum. NaN would not do: it
is not equal to itself, so that the same failure delivered twice would be two."""
CATEGORY = "category"
"""The label under which occurrences are told apart."""
_APART = "\x1f"


def labelled(subject: str, labels: Mapping[str, str]) -> str:
    """The name of an indicator's rows under these labels; without any it is the indicator's."""
    return _APART.join([subject, *(f"{name}={labels[name]}" for name in sorted(labels))])


def indicator_of(subject: str) -> str:
    """The indicator that labelled rows are of."""
    return subject.partition(_APART)[0]


def labels_of(subject: str) -> dict[str, str]:
    """The labels of rows; names have no equals sign."""
    pairs = (part.partition("=") for part in subject.split(_APART)[1:])
    return {name: value for name, _, value in pairs}


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact kept by itself: a state change, an outage, a ticket event. ``subject`` is what it is about:
    ``<owner>/<indicator>`` or ``<owner>/<source>/<ticket>``.

    Of several facts under one key the highest ``rank`` holds, so that order of arrival never matters.
    """

    subject: str
    key: str
    at: int
    body: Mapping[str, Any]
    revision: int = 0
    recorded_at: int = 0

    @property
    def rank(self) -> tuple[int, int, str]:
        return (self.revision, self.recorded_at, content_key(self.body))


def is_counted(fact: Fact) -> bool:
    """Whether a fact of an indicator is summed by the minute, or was."""
    return any(name in fact.body for name in ("rows", "cumulative", "histogram")) or bool(fact.body.get("counted"))


@dataclass(frozen=True, slots=True)
class MeasuredValues:
    """Measured values of many indicators as columns of equal length.

    ``subjects[slot[i]]`` is the indicator of row i (with its labels, see ``labelled``), ``at`` microseconds UTC,
    ``value`` what was measured, how often something occurred, or the good ones of ``of`` in all; ``of`` is NaN in rows
    that are no counts, None where none is. Rows have no id: one is known by its indicator, labels, instant and content.
    """

    subjects: Sequence[str]
    slot: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    of: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.at)

    def taken(self, rows: npt.NDArray[Any]) -> MeasuredValues:
        """The rows at these positions (or under this mask), in the same terms."""
        picked = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        of = None if self.of is None else self.of[picked]
        return MeasuredValues(self.subjects, self.slot[picked], self.at[picked], self.value[picked], of)


def joined_batches(parts: Sequence[MeasuredValues]) -> MeasuredValues:
    """Several batches as one."""
    if len(parts) == 1:
        return parts[0]
    numbers: dict[str, int] = {}
    slots = []
    for part in parts:
        mapping = np.array([numbers.setdefault(subject, len(numbers)) for subject in part.subjects], dtype=np.int32)
        slots.append(mapping[part.slot] if len(part) else part.slot)
    of = None
    if any(part.of is not None for part in parts):
        of = np.concatenate([np.full(len(part), np.nan) if part.of is None else part.of for part in parts])
    return MeasuredValues(
        list(numbers),
        np.concatenate(slots) if slots else np.empty(0, dtype=np.int32),
        np.concatenate([part.at for part in parts]) if parts else np.empty(0, dtype=np.int64),
        np.concatenate([part.value for part in parts]) if parts else np.empty(0, dtype=np.float64),
        of,
    )
