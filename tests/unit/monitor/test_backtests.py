"""Back-tests: the windows that draft terms are evaluated on, and the results."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from slm_monitor.application.preview import backtests
from slm_monitor.application.preview.backtest_question import BacktestQuestion
from slm_monitor.application.preview.preview_terms import PreviewRejected
from tests.support.monitor import at

MONTHLY = {"aggregation": "availability", "objective": {"at_least": "99.5", "unit": "percent"}}


def question(**terms: Any) -> BacktestQuestion:
    return BacktestQuestion({**MONTHLY, **terms}, "party/up")


def tried(
    last: int = 12, first: str = "2025-01-15T00:00", now: str = "2026-11-22T10:00", between: Any = None, **terms: Any
) -> list[str]:
    target = backtests.parse_backtest_target(question(**terms))
    return [span.window_id for span in backtests.list_backtest_windows(target, at(now), at(first), last, between)]


def rows(*attained: str | None) -> list[dict[str, Any]]:
    return [row(str(number), each, _verdict(each)) for number, each in enumerate(attained)]


def row(window_id: str, attained: str | None, verdict: str) -> dict[str, Any]:
    return {"window_id": window_id, "to": "2026-11-01T00:00:00Z", "attained": attained, "verdict": verdict}


def _verdict(attained: str | None) -> str:
    return "no_data" if attained is None else "met" if Fraction(attained) >= Fraction("99.5") else "breached"


def test_the_last_twelve_windows_that_are_over_are_tried() -> None:
    assert tried() == [f"2025-{month}" for month in ("11", "12")] + [f"2026-{month:02}" for month in range(1, 11)]
    assert tried(last=2, window={"calendar": "quarter"}) == ["2026-Q2", "2026-Q3"]


def test_no_window_before_the_first_fact_is_tried() -> None:
    assert tried(first="2026-09-12T00:00") == ["2026-09", "2026-10"]
    assert (
        backtests.list_backtest_windows(
            backtests.parse_backtest_target(question()), at("2026-11-22T00:00"), None, 12, None
        )
        == []
    )


def test_the_last_occurrences_of_a_critical_period_are_tried() -> None:
    rule = {"rule": "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=30", "from": "2025-01-31T18:00", "duration": "PT6H"}
    period = {"key": "month-end", "title": "Month end", "occurrences": rule}
    asked = BacktestQuestion(
        {**MONTHLY, "window": {"occurrences_of": "month-end"}}, "party/up", critical_periods=[period]
    )
    target, first, now = backtests.parse_backtest_target(asked), at("2026-07-31T20:00"), at("2026-11-30T23:00")
    found = backtests.list_backtest_windows(target, now, first, 3, None)
    assert [each.window_id for each in found] == [f"month-end/2026-{day}" for day in ("08-31", "09-30", "10-31")]
    between = (at("2026-09-01T00:00"), at("2026-11-01T00:00"))
    found = backtests.list_backtest_windows(target, now, first, 12, between)
    assert [each.window_id for each in found] == ["month-end/2026-09-30", "month-end/2026-10-31"]
    assert asked.document()["critical_periods"] == [period]
    with pytest.raises(PreviewRejected, match="one of month-end"):
        backtests.parse_backtest_target(
            BacktestQuestion({**MONTHLY, "window": {"occurrences_of": "x"}}, "party/up", critical_periods=[period])
        )


def test_a_stretch_may_be_named_instead() -> None:
    assert tried(between=(at("2026-02-01T00:00"), at("2026-04-15T00:00"))) == ["2026-02", "2026-03", "2026-04"]


def test_a_rolling_target_is_tried_on_one_length_after_the_other() -> None:
    names = tried(last=3, first="2026-11-20T00:00", window={"rolling": "P1D"})
    assert names == ["2026-11-20T10:00:00.000000Z", "2026-11-21T10:00:00.000000Z", "2026-11-22T10:00:00.000000Z"]


def test_the_suggestion_is_what_eleven_of_twelve_windows_would_have_met() -> None:
    twelve = ["98", "99.12345", *["99.9"] * 10]
    told = backtests.summarize_backtest(question(), rows(*twelve))
    assert (told["met"], told["missed"], told["worst"]["window_id"]) == (10, 2, "0")
    assert told["suggested_objective"] == {"at_least": "99.1234", "unit": "percent", "exact": "1982469/20000"}
    assert (told["attained_share"], told["realistic"]) == ("5/6", "warning")


def test_of_few_windows_all_would_have_met_the_suggestion() -> None:
    told = backtests.summarize_backtest(question(), rows("99.9", None, "99.6", "99.7"))
    assert (told["windows"], told["judged"], told["suggested_objective"]["at_least"]) == (4, 3, "99.6000")
    assert told["realistic"] == "ok"


def test_less_than_half_met_is_an_error_and_nothing_known_is_nothing() -> None:
    assert backtests.summarize_backtest(question(), rows("98", "98", "99.9"))["realistic"] == "error"
    nothing = backtests.summarize_backtest(question(), rows(None))
    assert (nothing["realistic"], nothing["suggested_objective"], nothing["worst"]) == (None, None, None)


def test_of_a_quantile_the_value_itself_is_suggested() -> None:
    asked = question(aggregation={"quantile": "0.95"}, objective={"at_most": "300"})
    measured = [
        {"window_id": str(n), "to": "2026-11-01T00:00:00Z", "attained": str(n), "verdict": "met"}
        for n in range(200, 212)
    ]
    told = backtests.summarize_backtest(asked, measured)
    assert told["suggested_objective"]["at_most"] == "210.0000"
    assert told["worst"]["attained"] == "211"


def test_what_cannot_be_tried_on_history_is_refused() -> None:
    with pytest.raises(PreviewRejected):
        backtests.parse_backtest_target(question(aggregation="sum"))


@pytest.mark.parametrize("key", [{"": ""}, ["a"], 7])
def test_a_key_that_is_no_text_is_refused(key: Any) -> None:
    with pytest.raises(PreviewRejected, match=r"terms\.key: write a text"):
        backtests.check_backtest_question(question(key=key))


CLOCK = {
    "key": "p1",
    "aggregation": "clock",
    "clock": "resolution",
    "start": "opened",
    "stop": "resolved",
    "objective": {"within": {"calendar": "PT4H"}},
    "window": {"per": "ticket"},
}
SHARE = {"key": "share", "aggregation": {"compliance": "p1"}, "objective": {"at_least": "90", "unit": "percent"}}


def test_a_share_of_tickets_needs_the_clock_that_it_counts() -> None:
    with pytest.raises(PreviewRejected, match="per-ticket"):
        backtests.check_backtest_question(BacktestQuestion(SHARE, ""))
    assert backtests.check_backtest_question(BacktestQuestion(SHARE, "", members=[CLOCK])).aggregation == "compliance"
    with pytest.raises(PreviewRejected, match="key of its own"):
        backtests.check_backtest_question(BacktestQuestion(SHARE, "", members=[CLOCK, CLOCK]))


def test_a_per_ticket_target_is_backtested_where_its_clocks_ended() -> None:
    asked = BacktestQuestion(CLOCK, "", per="week")
    spans = backtests.list_backtest_windows(
        backtests.check_backtest_question(asked), at("2026-11-22T10:00"), at("2026-11-02T00:00"), 12, None, "week"
    )
    assert [span.window_id for span in spans] == ["2026-W45", "2026-W46"]


def test_a_composite_is_tried_on_the_indicators_of_its_members() -> None:
    up = {**MONTHLY, "key": "up", "indicator": "web.up", "window": {"calendar": "month"}}
    made = {
        "key": "both",
        "aggregation": {"composite": {"of": "figures", "rule": "weighted_mean", "members": [{"target": "up"}]}},
        "objective": {"at_least": "99", "unit": "percent"},
    }
    asked = BacktestQuestion(made, "", members=[up], owner="party")
    assert backtests.check_backtest_question(asked).aggregation == "composite"
    assert backtests.list_backtest_subjects(asked) == {"party/web.up"}
    assert not backtests.is_backtest_about_tickets(asked)
