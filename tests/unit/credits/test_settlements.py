"""Service credits: which band a figure lies in, what it pays, and when it is rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_credits import settlements
from slm_credits.credit_lines import ClosedWindow, band_of
from slm_credits.cuts import BEFORE, span_of
from slm_credits.errors import CreditError, Finding
from slm_credits.exact_numbers import money_to_text, whole_units
from slm_credits.objectives import Objective
from slm_credits.schedule import SCALES
from slm_credits.schedule_document import parse_schedule
from slm_credits.settlements import Account, Settlement

BANDS: list[dict[str, Any]] = [
    {"from": "0", "percent_of_charge": "25"},
    {"from": "99", "percent_of_charge": "10"},
    {"from": "99.9", "nothing": True},
]


BAD_DAY = "bands[0].rates[0].weekly.moon"


def settled(
    *attained: str, charge: str | None = "1000", bands: Any = BANDS, spent: str = "0", carried: str = "0", **more: Any
) -> Settlement:
    schedule = parse_schedule({"currency": "EUR", "bands": bands, **more})
    figures = [
        ClosedWindow("up", figure=Fraction(each), objective=Objective(Fraction("99.9")), missed_units=Fraction(each))
        for each in attained
    ]
    before = Account(-whole_units(-Fraction(spent), schedule.places), whole_units(Fraction(carried), schedule.places))
    return settlements.settle_period(schedule, figures, None if charge is None else Fraction(charge), before)


def amounts(settlement: Settlement) -> list[str]:
    places = settlement.schedule.places
    return ["missing" if line.amount is None else money_to_text(line.amount, places) for line in settlement.lines]


def refused(bands: Any = BANDS, **more: Any) -> Finding:
    with pytest.raises(CreditError) as found:
        parse_schedule({"currency": "EUR", "bands": bands, **more})
    return found.value.errors[0]


@pytest.mark.parametrize(
    ("attained", "amount"),
    [
        ("0", "250.00"),
        ("98.999999", "250.00"),
        ("99", "100.00"),
        ("99.89999", "100.00"),
        ("99.9", "0.00"),
        ("100", "0.00"),
    ],
)
def test_a_band_begins_with_its_from_and_ends_before_the_next(attained: str, amount: str) -> None:
    assert amounts(settled(attained)) == [amount]


@given(st.integers(0, 10**8).map(lambda millionth: Fraction(millionth, 10**6)), st.sampled_from(["left", "right"]))
def test_every_figure_of_a_complete_schedule_has_exactly_one_band(attained: Fraction, closed: str) -> None:
    schedule = parse_schedule({"currency": "EUR", "bands": BANDS, "closed": closed})
    spans = [span_of(band, SCALES[schedule.measure]) for band in schedule.bands]
    around = [
        band
        for band, (start, end) in zip(schedule.bands, spans, strict=True)
        if start is not None and end is not None and start <= (attained, BEFORE) < end
    ]
    assert around == [band_of(schedule, attained)]


def test_a_gap_names_the_value_that_would_fall_through() -> None:
    gap = refused([{"from": "0", "to": "98.99", "flat": "5"}, {"from": "99", "nothing": True}])
    assert gap["value"] == "98.99"
    assert "no band contains 98.99" in gap["remedy"]
    assert refused([{"from": "90", "flat": "5"}])["value"] == "0"
    assert refused([{"from": "0", "to": "99", "flat": "5"}])["value"] == "99"
    endless = refused([{"from": "0", "to": "9", "flat": "5"}], measure="missed_units")
    assert endless["remedy"].startswith("no band contains 9:")


def test_an_overlap_names_the_value_that_lies_in_two_bands() -> None:
    overlap = refused([{"from": "0", "to": "99.5", "flat": "5"}, {"from": "99", "nothing": True}])
    assert (overlap["value"], overlap["remedy"][:14]) == ("99", "bands overlap:")
    assert refused([{"flat": "5"}, {"from": "0", "nothing": True}])["value"] == "0"


@pytest.mark.parametrize(
    ("bands", "field"),
    [
        ([], "bands"),
        ("all", "bands"),
        ([5], "bands[0]"),
        ([{"from": "0"}], "bands[0]"),
        ([{"from": "0", "flat": "5", "percent_of_charge": "5"}], "bands[0]"),
        ([{"from": "0", "nothing": False}], "bands[0]"),
        ([{"from": "0", "flat": "-5"}], "bands[0].flat"),
        ([{"from": "99,9", "flat": "5"}], "bands[0].from"),
        ([{"from": 99.99999999999999999, "flat": 0.12345678901234567}], "bands[0].flat"),
        ([{"from": "0", "flat": "5", "rates": [{"weekly": {}, "rate": "5"}]}], "bands[0].rates"),
        ([{"from": "0", "per_missed_unit": "5", "rates": []}], "bands[0].rates"),
        ([{"from": "0", "per_missed_unit": "5", "rates": [{"weekly": {"moon": []}, "rate": "5"}]}], BAD_DAY),
        ([{"from": "0", "closed": "both", "flat": "5"}], "bands[0].closed"),
        ([{"from": "0", "flat": "5", "clause": 5}], "bands[0].clause"),
        ([{"from": "5", "to": "5", "flat": "5"}], "bands[0].to"),
        ([{"from": "0", "flat": "5", "reward": "yes"}], "bands[0].reward"),
        ([{"from": "0", "flat": "5", "bonus": "5"}], "bands[0].bonus"),
        ([{"from": "0", "flat": "5"}, {"from": "101", "nothing": True}], "bands"),
    ],
)
def test_a_fault_is_named_by_its_field_with_a_remedy(bands: Any, field: str) -> None:
    found = refused(bands)
    assert found["field"] == field
    assert found["remedy"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"currency": "Euro"}, "currency"),
        ({"minor_unit": 9}, "minor_unit"),
        ({"measure": "mood"}, "measure"),
        ({"cap_per_period": "30"}, "cap_per_period"),
        ({"minimum_payout": "-0.5"}, "minimum_payout"),
        ({"earn_back": 3}, "earn_back"),
        ({"earn_back": {"met_windows": 0}}, "earn_back.met_windows"),
        ({"chronic_failure": {"breached": 4, "of": 3}}, "chronic_failure.breached"),
        ({"chronic_failure": {"breached": 2, "of": 3, "lasts": "P1M"}}, "chronic_failure.lasts"),
        ({"closed": "both"}, "closed"),
        ({"cap": "1"}, "schedule.cap"),
    ],
)
def test_what_stands_beside_the_bands_is_checked_too(more: dict[str, Any], field: str) -> None:
    assert refused(**more)["field"] == field


def test_an_amount_is_rounded_once_half_up_to_the_minor_unit() -> None:
    bands = [{"from": "0", "per_missed_percent": "10"}]
    assert amounts(settled("99.8995", bands=bands)) == ["0.01"]
    assert amounts(settled("99.8994", "99.8996", bands=bands)) == ["0.01", "0.00"]
    assert amounts(settled("1", charge="333.33", bands=[{"percent_of_charge": "10"}])) == ["33.33"]
    assert settled("1", charge="333.33", bands=[{"percent_of_charge": "10"}]).lines[0].exact == Fraction("33.333")
    assert amounts(settled("1", currency="JPY", charge="335", bands=[{"percent_of_charge": "10"}])) == ["34"]
    assert amounts(settled("1", currency="KWD", charge="1.2345", bands=[{"percent_of_charge": "100"}])) == ["1.235"]


def test_missed_units_and_percents_are_priced() -> None:
    late: dict[str, Any] = {
        "measure": "missed_units",
        "bands": [{"from": "0", "to": "5", "nothing": True}, {"from": "5", "flat": "7"}],
    }
    assert amounts(settled("4", "5", "1000", **late)) == ["0.00", "7.00", "7.00"]
    each: dict[str, Any] = {"measure": "missed_units", "bands": [{"per_missed_unit": "2.50"}]}
    assert amounts(settled("3", **each)) == ["7.50"]
    assert amounts(settled("98", bands=[{"per_missed_percent": "100"}])) == ["190.00"]
    assert amounts(settled("99.95", bands=[{"per_missed_percent": "100"}])) == ["0.00"]


def test_a_reward_is_no_credit() -> None:
    bands = [{"from": "0", "flat": "30"}, {"from": "98", "nothing": True}, {"from": "99", "flat": "20", "reward": True}]
    settlement = settled("97", "98.5", "99.5", bands=bands)
    assert [line.kind for line in settlement.lines] == ["credit", "none", "reward"]
    assert (settlement.credits, settlement.rewards, settlement.payout) == (3000, 2000, 3000)


def test_a_cap_is_used_up_in_line_order_and_never_exceeded() -> None:
    capped = settled("98", "98", "98", cap_per_period={"percent_of_charge": "55.5555"})
    assert amounts(capped) == ["250.00", "250.00", "55.55"]
    assert [line.capped_by for line in capped.lines] == [None, None, "cap_per_period"]
    yearly = settled("98", cap_per_year={"amount": "300"}, spent="100.005")
    assert (amounts(yearly), yearly.lines[0].capped_by) == (["199.99"], "cap_per_year")
    assert amounts(settled("98", cap_per_year={"amount": "300"}, spent="400")) == ["0.00"]


def test_less_than_the_minimum_is_not_paid_out() -> None:
    settlement = settled("99.5", minimum_payout="100.01")
    assert (settlement.credits, settlement.payout, settlement.is_below_minimum) == (10000, 0, True)
    assert settled("99.5", minimum_payout="100").payout == 10000


def test_what_was_carried_is_paid_with_the_next_credits() -> None:
    first = settled("99.5", minimum_payout="150")
    assert (first.payout, first.after) == (0, Account(credited=10000, carried=10000))
    second = settled("99.5", minimum_payout="150", carried="100", spent="100")
    assert (second.payout, second.after) == (20000, Account(credited=20000, carried=0))


def test_a_missing_charge_is_never_zero() -> None:
    missing = settled("98", "99.95", charge=None)
    assert [line.kind for line in missing.lines] == ["charge_missing", "none"]
    assert (amounts(missing), missing.lines[0].exact) == (["missing", "0.00"], None)
    flat = [{"from": "0", "flat": "30"}, {"from": "99.9", "nothing": True}]
    assert amounts(settled("98", charge=None, bands=flat)) == ["30.00"]
    capped = settled("98", charge=None, bands=flat, cap_per_period={"percent_of_charge": "30"})
    assert [line.kind for line in capped.lines] == ["charge_missing"]


def test_a_window_without_a_figure_pays_nothing_and_says_so() -> None:
    schedule = parse_schedule({"currency": "EUR", "bands": BANDS})
    settlement = settlements.settle_period(schedule, [ClosedWindow("up")], Fraction(1000))
    assert [(line.kind, line.amount, line.band) for line in settlement.lines] == [("no_figure", None, None)]


def test_each_line_names_the_clause_behind_it() -> None:
    bands = [{"from": "0", "flat": "5", "clause": "4.2"}, {"from": "99", "nothing": True}]
    assert [line.clause for line in settled("98", "99", bands=bands, clause="4").lines] == ["4.2", "4"]


def test_what_a_formula_reckons_with_has_to_be_told() -> None:
    schedule = parse_schedule({"currency": "EUR", "bands": [{"per_missed_percent": "5"}]})
    with pytest.raises(CreditError, match="objective"):
        settlements.settle_period(schedule, [ClosedWindow("up", figure=Fraction(99))], Fraction(0))
    with pytest.raises(CreditError, match="from 0 to 100"):
        settlements.settle_period(
            schedule, [ClosedWindow("up", figure=Fraction(101), objective=Objective(Fraction(99)))], Fraction(0)
        )
    units = parse_schedule({"currency": "EUR", "bands": [{"per_missed_unit": "5"}]})
    with pytest.raises(CreditError, match="missed_units"):
        settlements.settle_period(units, [ClosedWindow("up", figure=Fraction(99))], Fraction(0))
