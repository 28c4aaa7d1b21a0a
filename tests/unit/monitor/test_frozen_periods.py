"""Frozen critical periods: which planned maintenance touches one of their occurrences."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from slm_monitor.domain.exclusions.frozen_periods import find_frozen_occurrence
from tests.support.monitor import at, available, finalized

NIGHT = {"dates": [{"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}]}
OCCURRENCE = (at("2026-11-03T17:00"), at("2026-11-04T01:00"))
"""The night in UTC: Berlin is one hour ahead in November."""


def version(number: int = 1, effective: str = "2026-11-01T00:00", **period: Any) -> dict[str, Any]:
    periods = [{"key": "night", "title": "Election night", "freeze": True, "occurrences": NIGHT, **period}]
    changed = {"version": number, "effective_at": f"{effective}:00Z", "timezone": "Europe/Berlin"}
    return asdict(finalized(available(), **{**changed, "critical_periods": periods}))


@pytest.mark.parametrize(
    ("start", "end", "is_frozen"),
    [
        ("2026-11-03T15:00", "2026-11-03T17:00", False),  # ends as the night begins
        ("2026-11-03T15:00", "2026-11-03T17:01", True),
        ("2026-11-03T20:00", "2026-11-03T21:00", True),
        ("2026-11-04T00:59", "2026-11-04T04:00", True),
        ("2026-11-04T01:00", "2026-11-04T04:00", False),  # begins as the night ends
        ("2026-11-02T00:00", "2026-11-06T00:00", True),
    ],
)
def test_maintenance_may_touch_neither_end_of_an_occurrence(start: str, end: str, is_frozen: bool) -> None:
    found = find_frozen_occurrence([(at(start), at(end))], [version()])
    assert (found is not None) == is_frozen
    if found is not None:
        assert (found.title, found.occurrence, found.requested) == ("Election night", OCCURRENCE, (at(start), at(end)))
        assert "2026-11-03T17:00:00.000000Z to 2026-11-04T01:00:00.000000Z" in found.explain_remedy()


def test_a_period_without_freeze_allows_maintenance() -> None:
    assert find_frozen_occurrence([OCCURRENCE], [version(freeze=False)]) is None


def test_terms_older_than_the_clause_allow_maintenance() -> None:
    older = {name: value for name, value in version().items() if name != "critical_periods"}
    assert find_frozen_occurrence([OCCURRENCE], [older]) is None


def test_one_touching_occurrence_of_recurring_maintenance_is_found() -> None:
    nightly = [(at(f"2026-11-0{day}T22:00"), at(f"2026-11-0{day}T23:00")) for day in range(1, 6)]
    found = find_frozen_occurrence(nightly, [version()])
    assert found is not None and found.requested == nightly[2]


def test_each_version_freezes_only_the_time_in_which_it_applies() -> None:
    # The second version takes effect at 20:00 UTC, in the middle of the night, and freezes nothing.
    versions = [version(2, "2026-11-03T20:00", freeze=False), version(1)]
    assert find_frozen_occurrence([(at("2026-11-03T19:00"), at("2026-11-03T20:00"))], versions) is not None
    assert find_frozen_occurrence([(at("2026-11-03T20:00"), at("2026-11-03T21:00"))], versions) is None
    assert find_frozen_occurrence([(at("2026-11-03T19:00"), at("2026-11-03T21:00"))], versions) is not None


def test_a_frozen_period_applies_from_the_version_that_has_it() -> None:
    versions = [version(1, freeze=False), version(2, "2026-11-03T20:00")]
    assert find_frozen_occurrence([(at("2026-11-03T18:00"), at("2026-11-03T20:00"))], versions) is None
    assert find_frozen_occurrence([(at("2026-11-03T20:00"), at("2026-11-03T21:00"))], versions) is not None
