"""The credit of one closed window: known answers with their arithmetic, and what must hold for every figure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_credits.credit_lines import ClosedWindow, CreditLine, MissedUnits, credit_of_window
from slm_credits.errors import CreditError
from slm_credits.exact_numbers import money_to_text
from slm_credits.objectives import Objective
from slm_credits.schedule import Schedule
from slm_credits.schedule_document import parse_schedule
from slm_events.instants import from_text
from tests.unit.credits.published import COMPUTE, STORAGE, cloud

OFFICE = [{"weekly": {"mon-fri": [["08:00", "18:00"]]}, "rate": "50"}]
FIGURES = st.integers(0, 10**7).map(lambda part: Fraction(part, 10**5))
CHARGES = st.integers(0, 10**9).map(lambda cents: Fraction(cents, 100))


def credit(schedule: Schedule, figure: Any, charge: str = "1234.56", **more: Any) -> CreditLine:
    window = ClosedWindow("up", "2026-11", Fraction(figure), more.pop("objective", Objective(Fraction("99.9"))), **more)
    return credit_of_window(schedule, window, Fraction(charge))


def paid(schedule: Schedule, figure: Any, charge: str = "1234.56", **more: Any) -> str:
    line = credit(schedule, figure, charge, **more)
    assert line.amount is not None
    return money_to_text(line.amount, schedule.places)


@pytest.mark.parametrize(
    ("figure", "amount"),
    [
        # A month of 30 days has 43,200 minutes. 43 minutes down: 99.9005 %, met. 44 minutes: 99.898 %, 10 % of 1234.56.
        (Fraction(100 * (43_200 - 43), 43_200), "0.00"),
        (Fraction(100 * (43_200 - 44), 43_200), "123.46"),
        # 432 minutes are exactly one percent: 99.0 % is still the band of 10 %; a minute more is 25 %, 308.64.
        (Fraction(99), "123.46"),
        (Fraction(100 * (43_200 - 433), 43_200), "308.64"),
        # 2,160 minutes are exactly five percent: 95.0 % pays 25 %; anything below pays the whole charge.
        (Fraction(95), "308.64"),
        (Fraction("94.99999999999"), "1234.56"),
        (Fraction(0), "1234.56"),
        (Fraction(100), "0.00"),
    ],
)
def test_published_bands_of_object_storage(figure: Fraction, amount: str) -> None:
    assert paid(cloud(STORAGE), figure) == amount


@pytest.mark.parametrize(
    ("figure", "amount"), [("99.99", "0.00"), ("99.989", "100.00"), ("98.5", "300.00"), ("94", "1000.00")]
)
def test_published_bands_of_compute(figure: str, amount: str) -> None:
    assert paid(cloud(COMPUTE), figure, "1000", objective=Objective(Fraction("99.99"))) == amount


def test_a_band_above_its_start_up_to_its_end_is_said_by_closed_right() -> None:
    above = parse_schedule(
        {
            "currency": "EUR",
            "closed": "right",
            "bands": [
                {"from": "0", "to": "99.0", "percent_of_charge": "25"},
                {"from": "99.0", "to": "99.9", "percent_of_charge": "10"},
                {"from": "99.9", "to": "100", "nothing": True},
            ],
        }
    )
    objective = Objective(Fraction("99.91"))
    amounts = [paid(above, each, "1000", objective=objective) for each in ("0", "99", "99.01", "99.9", "99.91", "100")]
    assert amounts == ["250.00", "250.00", "100.00", "100.00", "0.00", "0.00"]


def test_half_a_cent_is_rounded_up_and_only_once() -> None:
    half = parse_schedule(
        {"currency": "EUR", "bands": [{"percent_of_charge": "10"}, {"from": "99.9", "nothing": True}]}
    )
    # 10 % of 0.05 is half a cent; of 0.049 it is 0.49 cents. 10 % of 1234.45 is 123.445 and not 123.44.
    assert [paid(half, "99", each) for each in ("0.05", "0.049", "1234.45")] == ["0.01", "0.00", "123.45"]
    assert credit(half, "99", "1234.45").exact == Fraction("123.445")
    yen = parse_schedule({"currency": "JPY", "bands": [{"percent_of_charge": "10"}, {"from": "99.9", "nothing": True}]})
    assert paid(yen, "99", "1005") == "101"


def test_a_percent_of_the_charge_is_paid_per_missed_unit() -> None:
    late = parse_schedule({"currency": "EUR", "measure": "missed_units", "bands": [{"percent_per_unit": "2.5"}]})
    line = credit(late, "90", "400", missed_units=Fraction(3))
    # 2.5 % of 400 is 10, for three late tickets 30.
    assert (line.amount, line.reckoning) == (3000, "2.5 % × 3 units missed, of the charge of 400")


def test_units_cost_what_the_hour_costs_in_which_they_were_missed() -> None:
    schedule = parse_schedule(
        {"currency": "EUR", "measure": "missed_units", "bands": [{"per_missed_unit": "20", "rates": OFFICE}]},
        "Europe/Berlin",
    )
    monday, saturday = from_text("2026-11-23T09:00:00+01:00"), from_text("2026-11-28T09:00:00+01:00")
    # Two tickets on Monday at 50, one on Saturday at 20.
    tickets = (MissedUnits(monday, count=Fraction(2)), MissedUnits(saturday))
    assert paid(schedule, "90", missed=tickets) == "120.00"
    # Friday 17:30 to 18:30: thirty minutes at 50 and thirty at 20.
    friday = MissedUnits(from_text("2026-11-27T17:30:00+01:00"), from_text("2026-11-27T18:30:00+01:00"))
    line = credit(schedule, "90", missed=(friday,))
    assert (line.amount, line.reckoning) == (210_000, "50 × 30 + 20 × 30 units missed")
    with pytest.raises(CreditError, match="when each unit was missed"):
        credit(schedule, "90", missed_units=Fraction(3))


def test_whoever_meets_the_objective_pays_for_no_unit() -> None:
    schedule = parse_schedule({"currency": "EUR", "bands": [{"per_missed_unit": "5"}]})
    assert paid(schedule, "99.9", missed_units=Fraction(3)) == "0.00"
    assert paid(schedule, "99.8", missed_units=Fraction(3)) == "15.00"


def test_figures_in_the_unit_of_their_target_have_no_ends() -> None:
    slow = parse_schedule(
        {
            "currency": "EUR",
            "measure": "value",
            "bands": [
                {"to": "300", "closed": "right", "nothing": True},
                {"from": "300", "closed": "right", "flat": "7"},
            ],
        }
    )
    limit = Objective(Fraction(300), is_at_least=False)
    assert [paid(slow, each, objective=limit) for each in ("-5", "300", "300.01", "900000")] == [
        "0.00",
        "0.00",
        "7.00",
        "7.00",
    ]


def test_a_line_says_figure_charge_and_clause() -> None:
    line = credit(cloud(STORAGE, clause="Charges, 4"), "98.5", "4200")
    assert (line.value, line.reckoning, line.clause) == (
        Fraction("98.5"),
        "25 % of the charge of 4200",
        "Charges, 4",
    )
    assert (line.window.window, line.window.target) == ("2026-11", "up")


@given(FIGURES, FIGURES, CHARGES)
def test_a_worse_figure_never_costs_less(one: Fraction, other: Fraction, charge: Fraction) -> None:
    worse, better = sorted((one, other))
    amounts = [credit_of_window(cloud(STORAGE), ClosedWindow("up", figure=each), charge) for each in (worse, better)]
    assert (amounts[0].exact or 0) >= (amounts[1].exact or 0)


@given(FIGURES, CHARGES)
def test_rounding_moves_an_amount_by_half_a_cent_at_most(figure: Fraction, charge: Fraction) -> None:
    line = credit_of_window(cloud(STORAGE), ClosedWindow("up", figure=figure), charge)
    assert line.exact is not None and line.amount is not None
    assert -Fraction(1, 2) < Fraction(line.amount) - line.exact * 100 <= Fraction(1, 2)
    assert 0 <= line.exact <= charge


@given(st.integers(0, 7 * 24 * 60), st.integers(1, 7 * 24 * 60))
def test_minutes_by_the_hour_sum_to_a_minute_by_minute_count(first: int, length: int) -> None:
    schedule = parse_schedule(
        {"currency": "EUR", "measure": "missed_units", "bands": [{"per_missed_unit": "20", "rates": OFFICE}]}
    )
    start = from_text("2026-11-23T00:00:00Z") + first * 60_000_000
    line = credit(schedule, "90", missed=(MissedUnits(start, start + length * 60_000_000),))
    expected = 0
    for minute in range(first, first + length):
        day, hour = minute // 1440 % 7, minute % 1440 // 60
        expected += 50 if day < 5 and 8 <= hour < 18 else 20
    assert line.exact == expected
