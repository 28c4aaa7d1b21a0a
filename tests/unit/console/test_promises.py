"""Targets as sentences, and the blanks that people change."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views import promises
from tests.unit.console.negotiated import READER, available, resolved

FAST = {
    "key": "fast",
    "title": "Fast",
    "aggregation": {"share_at_most": "300"},
    "indicator": {"key": "latency", "unit": "ms"},
    "objective": {"at_least": "95", "unit": "percent"},
    "window": {"rolling": "P28D"},
}


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (available(), "Available at least 99.9 % of each month"),
        (
            {**available("99.50"), "service_hours": "business"},
            "Available at least 99.50 % of the hours “business” in each month",
        ),
        (resolved(), "P1 incidents: resolved within 4 h"),
        (
            {**resolved(), "clock": "response", "service_hours": "desk"},
            "P1 incidents: first answer within 4 h, during the hours “desk”",
        ),
        ({**resolved(), "applies_to": {}}, "Incidents: resolved within 4 h"),
        (FAST, "Answers within 300 ms in at least 95 % of cases in any 28 days"),
        (
            {**available(), "window": {"calendar": "month", "begin": 15, "at": "12:00"}},
            "Available at least 99.9 % of each month, counted from day 15 at 12:00",
        ),
        (
            {**available(), "window": {"calendar": "week", "begin": "sunday"}},
            "Available at least 99.9 % of each week, counted from Sunday",
        ),
        (
            {**available(), "window": {"calendar": "day", "at": "06:30"}},
            "Available at least 99.9 % of each day, counted from 06:30",
        ),
        (
            {**available(), "ignore_outages_shorter_than": "PT5M"},
            "Available at least 99.9 % of each month; outages shorter than 5 min do not count",
        ),
        (
            {**available(), "ignore_outages_shorter_than": "PT5M", "short_outages": "excess"},
            "Available at least 99.9 % of each month; of each outage only what exceeds 5 min counts",
        ),
        (
            {**FAST, "aggregation": "count", "objective": {"at_most": "3"}, "window": {"calendar": "quarter"}},
            "at most 3 occurrences in each quarter",
        ),
    ],
)
def test_a_target_is_a_sentence(terms: dict[str, Any], said: str) -> None:
    assert promises.sentence(READER, terms) == said


def test_the_blanks_hold_what_people_type() -> None:
    promise = promises.promise_of(READER, available())
    assert (promise.limit, promise.unit, promise.period) == ("99.9", "%", "month")
    clock = promises.promise_of(READER, resolved())
    assert (clock.limit, clock.unit, clock.period) == ("4 h", "", "")


def test_a_changed_limit_changes_nothing_else() -> None:
    made = promises.changed(available(), "99,95 %", "quarter")
    assert made == {
        **available(),
        "objective": {"at_least": "99.95", "unit": "percent"},
        "window": {"calendar": "quarter"},
    }
    assert promises.changed(resolved(), "90 min", "") == resolved("PT1H30M")
    billed = {**available(), "window": {"calendar": "month", "begin": 15}}
    assert promises.changed(billed, "99.9", "month") == billed


@pytest.mark.parametrize(
    ("terms", "limit", "period", "wrong"),
    [(available(), "much", "", "limit"), (available(), "", "decade", "period"), (resolved(), "soon", "", "limit")],
)
def test_what_cannot_be_read_is_named(terms: dict[str, Any], limit: str, period: str, wrong: str) -> None:
    assert promises.changed(terms, limit, period) == wrong


def test_text_of_the_api_that_no_sentence_knows_is_still_said() -> None:
    terms = {**FAST, "aggregation": {"p95": {}}, "objective": {"less_than": "200", "unit": "ms"}}
    assert promises.sentence(READER, terms) == "less than 200 ms in any 28 days"
