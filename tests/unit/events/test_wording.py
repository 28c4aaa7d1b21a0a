"""Codes of the published language in words: no duration is shown raw, and one thing is not many."""

from __future__ import annotations

from typing import Any

import pytest

from slm_events import wording

WINDOWS = {
    "PT1H": "rolling 1 h",
    "P28D": "rolling 28 d",
    "P1DT2H30M": "rolling 1 d 2 h 30 min",
    "2026-11": "2026-11",
    "2026-11-15/P1M": "1 month from 2026-11-15",
    "2026-11-15/P3M": "3 months from 2026-11-15",
    "election-night/2026-11-03": "election-night/2026-11-03",
    "jira/PT-1": "jira/PT-1",
}
WARNINGS = {
    ("budget_consumed", "50"): "50 % of the budget used",
    ("elapsed", "75"): "75 % of the time used",
    ("burn_rate", "PT1H/PT5M@14.4"): "budget burning more than 14.4 times too fast over 1 h and 5 min",
    ("budget_drop", "20/P1D"): "20 % of the budget used within 1 d",
    ("time_to_exhaustion", "PT72H"): "budget used up in less than 72 h",
    ("below_objective", "objective"): "figure to date misses the objective",
    ("projection", "objective"): "breach expected before the window ends",
    ("some_new_cause", "PT5M"): "some new cause 5 min",
}


@pytest.mark.parametrize(("window_id", "words"), WINDOWS.items())
def test_a_window_is_named_in_words(window_id: str, words: str) -> None:
    assert wording.window_in_words(window_id) == words


@pytest.mark.parametrize(("risk", "words"), WARNINGS.items())
def test_a_warning_says_why(risk: tuple[str, str], words: str) -> None:
    assert wording.warning_in_words(*risk) == words


@pytest.mark.parametrize(
    ("within", "words"),
    [
        ({"service_time": "PT4H"}, "within 4 h of service time"),
        ({"business_days": 1}, "within 1 business day"),
        ({"business_days": 2}, "within 2 business days"),
        ({"business_days_end": 1}, "by close of business, 1 business day later"),
        ({"due_at": "promised_at"}, "by the instant in its field promised_at"),
        ({}, "–"),
    ],
)
def test_a_deadline_is_said_in_words(within: dict[str, Any], words: str) -> None:
    assert wording.deadline_in_words(within) == words


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 breaches"), (1, "1 breach"), (2, "2 breaches"), (1283, "1,283 breaches")]
)
def test_one_thing_is_not_many(number: int, words: str) -> None:
    assert wording.count_in_words(number, "breach", "breaches") == words
