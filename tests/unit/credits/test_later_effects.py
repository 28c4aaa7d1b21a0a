"""Earn-back, chronic failure, and periods one after the other: caps of a year and what is carried over."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slm_credits.credit_lines import ClosedWindow, CreditLine, credit_of_window
from slm_credits.later_effects import chronic_failures, earned_back
from slm_credits.objectives import Objective
from slm_credits.settlements import Period, settle_periods
from tests.unit.credits.published import STORAGE, cloud

GOOD, BAD, AWFUL = "99.95", "99.5", "98"
DAY = 86_400_000_000


def windows(*figures: str | None) -> list[ClosedWindow]:
    objective = Objective(Fraction("99.9"))
    return [
        ClosedWindow("up", f"2026-{month:02d}", None if each is None else Fraction(each), objective)
        for month, each in enumerate(figures, 1)
    ]


def lines(figures: Sequence[str | None], **more: Any) -> list[CreditLine]:
    return [credit_of_window(cloud(STORAGE, **more), each, Fraction(1000)) for each in windows(*figures)]


def earned(*figures: str | None, after: int = 2) -> list[tuple[str, str, int]]:
    schedule = cloud(STORAGE, earn_back={"met_windows": after})
    return [
        (each.line.window.window, each.earned_by[-1], each.amount) for each in earned_back(schedule, lines(figures))
    ]


def test_a_credit_is_earned_back_by_the_next_windows_and_only_by_all_of_them() -> None:
    assert earned(BAD, GOOD, GOOD) == [("2026-01", "2026-03", -10000)]
    assert earned(BAD, GOOD, BAD, GOOD, GOOD) == [("2026-03", "2026-05", -10000)]
    assert earned(AWFUL, BAD, GOOD, GOOD) == [("2026-02", "2026-04", -10000)]
    assert earned(BAD, GOOD) == []
    assert earned(GOOD, GOOD, GOOD) == []


def test_a_window_without_a_verdict_earns_nothing_back() -> None:
    assert earned(BAD, GOOD, None, GOOD) == []
    assert earned_back(cloud(STORAGE), lines([BAD, GOOD, GOOD])) == []


def chronic(*figures: str | None) -> list[tuple[str, ...]]:
    schedule = cloud(STORAGE, chronic_failure={"breached": 2, "of": 3})
    rights = chronic_failures(schedule, lines(figures))
    assert {each.lasts for each in rights} <= {90 * DAY}
    return [each.windows for each in rights]


def test_enough_breached_windows_of_the_last_give_the_right_to_terminate() -> None:
    assert chronic(BAD, GOOD, AWFUL) == [("2026-01", "2026-03")]
    assert chronic(BAD, GOOD, GOOD, AWFUL) == []
    assert chronic(BAD, BAD, BAD) == [("2026-01", "2026-02"), ("2026-01", "2026-02", "2026-03")]
    # The right comes with a breach: a met window repeats none, and a window without a verdict is none.
    assert chronic(BAD, BAD, GOOD) == [("2026-01", "2026-02")]
    assert chronic(BAD, None, None, BAD) == []
    assert chronic_failures(cloud(STORAGE), lines([BAD, BAD, BAD])) == []


def test_a_year_s_cap_is_shared_by_its_periods_and_begins_anew() -> None:
    schedule = cloud(STORAGE, cap_per_year={"amount": "300"})
    years = [(2026, AWFUL), (2026, AWFUL), (2026, BAD), (2027, BAD)]
    settled = settle_periods(schedule, [Period(year, Fraction(1000), tuple(windows(figure))) for year, figure in years])
    # 250, then what is left of 300, then nothing; the next year begins at zero.
    assert [each.credits for each in settled] == [25000, 5000, 0, 10000]
    assert [each.lines[0].capped_by for each in settled] == [None, "cap_per_year", "cap_per_year", None]


def test_small_credits_are_carried_over_a_year_s_end_until_they_suffice() -> None:
    schedule = cloud(STORAGE, minimum_payout="250")
    years = [(2026, BAD), (2026, GOOD), (2027, BAD), (2027, BAD), (2027, AWFUL)]
    settled = settle_periods(schedule, [Period(year, Fraction(1000), tuple(windows(figure))) for year, figure in years])
    assert [each.payout for each in settled] == [0, 0, 0, 30000, 25000]
    assert [each.after.carried for each in settled] == [10000, 10000, 20000, 0, 0]


@given(st.lists(st.sampled_from([GOOD, BAD, AWFUL, None]), max_size=12), st.integers(0, 400))
def test_nothing_is_lost_between_credits_payouts_and_what_is_carried(figures: list[str | None], least: int) -> None:
    schedule = cloud(STORAGE, minimum_payout=least, cap_per_period={"percent_of_charge": "20"})
    settled = settle_periods(schedule, [Period(2026, Fraction(1000), (window,)) for window in windows(*figures)])
    paid, credited = sum(each.payout for each in settled), sum(each.credits for each in settled)
    assert paid + (settled[-1].after.carried if settled else 0) == credited
    assert all(each.payout == 0 or each.payout >= least * 100 for each in settled)
    assert all(each.credits <= 20000 for each in settled)
