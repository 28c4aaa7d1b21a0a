from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_review.domain import exact, findings, raising
from slm_review.domain.findings import AttainedWindow
from tests.support.review import closed, month


def window(number: int, figure: str | None = "9999/100", verdict: str = "met", **changed: Any) -> AttainedWindow:
    return replace(findings.attained(closed(month(number), verdict, figure)), **changed)


@pytest.mark.parametrize(
    ("objective", "better"),
    [
        ({"at_least": "99.9", "unit": "percent"}, {"at_least": "99.95", "unit": "percent"}),
        ({"at_least": "0.9"}, {"at_least": "0.95"}),
        ({"at_most": "300", "unit": "ms"}, {"at_most": "150", "unit": "ms"}),
        ({"at_least": "100", "unit": "percent"}, None),
        ({"at_most": "0"}, None),
        ({"at_least": "4", "unit": "rating"}, None),
        ({"within": {"service_time": "PT4H"}}, None),
    ],
)
def test_half_the_budget_is_taken_away(objective: dict[str, Any], better: dict[str, Any] | None) -> None:
    assert raising.raised(objective) == better


def test_a_number_of_occurrences_stays_whole() -> None:
    assert raising.raised({"at_most": "5"}, "outages") == {"at_most": "2"}


def test_a_figure_exactly_at_half_the_budget_is_comfortable() -> None:
    assert raising.is_comfortable(window(1, "1999/20"))


def test_a_figure_a_hair_below_half_the_budget_is_not_comfortable() -> None:
    assert not raising.is_comfortable(window(1, exact.write(Fraction("99.95") - Fraction(1, 10**30))))


def test_a_breached_or_empty_window_is_never_comfortable() -> None:
    assert not raising.is_comfortable(window(1, verdict="breached"))
    assert not raising.is_comfortable(window(1, figure=None))


@given(st.fractions(0, 1), st.integers(0, 100_000))
def test_every_comfortable_window_would_have_met_the_raised_objective(share: Fraction, thousandths: int) -> None:
    objective = {"at_least": exact.write(Fraction(thousandths, 1000)), "unit": "percent"}
    figure = 100 * share
    better = raising.raised(objective)
    if raising.is_comfortable(window(1, exact.write(figure), objective=objective)):
        assert better is not None
        assert figure >= exact.parse(better["at_least"]) > exact.parse(objective["at_least"])


def test_three_comfortable_windows_make_a_run() -> None:
    run = raising.comfortable_run([window(3), window(1), window(2)], 3)
    assert [each.window_id for each in run] == ["2026-01", "2026-02", "2026-03"]


def test_the_first_run_counts_whatever_came_after_it() -> None:
    windows = [*(window(number) for number in (1, 2, 3, 4)), window(5, "999/10")]
    assert [each.window_id for each in raising.comfortable_run(windows, 3)] == ["2026-01", "2026-02", "2026-03"]


def test_two_windows_are_not_enough_for_three() -> None:
    assert raising.comfortable_run([window(1), window(2)], 3) == []


def test_a_tight_window_breaks_the_run() -> None:
    assert raising.comfortable_run([window(1), window(2, "999/10"), window(3), window(4)], 3) == []


def test_a_window_without_a_value_neither_counts_nor_breaks() -> None:
    windows = [window(1), window(2), window(3, None, "not_applicable"), window(4)]
    assert [each.window_id for each in raising.comfortable_run(windows, 3)] == ["2026-01", "2026-02", "2026-04"]


def test_windows_judged_by_another_objective_do_not_count() -> None:
    older = window(1, objective={"at_least": "99", "unit": "percent"})
    assert raising.comfortable_run([older, window(2), window(3)], 3) == []
