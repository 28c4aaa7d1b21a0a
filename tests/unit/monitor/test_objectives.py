"""Objectives: met at equality, compared on exact numbers, and displayed so that a miss never looks met."""

from __future__ import annotations

from fractions import Fraction

import pytest

from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import Objective, parse_objective


@pytest.mark.parametrize(
    ("written", "figure", "kept"),
    [
        ({"at_least": "99.9", "unit": "percent"}, Fraction(999, 1000), True),
        ({"at_least": "99.9", "unit": "percent"}, Fraction(999, 1000) - Fraction(1, 10**30), False),
        ({"at_least": "99.9", "unit": "percent"}, Fraction(1), True),
        ({"at_most": "5", "unit": "percent"}, Fraction(1, 20), True),
        ({"at_most": "5", "unit": "percent"}, Fraction(1, 20) + Fraction(1, 10**30), False),
        ({"at_most": "5", "unit": "percent"}, Fraction(0), True),
    ],
)
def test_equality_keeps_a_promise_and_the_least_beyond_it_does_not(
    written: dict[str, str], figure: Fraction, kept: bool
) -> None:
    assert parse_objective(written).is_kept(figure) is kept


def test_what_rounding_would_show_as_kept_is_rounded_away_from_the_objective() -> None:
    assert Objective("at_least", Fraction(999, 1000)).display(Fraction(999, 1000) - Fraction(1, 10**9)) == "99.8999"
    assert Objective("at_most", Fraction(5, 100)).display(Fraction(5, 100) + Fraction(1, 10**9)) == "5.0001"
    assert figures.format_rounded_figure(Fraction(999, 10), Fraction(999, 10)) == "99.9000"
    assert figures.format_rounded_figure(Fraction(1, 20_000)) == "0.0000"
    assert figures.format_rounded_figure(Fraction(3, 20_000)) == "0.0002"
