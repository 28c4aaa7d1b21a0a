"""Lengths of time in people's words and back."""

from __future__ import annotations

import pytest

from slm_console.views import durations
from slm_console.views.reader import Reader

READER = Reader(0)


@pytest.mark.parametrize(
    ("iso", "words"),
    [
        ("PT4H", "4 h"),
        ("PT1H30M", "1 h 30 min"),
        ("P28D", "28 days"),
        ("P1D", "1 day"),
        ("P3M", "3 months"),
        ("x", "x"),
    ],
)
def test_a_duration_is_said_in_words(iso: str, words: str) -> None:
    assert durations.in_words(READER, iso) == words


@pytest.mark.parametrize(
    ("typed", "iso"),
    [
        ("4h", "PT4H"),
        ("4 hours", "PT4H"),
        ("1,5 h", "PT1H30M"),
        ("90 min", "PT1H30M"),
        ("1 h 30 min", "PT1H30M"),
        ("2 days", "P2D"),
        ("PT4H", "PT4H"),
    ],
)
def test_what_people_type_is_understood(typed: str, iso: str) -> None:
    assert durations.written(typed) == iso


@pytest.mark.parametrize("typed", ["", "4", "soon", "0 h", "4 h or so", "P"])
def test_what_is_no_length_is_refused(typed: str) -> None:
    assert durations.written(typed) is None


@pytest.mark.parametrize(
    ("within", "words"),
    [
        ({"calendar": "PT4H"}, "4 h"),
        ({"service_time": "PT4H"}, "4 h of service time"),
        ({"business_days": 2}, "2 working days"),
        ({"business_days_end": 1}, "the end of 1 working day"),
        ({"due_at": "due"}, "the date in the ticket"),
    ],
)
def test_a_deadline_is_said_in_words(within: dict[str, object], words: str) -> None:
    assert durations.limit_in_words(READER, within) == words
