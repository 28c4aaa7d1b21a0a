"""Service credits: which band a figure lies in, what it pays, and when it is rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_report.domain import credit_bands, credits
from slm_report.domain.credit_bands import InvalidSchedule
from slm_report.domain.credits import Attainment, Settlement

BANDS: list[dict[str, Any]] = [
    {"from": "0", "percent_of_charge": "25"},
    {"from": "99", "percent_of_charge": "10"},
    {"from": "99.9", "nothing": True},
]


def settled(*attained: str, charge: str = "1000", bands: Any = BANDS, spent: str = "0", **more: Any) -> Settlement:
    schedule = credit_bands.parse_schedule({"currency": "EUR", "bands": bands, **more})
    figures = [Attainment("up", Fraction(each), Fraction("99.9"), Fraction(each)) for each in attained]
    return credits.compute_credits(schedule, figures, Fraction(charge), Fraction(spent))


def amounts(settlement: Settlement) -> list[str]:
    return [credits.money_to_text(line.amount, settlement.schedule) for line in settlement.lines]


def refused(bands: Any = BANDS, **more: Any) -> InvalidSchedule:
    with pytest.raises(InvalidSchedule) as found:
        credit_bands.parse_schedule({"currency": "EUR", "bands": bands, **more})
    return found.value


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


@given(st.integers(0, 10**8).map(lambda millionth: Fraction(millionth, 10**6)))
def test_every_figure_of_a_complete_schedule_has_exactly_one_band(attained: Fraction) -> None:
    schedule = credit_bands.parse_schedule({"currency": "EUR", "bands": BANDS})
    ends = [band.start for band in schedule.bands[1:]] + [Fraction(101)]
    around = [band for band, end in zip(schedule.bands, ends, strict=True) if band.start <= attained < end]
    assert around == [schedule.band_of(attained)]


def test_a_gap_names_the_value_that_would_fall_through() -> None:
    gap = refused([{"from": "0", "to": "98.99", "flat": "5"}, {"from": "99", "nothing": True}])
    assert gap.value == "98.99"
    assert "no band contains 98.99" in gap.remedy
    assert refused([{"from": "90", "flat": "5"}]).value == "0"
    assert refused([{"from": "0", "to": "99", "flat": "5"}]).value == "99"
    endless = refused([{"from": "0", "to": "9", "flat": "5"}], measure="missed_units")
    assert endless.remedy.startswith("no band contains 9:")


def test_an_overlap_names_the_value_that_lies_in_two_bands() -> None:
    overlap = refused([{"from": "0", "to": "99.5", "flat": "5"}, {"from": "99", "nothing": True}])
    assert (overlap.value, overlap.remedy[:14]) == ("99", "bands overlap:")
    assert refused([{"flat": "5"}, {"from": "0", "nothing": True}]).value == "0"


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
        ([{"from": 99.9, "flat": "5"}], "bands[0].from"),
        ([{"from": "5", "to": "5", "flat": "5"}], "bands[0].to"),
        ([{"from": "0", "flat": "5", "reward": "yes"}], "bands[0].reward"),
        ([{"from": "0", "flat": "5", "bonus": "5"}], "bands[0].bonus"),
        ([{"from": "0", "flat": "5"}, {"from": "101", "nothing": True}], "bands"),
    ],
)
def test_a_fault_is_named_by_its_field_with_a_remedy(bands: Any, field: str) -> None:
    found = refused(bands)
    assert found.field == field
    assert found.remedy


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"currency": "Euro"}, "currency"),
        ({"minor_unit": 9}, "minor_unit"),
        ({"measure": "mood"}, "measure"),
        ({"cap_per_period": "30"}, "cap_per_period"),
        ({"minimum_payout": 0.5}, "minimum_payout"),
        ({"cap": "1"}, "schedule.cap"),
    ],
)
def test_what_stands_beside_the_bands_is_checked_too(more: dict[str, Any], field: str) -> None:
    assert refused(**more).field == field


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


def test_each_line_names_the_clause_behind_it() -> None:
    bands = [{"from": "0", "flat": "5", "clause": "4.2"}, {"from": "99", "nothing": True}]
    assert [line.clause for line in settled("98", "99", bands=bands, clause="4").lines] == ["4.2", "4"]


def test_what_a_formula_reckons_with_has_to_be_told() -> None:
    schedule = credit_bands.parse_schedule({"currency": "EUR", "bands": [{"per_missed_percent": "5"}]})
    with pytest.raises(InvalidSchedule, match="objective"):
        credits.compute_credits(schedule, [Attainment("up", Fraction(99))], Fraction(0))
    with pytest.raises(InvalidSchedule, match="attained"):
        credits.compute_credits(schedule, [Attainment("up")], Fraction(0))
    with pytest.raises(InvalidSchedule, match="from 0 to 100"):
        credits.compute_credits(schedule, [Attainment("up", Fraction(101), Fraction(99))], Fraction(0))
