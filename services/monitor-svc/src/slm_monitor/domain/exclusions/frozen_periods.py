"""Frozen critical periods: planned maintenance that touches one of their occurrences may not be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from slm_calendar import critical_periods
from slm_calendar.intervals import Interval
from slm_events import instants
from slm_events.instants import to_text


@dataclass(frozen=True, slots=True)
class FrozenOccurrence:
    """An occurrence of a frozen period, and the requested interval that touches it."""

    title: str
    """Title of the critical period"""
    occurrence: Interval
    requested: Interval

    def explain_remedy(self) -> str:
        """Return why the interval is refused, and what to do instead."""
        start, end = self.occurrence
        return (
            f"choose a time outside {to_text(start)} to {to_text(end)}: this is an occurrence of the critical period "
            f"“{self.title}”, in which the agreement allows no planned maintenance"
        )


def find_frozen_occurrence(
    requested: Sequence[Interval], versions: Sequence[Mapping[str, Any]]
) -> FrozenOccurrence | None:
    """Return the first occurrence of a frozen period that one of the requested intervals touches; None if there is
    none.

    ``versions`` are those of the agreement, as AgreementFinalized publishes them. The periods of a version apply from
    its effective instant until the next version takes effect.
    """
    for start, end, version in _terms_by_time(versions):
        periods = critical_periods.parse_critical_periods(
            version.get("critical_periods") or (), version["timezone"], _instant(version.get("expires_at"))
        )
        frozen = [each for each in periods.values() if each.freeze]
        for interval in requested:
            begins, ends = max(interval[0], start), interval[1] if end is None else min(interval[1], end)
            touched = [(period, each) for period in frozen for each in period.touching(begins, ends)]
            if begins < ends and touched:
                period, each = touched[0]
                return FrozenOccurrence(period.title, (each.start, each.end), interval)
    return None


def _terms_by_time(versions: Sequence[Mapping[str, Any]]) -> list[tuple[int, int | None, Mapping[str, Any]]]:
    """Return (start, end, version) in order of time; the last version has no end."""
    ordered = sorted(versions, key=lambda each: (instants.from_text(each["effective_at"]), each["version"]))
    starts = [instants.from_text(each["effective_at"]) for each in ordered]
    ends: list[int | None] = [later for _, later in pairwise(starts)]
    return list(zip(starts, [*ends, None], ordered, strict=True))


def _instant(text: str | None) -> int | None:
    return None if text is None else instants.from_text(text)
