"""Price tables: the windows that each candidate objective would have met, and the credits due."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from slm_credits.credit_lines import ClosedWindow
from slm_credits.objectives import Objective
from slm_credits.price_tables import move_limit, price_table
from slm_credits.schedule_document import parse_schedule
from slm_credits.settlements import Period

BANDS = [
    {"from": "0", "percent_of_charge": "25"},
    {"from": "99", "percent_of_charge": "10"},
    {"from": "99.9", "nothing": True},
]
AGREED = Objective(Fraction("99.9"))


def months(*figures: str | None, charge: str | None = "1000") -> list[Period]:
    amount = None if charge is None else Fraction(charge)
    read = [None if each is None else Fraction(each) for each in figures]
    return [Period(2026, amount, (ClosedWindow("up", figure=each),)) for each in read]


def rows(
    periods: list[Period], *candidates: str, objective: Objective = AGREED, **schedule: Any
) -> list[tuple[str, int, int, int | None]]:
    defined = parse_schedule({"currency": "EUR", "bands": BANDS, **schedule})
    found = price_table(defined, objective, [Fraction(each) for each in candidates], periods)
    return [(str(float(each.objective.limit)), each.met, each.missed, each.credits) for each in found]


def test_the_limit_at_the_objective_moves_to_each_candidate() -> None:
    found = rows(months("99.95", "99.5", "98"), "99.99", "99.5", "98.5", "97")
    assert found == [
        ("99.99", 0, 3, 45_000),
        ("99.9", 1, 2, 35_000),
        ("99.5", 2, 1, 25_000),
        ("98.5", 2, 1, 25_000),
        ("97.0", 3, 0, 0),
    ]


def test_the_end_of_the_scale_may_be_promised() -> None:
    assert rows(months("100", "99.95"), "100") == [("100.0", 1, 1, 10_000), ("99.9", 2, 0, 0)]


def test_of_an_objective_where_less_is_better_the_strictest_is_the_lowest() -> None:
    bands = [{"to": "300", "nothing": True, "closed": "right"}, {"from": "300", "flat": "50", "closed": "right"}]
    found = rows(months("250", "300", "310"), "250", "310", objective=Objective(Fraction(300), False),
                 measure="value", bands=bands)  # fmt: skip
    assert found == [("250.0", 1, 2, 10_000), ("300.0", 2, 1, 5_000), ("310.0", 3, 0, 0)]


def test_a_met_window_pays_nothing_where_no_limit_stands_at_the_objective() -> None:
    bands = [{"from": "0", "flat": "30"}, {"from": "99.5", "nothing": True}]
    assert rows(months("99.2", "98"), "99", bands=bands) == [("99.9", 0, 2, 6_000), ("99.0", 1, 1, 3_000)]


def test_missed_percents_follow_the_objective_by_themselves() -> None:
    bands = [{"from": "0", "per_missed_percent": "100"}]
    assert rows(months("99.5"), "99.7", "99", bands=bands, measure="missed_percent") == [
        ("99.9", 0, 1, 4_000),
        ("99.7", 0, 1, 2_000),
        ("99.0", 1, 0, 0),
    ]


def test_caps_apply_and_a_window_without_a_figure_is_neither_met_nor_missed() -> None:
    assert rows(months("98", None, "99.5"), cap_per_period={"amount": "120"}) == [("99.9", 0, 2, 22_000)]


def test_without_a_charge_the_credits_are_unknown_unless_nothing_is_due() -> None:
    found = price_table(
        parse_schedule({"currency": "EUR", "bands": BANDS}), AGREED, [Fraction(97)], months("98", charge=None)
    )
    assert [(each.credits, each.unknown is None) for each in found] == [(None, False), (0, True)]


@pytest.mark.parametrize("candidate", ["0", "50", "99", "99.05", "99.9", "99.99", "100"])
def test_moved_bands_hold_every_value_once(candidate: str) -> None:
    bands = [*BANDS, {"from": "99.99", "flat": "5", "reward": True}]
    moved = move_limit(parse_schedule({"currency": "EUR", "bands": bands}), Fraction("99.9"), Fraction(candidate))
    for lower, upper in zip(moved.bands, moved.bands[1:], strict=False):
        assert lower.end == upper.start
    assert (moved.bands[0].start, moved.bands[-1].end) == (0, 100)
