"""Figures are rounded for people, but never so far that the rounded one would be judged differently."""

from __future__ import annotations

from fractions import Fraction

import pytest
from babel import Locale

from slm_console.views.judgement.figures import beside_figure, figure_in_words, known_part, period_name, so_far
from slm_console.views.reader import Reader
from slm_events.instants import from_text

READER = Reader(from_text("2026-11-26T09:42:00Z"))
AVAILABLE = {"at_least": "99.9", "unit": "percent"}


@pytest.mark.parametrize(
    ("figure", "objective", "shown"),
    [
        ("99.9046", AVAILABLE, "99.905 %"),
        ("100", AVAILABLE, "100.000 %"),
        # Two decimals more than the objective has would say 99.900 %, which is kept.
        ("99.89998", AVAILABLE, "99.89998 %"),
        ("99.9999999", {"at_least": "100", "unit": "percent"}, "99.9999999 %"),
        ("99.98765432", {"at_least": "99.975", "unit": "percent"}, "99.9877 %"),
        ("212.5", {"at_most": "300", "unit": "ms"}, "212.50 ms"),
        ("4", {"at_most": "2", "unit": "count"}, "4"),
        # Rounded to 300 it would be more than the limit's neighbour: the limit itself is kept.
        ("300.004", {"at_most": "300", "unit": "ms"}, "300.004 ms"),
        ("0.1", {"less_than": "0.1", "unit": "percent"}, "0.100 %"),
        ("0.0999999", {"less_than": "0.1", "unit": "percent"}, "0.0999999 %"),
    ],
)
def test_a_figure_has_as_many_decimals_as_its_verdict_needs(figure: str, objective: dict[str, str], shown: str) -> None:
    assert figure_in_words(READER, Fraction(figure), objective).replace("\N{NO-BREAK SPACE}", " ") == shown


def test_no_figure_is_a_dash() -> None:
    assert figure_in_words(READER, None, AVAILABLE) == "–"


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("2026-11", "November 2026"),
        ("2026-11-02", "2 Nov 2026"),
        ("2026-Q3", "quarter 3 of 2026"),
        ("P28D", "last 28 days"),
        ("PT1H", "last 1 h"),
        ("2026-11-15/P1M", "1 month from 15 Nov 2026"),
        ("2026-11-22T12:00/P1W", "1 week from 22 Nov 2026 at 12:00"),
        ("desk/INC7", "INC7"),
    ],
)
def test_a_period_is_said_in_words(window: str, said: str) -> None:
    assert period_name(READER, window) == said


@pytest.mark.parametrize(
    ("locale", "shown"), [("en_CH", "1'234.5 ms"), ("en_DE", "1.234,5 ms"), ("en_GB", "1,234.5 ms")]
)
def test_numbers_have_the_format_of_the_readers_region(locale: str, shown: str) -> None:
    reader = Reader(READER.now, Locale.parse(locale))
    figure = figure_in_words(reader, Fraction("1234.5"), {"at_most": "2000.5", "unit": "ms"})
    assert figure.replace("\N{NO-BREAK SPACE}", " ").replace("00 ", " ") == shown


def test_only_the_figure_of_a_calendar_period_that_is_not_over_is_so_far() -> None:
    present = {"window_id": "2026-11", "closed_at": None, "figure": "999/10", "end_at": "2026-11-30T23:00:00Z"}
    assert so_far(READER, present) == "so far"
    ended = {"end_at": "2026-11-26T09:40:00Z"}
    for changed in (ended, {"closed_at": "2026-11-30T23:10:00Z"}, {"figure": None}, {"window_id": "P28D"}):
        assert so_far(READER, {**present, **changed}) == ""
    assert so_far(READER, None) == ""


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        ("100/1", ""),
        ("99999/1000", "only 99.9 % known"),
        ("17500/3123", "only 5.6 % known"),
        ("50/1", "only 50 % known"),
        ("1/20", "less than 0.1 % known"),
        ("0/1", "only 0 % known"),
        (None, ""),
    ],
)
def test_the_share_that_is_known_is_rounded_down(percent: str | None, words: str) -> None:
    assert known_part(READER, {"coverage_percent": percent}, "100/1") == words


def test_a_figure_of_an_open_period_says_how_much_of_it_is_known() -> None:
    window = {"window_id": "2026-11", "closed_at": None, "figure": "100/1", "detail": {"coverage_percent": "1/5"}}
    assert beside_figure(READER, window) == "so far, only 0.2 % known"
    assert beside_figure(READER, {**window, "closed_at": "2026-12-01T00:00:00Z"}) == "only 0.2 % known"
    assert beside_figure(READER, {**window, "figure": None}) == ""
