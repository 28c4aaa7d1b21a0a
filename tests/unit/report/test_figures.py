"""Figures are compared exactly and never shown kinder than they are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_report.domain import figures

UPTIME = {"at_least": "99.9", "unit": "percent"}
LATENCY = {"at_most": "300", "unit": "ms"}


@pytest.mark.parametrize(
    ("exact", "objective", "shown"),
    [
        ("1999/20", UPTIME, "99.9500"),
        ("100", UPTIME, "100.0000"),
        ("99.89999999", UPTIME, "99.8999"),  # half-even would say 99.9000, which is met
        ("99.9", UPTIME, "99.9000"),
        ("300.00000001", LATENCY, "300.0001"),
        ("299.99999999", LATENCY, "300.0000"),
        ("1/8", None, "0.1250"),
        ("0.00005", None, "0.0000"),  # half-even: to the even neighbour
        ("0.00015", None, "0.0002"),
        ("-1/3", None, "-0.3333"),
    ],
)
def test_a_figure_is_shown_with_four_decimals(exact: str, objective: dict[str, str] | None, shown: str) -> None:
    assert figures.display_figure(figures.parse_figure(exact), objective) == shown


def test_what_has_no_figure_is_a_dash() -> None:
    assert figures.display_figure(None, UPTIME) == "–"
    assert figures.display_variance(figures.variance(None, UPTIME)) == "–"


@given(
    st.fractions(min_value=0, max_value=200, max_denominator=10**9),
    st.sampled_from(["at_least", "at_most"]),
    st.fractions(min_value=0, max_value=200, max_denominator=10**6),
)
def test_rounding_never_shows_met_for_unmet(figure: Fraction, comparison: str, limit: Fraction) -> None:
    objective = {comparison: str(limit)}
    shown = Fraction(figures.display_figure(figure, objective))
    assert abs(shown - figure) <= Fraction(1, 10_000)
    if not figures.meets_objective(figure, objective):
        assert not figures.meets_objective(shown, objective)


@given(st.fractions(min_value=-1000, max_value=1000))
def test_the_exact_figure_survives_being_written(figure: Fraction) -> None:
    assert figures.parse_figure(figures.figure_to_text(figure)) == figure


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (UPTIME, "≥ 99.9 %"),
        ({"at_least": "1999/20", "unit": "percent"}, "≥ 99.95 %"),
        ({"at_least": "200/3", "unit": "percent"}, "≥ 200/3 %"),
        ({"at_most": "0.05"}, "≤ 0.05"),
        (LATENCY, "≤ 300 ms"),
        ({"within": {"service_time": "PT4H"}}, "within 4 h of service time"),
        ({"within": {"calendar": "P1DT2H30M"}}, "within 1 d 2 h 30 min"),
        ({}, "–"),
    ],
)
def test_an_objective_is_said_in_words(objective: dict[str, object], words: str) -> None:
    assert figures.display_objective(objective) == words


def test_variance_counts_towards_the_agreed_side() -> None:
    assert figures.variance(Fraction("99.8"), UPTIME) == Fraction(-1, 10)
    assert figures.variance(Fraction("280"), LATENCY) == 20


def test_a_shortfall_too_small_for_four_decimals_still_shows() -> None:
    assert figures.display_variance(Fraction(-1, 10**9)) == "-0.0001"
    assert figures.display_variance(Fraction(1, 20)) == "+0.0500"
    assert figures.display_variance(Fraction(0)) == "0.0000"


def test_a_mean_is_exact() -> None:
    assert figures.mean_figure([Fraction(100), Fraction(100), Fraction("99.9")]) == Fraction(2999, 30)
    assert figures.mean_figure([]) is None


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (59, "59 s"), (2592, "43 min 12 s"), (90_061, "1 d 1 h"), (86_400, "1 d")]
)
def test_a_length_is_said_in_its_two_largest_units(seconds: int, shown: str) -> None:
    assert figures.display_seconds(seconds) == shown
