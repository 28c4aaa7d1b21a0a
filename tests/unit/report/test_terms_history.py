"""Which terms hold when, which windows end in a period, and when its report is due."""

from __future__ import annotations

import pytest

from slm_events.instants import to_text
from slm_report.domain import errors, periods, terms_history
from tests.support.report import MONTHLY, QUARTERLY, ROLLING, TICKETS, at, finalized, superseded, target, terminated

NOVEMBER = periods.parse_period("2026-11", "month", "UTC")
DECEMBER = periods.parse_period("2026-12", "month", "UTC")


def ending(terms: list[terms_history.Term], period: periods.Period) -> list[tuple[str, str, int]]:
    found = terms_history.windows_ending_in(terms_history.calendar_windows(terms, period), period)
    return [(window.target["key"], window.id, window.term.terms.version) for window in found]


def test_a_period_is_named_as_windows_are() -> None:
    assert periods.period_containing(at("2026-11-22T10:00"), "month", "Europe/Berlin").id == "2026-11"
    assert periods.period_containing(at("2026-10-31T23:30"), "month", "Europe/Berlin").id == "2026-11"


@pytest.mark.parametrize("text", ["2026-13", "2026-Q4", "November", ""])
def test_what_names_no_period_of_the_cadence_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(errors.NoSuchPeriod, match="write it like 2026-"):
        periods.parse_period(text, "month", "UTC")


def test_windows_of_other_lengths_fall_into_the_period_in_which_they_end() -> None:
    terms = terms_history.build_terms_history([finalized(MONTHLY, QUARTERLY, ROLLING, TICKETS)], [])
    assert ending(terms, NOVEMBER) == [("uptime", "2026-11", 1)]
    assert ending(terms, DECEMBER) == [("uptime", "2026-12", 1), ("quarter", "2026-Q4", 1)]


def test_a_week_that_crosses_into_the_next_month_belongs_to_that_month() -> None:
    terms = terms_history.build_terms_history([finalized(target("weekly", {"calendar": "week"}))], [])
    assert [window for _, window, _ in ending(terms, NOVEMBER)] == [
        "2026-W44",
        "2026-W45",
        "2026-W46",
        "2026-W47",
        "2026-W48",
    ]
    assert ending(terms, DECEMBER)[0][1] == "2026-W49"


def test_a_billing_month_belongs_to_the_period_in_which_it_ends() -> None:
    billing = target("billed", {"calendar": "month", "begin": 15, "at": "12:00"})
    terms = terms_history.build_terms_history([finalized(billing, effective_at="2026-10-20T00:00:00Z")], [])
    assert ending(terms, NOVEMBER) == [("billed", "2026-10-15T12:00/P1M", 1)]
    assert ending(terms, DECEMBER) == [("billed", "2026-11-15T12:00/P1M", 1)]


def test_the_first_window_begins_when_the_agreement_does() -> None:
    terms = terms_history.build_terms_history([finalized(MONTHLY, effective_at="2026-11-20T00:00:00Z")], [])
    (window,) = terms_history.calendar_windows(terms, NOVEMBER)
    assert to_text(window.start) == "2026-11-20T00:00:00.000000Z"


def test_termination_ends_a_window_at_its_instant() -> None:
    terms = terms_history.build_terms_history([finalized(MONTHLY)], [terminated("2026-11-10T12:00")])
    (window,) = terms_history.calendar_windows(terms, NOVEMBER)
    assert window.end == at("2026-11-10T12:00")
    assert terms_history.report_due_at(terms, NOVEMBER) == at("2026-11-10T12:10")
    assert terms_history.calendar_windows(terms, DECEMBER) == []


def test_a_window_uses_the_terms_of_its_start_even_when_superseded() -> None:
    second = finalized(MONTHLY, version=2, effective_at="2026-11-15T00:00:00Z")
    terms = terms_history.build_terms_history([second, finalized(MONTHLY)], [superseded("2026-11-15T00:00")])
    assert ending(terms, NOVEMBER) == [("uptime", "2026-11", 1)]
    assert ending(terms, DECEMBER) == [("uptime", "2026-12", 2)]


def test_a_target_that_an_amendment_adds_begins_with_the_amendment() -> None:
    second = finalized(MONTHLY, QUARTERLY, version=2, effective_at="2026-12-01T00:00:00Z")
    terms = terms_history.build_terms_history([finalized(MONTHLY), second], [])
    windows = {window.key[1]: window for window in terms_history.calendar_windows(terms, DECEMBER)}
    assert windows["2026-Q4"].start == at("2026-12-01T00:00")


def test_a_target_that_an_amendment_leaves_out_ends_with_the_amendment() -> None:
    second = finalized(TICKETS, version=2, effective_at="2026-11-15T00:00:00Z")
    (window,) = terms_history.calendar_windows(
        terms_history.build_terms_history([finalized(MONTHLY), second], []), NOVEMBER
    )
    assert window.end == at("2026-11-15T00:00")


def test_a_version_superseded_before_it_began_was_never_in_force() -> None:
    second = finalized(MONTHLY, version=2, effective_at="2026-11-01T00:00:00Z")
    assert [term.terms.version for term in terms_history.build_terms_history([finalized(MONTHLY), second], [])] == [2]


def test_a_report_is_due_when_its_last_window_can_have_closed() -> None:
    terms = terms_history.build_terms_history([finalized(MONTHLY)], [])
    assert terms_history.report_due_at(terms, NOVEMBER) == at("2026-12-01T00:10")


def test_the_cadence_of_reports_is_the_agreements() -> None:
    quarterly = terms_history.build_terms_history([finalized(MONTHLY, reporting={"period": "quarter"})], [])
    assert terms_history.period_at(quarterly, at("2026-11-22T10:00")).id == "2026-Q4"
    odd = terms_history.build_terms_history([finalized(MONTHLY, reporting={"period": "fortnight"})], [])
    assert terms_history.period_at(odd, at("2026-11-22T10:00")).id == "2026-11"


def test_an_occurrence_belongs_to_the_period_in_which_it_ends() -> None:
    # 18:00 to 02:00 in Berlin is 17:00 to 01:00 UTC: the second night ends in December.
    nights = [("2026-11-03T18:00", "2026-11-04T02:00"), ("2026-11-30T22:00", "2026-12-01T02:00")]
    dates = [{"from": start, "to": end} for start, end in nights]
    period = {"key": "night", "title": "Night", "occurrences": {"dates": dates}, "freeze": False}
    nightly = target("nightly", {"occurrences_of": "night"})
    signed = finalized(nightly, MONTHLY, timezone="Europe/Berlin", critical_periods=[period])
    terms = terms_history.build_terms_history([signed], [])
    november, december = (periods.parse_period(each, "month", "Europe/Berlin") for each in ("2026-11", "2026-12"))
    assert ending(terms, november) == [("nightly", "night/2026-11-03", 1), ("uptime", "2026-11", 1)]
    assert ending(terms, december) == [("nightly", "night/2026-11-30", 1), ("uptime", "2026-12", 1)]
    assert [target["key"] for _, target in terms_history.targets_without_calendar(terms, november)] == []
