"""A fast validation of batches that contain only single values. Most batches that collectors send are of this kind.

Only batches without any problem pass. All other batches go to ``validation``, which reports the problems of each item.
Both validations give the same facts; the fast one needs a quarter of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.facts.units import are_same_unit
from slm_monitor.domain.intake.validation import FUTURE_LIMIT

_EXACT_SECONDS = 2.0**32
"""Within ± this many seconds of 1970 (1833 to 2106) a float distinguishes every microsecond."""


@dataclass(frozen=True, slots=True)
class PlainValueColumns:
    """Items with an indicator's key, an instant, a value and an optional unit, as columns of equal length."""

    keys: Sequence[str]
    at: Sequence[datetime]
    value: npt.NDArray[np.float64]
    units: Sequence[str | None]

    def subjects(self, owner: str) -> list[str]:
        """Return the subjects of the indicators, each once, in the order of their first row."""
        return [f"{owner}/{key}" for key in dict.fromkeys(self.keys)]


def validate_plain_values(
    plain: PlainValueColumns, owner: str, lookup: Callable[[str], Indicator | None], now: UtcMicroseconds
) -> MeasuredValues | None:
    """Return the rows of a batch for indicators of ``owner``; None if any item needs the full validation.

    ``now`` is in microseconds since 1970.
    """
    subjects = plain.subjects(owner)
    indicators = [lookup(subject) for subject in subjects]
    if any(indicator is None or indicator.kind != "value" for indicator in indicators):
        return None
    units = {indicator.key: indicator.unit for indicator in indicators if indicator is not None}
    given = set(zip(plain.keys, plain.units, strict=True))
    if any(unit is not None and not are_same_unit(unit, units[key]) for key, unit in given):
        return None
    at = _microseconds(plain.at)
    if at is None or int(at.max()) > now + FUTURE_LIMIT or not np.isfinite(plain.value).all():
        return None
    slots = {key: slot for slot, key in enumerate(dict.fromkeys(plain.keys))}
    return MeasuredValues(subjects, np.array([slots[key] for key in plain.keys], dtype=np.int32), at, plain.value)


def _microseconds(moments: Sequence[datetime]) -> npt.NDArray[np.int64] | None:
    """Return the instants in microseconds, exactly; None if an instant has no UTC offset or lies too far from 1970."""
    if None in {moment.tzinfo for moment in moments}:
        return None
    seconds = np.array([moment.timestamp() for moment in moments])
    if np.abs(seconds).max() >= _EXACT_SECONDS:
        return None
    exact: npt.NDArray[np.int64] = np.rint(seconds * 1_000_000).astype(np.int64)
    return exact
