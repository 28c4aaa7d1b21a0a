"""Days as people type them. A day without a year is the next day with this date, counted from yesterday."""

from __future__ import annotations

from datetime import date

import pytest

from slm_console.views.reader import Reader
from slm_console.views.sentences import typed


@pytest.mark.parametrize(
    ("text", "today", "meant"),
    [
        ("31.12.", date(2027, 1, 1), date(2026, 12, 31)),
        ("31 Dec", date(2027, 1, 2), date(2027, 12, 31)),
        ("1.1.", date(2027, 1, 1), date(2027, 1, 1)),
        ("5.3.", date(2027, 1, 1), date(2027, 3, 5)),
        ("4/3", date(2027, 3, 5), date(2027, 3, 4)),
        ("3/3", date(2027, 3, 5), date(2028, 3, 3)),
        ("3/3/2027", date(2027, 3, 5), date(2027, 3, 3)),
    ],
)
def test_a_day_without_a_year_is_the_next_one_counted_from_yesterday(text: str, today: date, meant: date) -> None:
    assert typed.day(Reader(0), text, today) == meant
