"""Urgency follows from the deadline and the reader's day and week; months follow from the reader's time zone."""

from __future__ import annotations

import itertools
from zoneinfo import ZoneInfo

import pytest

from slm_monitor.domain.lifecycle import urgency
from tests.support.monitor import HOUR, at

# A Thursday.
NOW = at("2026-11-05T10:00")


@pytest.mark.parametrize(
    ("deadline", "expected"),
    [
        (at("2026-11-05T09:00"), "now"),
        (NOW + 4 * HOUR, "now"),
        (NOW + 4 * HOUR + 1, "today"),
        (at("2026-11-05T23:59"), "today"),
        (at("2026-11-06T00:00"), "this_week"),
        (at("2026-11-08T23:59"), "this_week"),
        (at("2026-11-09T00:00"), "later"),
        (None, "later"),
    ],
)
def test_an_item_is_as_urgent_as_its_deadline_is_near(deadline: int | None, expected: str) -> None:
    assert urgency.compute_urgency_horizon(NOW, ZoneInfo("UTC")).urgency_of(deadline) == expected


def test_the_day_ends_at_midnight_of_the_reader() -> None:
    horizon = urgency.compute_urgency_horizon(NOW, ZoneInfo("Europe/Zurich"))
    assert horizon.today_end == at("2026-11-05T23:00")
    assert horizon.week_end == at("2026-11-08T23:00")


def test_twelve_months_follow_one_another_up_to_the_present_one() -> None:
    months = urgency.list_months_until(NOW, ZoneInfo("Europe/Zurich"))
    assert [months[0].name, months[-1].name, len(months)] == ["2025-12", "2026-11", 12]
    assert all(one.end == other.start for one, other in itertools.pairwise(months))
    assert (months[-1].start, months[-1].end) == (at("2026-10-31T23:00"), at("2026-11-30T23:00"))
