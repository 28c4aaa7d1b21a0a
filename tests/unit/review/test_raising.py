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
    return replace(findings.attained_window_of(closed(month(number), verdict, figure)), **changed)


@pytest.mark.parametrize(
    ("objective", "figures", "better"),
    [
        ({"at_least": "99.9", "unit": "percent"}, ["100", "100", "100"], {"at_least": "99.95", "unit": "percent"}),
        (
            {"at_least": "99.9", "unit": "percent"},
            ["99.96", "99.98", "99.97"],
            {"at_least": "99.94", "unit": "percent"},
        ),
        ({"at_least": "0.9"}, ["0.95", "0.96"], {"at_least": "0.93"}),
        ({"at_most": "300", "unit": "ms"}, ["100", "140"], {"at_most": "200", "unit": "ms"}),
        # Never tighter than the worst figure of the run.
        ({"at_most": "300", "unit": "ms"}, ["0", "149", "160"], {"at_most": "160", "unit": "ms"}),
    ],
)
def test_the_new_objective_is_halfway_to_the_best_never_beyond_the_worst(
    objective: dict[str, Any], figures: list[str], better: dict[str, Any]
) -> None:
    run = [window(number, figure, objective=objective) for number, figure in enumerate(figures, 1)]
    assert raising.raised_objective(run) == better


def test_a_number_of_occurrences_stays_whole() -> None:
    run = [window(number, "0", objective={"at_most": "5"}, aggregation="outages") for number in (1, 2, 3)]
    assert raising.raised_objective(run) == {"at_most": "3"}


@pytest.mark.parametrize(
    "objective",
    [
        {"at_least": "100", "unit": "percent"},
        {"at_most": "0"},
        {"at_least": "4", "unit": "rating"},
        {"within": {"service_time": "PT4H"}},
    ],
)
def test_without_a_budget_nothing_is_comfortable(objective: dict[str, Any]) -> None:
    assert not raising.is_comfortable(window(1, "100", objective=objective))


def test_a_figure_exactly_at_half_the_budget_is_comfortable() -> None:
    assert raising.is_comfortable(window(1, "1999/20"))


def test_a_figure_a_hair_below_half_the_budget_is_not_comfortable() -> None:
    assert not raising.is_comfortable(window(1, exact.write_exact(Fraction("99.95") - Fraction(1, 10**30))))


def test_a_breached_or_empty_window_is_never_comfortable() -> None:
    assert not raising.is_comfortable(window(1, verdict="breached"))
    assert not raising.is_comfortable(window(1, figure=None))


@given(st.lists(st.fractions(0, 1), min_size=3, max_size=3), st.integers(0, 100_000))
def test_every_window_of_a_run_would_have_met_the_raised_objective(shares: list[Fraction], thousandths: int) -> None:
    objective = {"at_least": exact.write_exact(Fraction(thousandths, 1000)), "unit": "percent"}
    windows = [window(n, exact.write_exact(100 * share), objective=objective) for n, share in enumerate(shares, 1)]
    run = raising.comfortable_run(windows, 3)
    better = raising.raised_objective(run) if run else None
    if better is not None:
        least = exact.parse_exact(better["at_least"])
        assert all(100 * share >= least > exact.parse_exact(objective["at_least"]) for share in shares)


def test_three_comfortable_windows_make_a_run() -> None:
    run = raising.comfortable_run([window(1), window(2), window(3)], 3)
    assert [each.window_id for each in run] == ["2026-01", "2026-02", "2026-03"]


def test_only_the_latest_windows_count() -> None:
    windows = [window(number) for number in (1, 2, 3, 4)]
    assert [each.window_id for each in raising.comfortable_run(windows, 3)] == ["2026-02", "2026-03", "2026-04"]
    assert raising.comfortable_run([*windows, window(5, "999/10")], 3) == []


def test_two_windows_are_not_enough_for_three() -> None:
    assert raising.comfortable_run([window(1), window(2)], 3) == []


def test_a_tight_window_breaks_the_run() -> None:
    assert raising.comfortable_run([window(2, "999/10"), window(3), window(4)], 3) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"coverage_percent": "94"},
        {"coverage_percent": None},
        {"coverage_percent": "0"},
        {"figure": None},
        {"verdict": "no_data"},
        {"restatement_cause": "dispute"},
    ],
)
def test_a_window_that_says_nothing_ends_the_run(changed: dict[str, Any]) -> None:
    """Hardly covered, never measured, or overturned by a dispute."""
    assert raising.comfortable_run([window(1), window(2), window(3)], 3)
    assert raising.comfortable_run([window(1), window(2), replace(window(3), **changed)], 3) == []


def test_windows_judged_by_another_objective_do_not_count() -> None:
    older = window(1, objective={"at_least": "99", "unit": "percent"})
    assert raising.comfortable_run([older, window(2), window(3)], 3) == []
