"""A report says what was established: nothing is left out, nothing is made up, nothing is judged again."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from slm_events.monitor import WindowClosed
from slm_report.domain import periods, service_report, terms_history
from slm_report.domain.facts import Action, Breach, Facts, Plan, Risk
from slm_report.domain.lines import ReportLine
from slm_report.domain.service_report import ServiceReport
from tests.support import report as heard
from tests.support.report import DECEMBER, HOUR, MONTHLY, QUARTERLY, ROLLING, TICKETS, at

NOVEMBER = periods.parse_period("2026-11", "month", "UTC")
CLOSED_AT = at("2026-12-01T00:10")


def report(facts: Facts, *targets: dict[str, Any], as_of: int = CLOSED_AT, **terms: Any) -> ServiceReport:
    line = terms_history.build_terms_history([heard.finalized(*targets, **terms)], [])
    state = service_report.PUBLISHED if as_of >= CLOSED_AT else service_report.INTERIM
    return service_report.build_service_report(line, facts, NOVEMBER, state=state, as_of=as_of)


def only_line(facts: Facts, *targets: dict[str, Any], as_of: int = CLOSED_AT) -> ReportLine:
    (line,) = report(facts, *targets, as_of=as_of).lines
    return line


def history(*figures: str | None) -> list[WindowClosed]:
    """Closed months of 2026, the last one November."""
    first = 12 - len(figures)
    return [
        heard.closed(
            (f"2026-{month:02d}", f"2026-{month:02d}-01T00:00:00Z", f"2026-{month + 1:02d}-01T00:00:00Z"), figure
        )
        for month, figure in enumerate(figures, first)
    ]


def test_a_closed_window_is_reported_as_it_was_established() -> None:
    line = only_line(Facts(windows=[heard.closed(figure="99.89999999", verdict="breached")]))
    assert (line.verdict, line.closed, line.agreement_version) == ("breached", True, 1)
    assert (line.attained.exact, line.attained.display) == ("9989999999/100000000", "99.8999")
    assert line.raw.display == "99.9100"
    assert line.agreed == "≥ 99.9 %"
    assert line.baseline.display == "99.9500"
    assert line.variance.display == "-0.0001"
    assert (line.downtime_seconds, line.excluded_seconds, line.unknown_seconds) == (1296, 3600, 60)


def test_a_report_does_not_judge_again() -> None:
    contradicting = heard.closed(figure="50", verdict="met")
    assert only_line(Facts(windows=[contradicting])).verdict == "met"


def test_a_window_of_which_too_little_is_known_says_why_it_has_no_verdict() -> None:
    unknown = {"coverage_percent": "249/20", "no_data_reason": "insufficient_coverage"}
    scarce = replace(heard.closed(figure="100", verdict="no_data"), **unknown)
    (line,) = report(Facts(windows=[scarce])).document()["lines"]
    assert (line["verdict"], line["coverage_percent"]) == ("no_data", "249/20")
    assert line["no_data_reason"] == "insufficient_coverage"
    (known,) = report(Facts(windows=[heard.closed()])).document()["lines"]
    assert "no_data_reason" not in known, "a report from before there was the field would get a new revision"


def test_the_trend_is_the_exact_mean_of_the_last_closed_windows() -> None:
    line = only_line(Facts(windows=history("90", "100", None, "100", "99.9")))
    assert (line.trend.exact, line.trend_windows) == ("3899/40", 4)
    long = only_line(Facts(windows=history("1", "100", "100", "100", "100", "100", "100")))
    assert (long.trend.exact, long.trend_windows) == ("100", 6)


def test_without_a_baseline_there_is_a_dash() -> None:
    (line,) = report(Facts(windows=[heard.closed()]), baseline={}).lines
    assert line.baseline.display == "–"


def test_an_open_window_gives_its_state_and_no_figure() -> None:
    november = at("2026-11-22T10:00")
    risk = Risk(heard.at_risk("risk", "2026-11-20T10:00"))
    assert only_line(Facts(), as_of=november).verdict == "open"
    at_risk = only_line(Facts(risks=[risk]), as_of=november)
    assert (at_risk.verdict, at_risk.attained.display, at_risk.budget_consumed_percent.display) == ("at_risk", "–", "–")
    calm = Risk(risk.raised, heard.cleared("risk", "averted", "2026-11-21T10:00"))
    assert only_line(Facts(risks=[calm]), as_of=november).verdict == "open"
    breach = Breach(heard.breached("breach", "2026-11-22T09:00"))
    broken = only_line(Facts(risks=[risk], breaches=[breach]), as_of=november)
    assert (broken.verdict, broken.attained.display) == ("breached", "–")


def test_the_verdict_is_the_worst_of_the_lines() -> None:
    unmeasured = heard.closed(figure=None, verdict="no_data")
    other = heard.target("other", {"calendar": "month"})
    known = heard.closed(("2026-10", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"), of=other)
    met, gone = heard.closed(), heard.closed(figure=None, verdict="no_data", of=other)
    assert report(Facts(windows=[met, gone, known]), MONTHLY, other).verdict == "no_data"
    # What was never measured hides no other line.
    assert report(Facts(windows=[heard.closed(of=other), unmeasured]), MONTHLY, other).verdict == "met"
    breached = heard.closed(figure="99", verdict="breached", of=other)
    assert report(Facts(windows=[met, breached]), MONTHLY, other).verdict == "breached"
    idle = heard.closed(figure=None, verdict="not_applicable", of=other)
    assert report(Facts(windows=[met, idle]), MONTHLY, other).verdict == "met"


def test_a_withdrawn_breach_is_listed_and_does_not_count() -> None:
    breach = Breach(heard.breached("breach", "2026-11-22T09:00"), heard.withdrawn("breach"))
    made = report(Facts(windows=[heard.closed()], breaches=[breach]))
    assert [entry["state"] for entry in made.breaches] == ["withdrawn"]
    assert (made.breach_count, made.verdict) == (0, "met")


def test_a_breach_that_stands_again_counts_again() -> None:
    breach = Breach(heard.breached("breach", "2026-11-22T09:00", revision=1), heard.withdrawn("breach", revision=0))
    made = report(Facts(windows=[heard.closed(verdict="breached")], breaches=[breach]))
    assert ([entry["state"] for entry in made.breaches], made.breach_count) == (["standing"], 1)


def test_a_breach_certain_at_its_windows_end_counts_in_that_window() -> None:
    breach = Breach(heard.breached("breach", "2026-12-01T00:00"))
    assert report(Facts(windows=[heard.closed(verdict="breached")], breaches=[breach])).breach_count == 1


def test_a_breach_of_a_longer_window_counts_once_and_shows_everywhere() -> None:
    window = ("2026-Q4", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z")
    early = Breach(heard.breached("breach", "2026-11-05T09:00", window, QUARTERLY))
    november = report(Facts(breaches=[early]), QUARTERLY)
    assert ([line.verdict for line in november.lines], november.breach_count) == (["breached"], 1)
    terms = terms_history.build_terms_history([heard.finalized(QUARTERLY)], [])
    december = service_report.build_service_report(
        terms,
        Facts(breaches=[early]),
        periods.parse_period("2026-12", "month", "UTC"),
        state="interim",
        as_of=at("2026-12-10T00:00"),
    )
    assert ([entry["counted"] for entry in december.breaches], december.breach_count) == ([False], 0)


def test_a_rolling_target_tells_whether_it_was_ever_breached() -> None:
    breach = Breach(
        heard.breached("breach", "2026-11-05T09:00", HOUR, ROLLING),
        recovered=heard.recovered("breach", "2026-11-05T10:00"),
    )
    assert only_line(Facts(), ROLLING).verdict == "no_breach"
    made = report(Facts(breaches=[breach]), ROLLING)
    assert (made.lines[0].verdict, made.breaches[0]["state"]) == ("breached", "recovered")


def test_a_lasting_rolling_breach_is_shown_and_counted_in_another_period() -> None:
    breach = Breach(heard.breached("breach", "2026-10-31T23:00", HOUR, ROLLING))
    made = report(Facts(breaches=[breach]), ROLLING, effective_at="2026-10-01T00:00:00Z")
    assert ([entry["counted"] for entry in made.breaches], made.lines[0].verdict) == ([False], "breached")


def counts(line: ReportLine) -> tuple[int, int, int]:
    """Tickets judged, met and breached."""
    assert line.tickets is not None
    return line.tickets["judged"], line.tickets["met"], line.tickets["breached"]


def test_tickets_count_where_their_clock_ended() -> None:
    facts = Facts(
        clocks=[
            heard.stopped("1", "2026-11-03T10:00"),
            heard.stopped("2", "2026-11-04T10:00"),
            heard.stopped("3", "2026-11-05T10:00", "completed_late", "2026-11-05T09:00"),
            heard.stopped("4", "2026-11-01T10:00", "completed_late", "2026-10-31T09:00"),
        ],
        breaches=[Breach(heard.breached("breach", "2026-11-05T09:00", ("servicenow/3", None, None), TICKETS))],
    )
    line = only_line(facts, TICKETS)
    assert counts(line) == (3, 2, 1)
    assert line.tickets is not None
    assert line.tickets["share_display"] == "66.6667"
    assert [(late["ticket"], late["late_seconds"]) for late in line.tickets["late"]] == [("servicenow/3", 3600)]
    assert (line.verdict, line.attained.display) == ("breached", "2 of 3 in time")


def test_a_late_clock_whose_breach_was_withdrawn_was_in_time_after_all() -> None:
    of_ticket = ("servicenow/3", "2026-11-05T05:00:00Z", "2026-11-05T09:00:00Z")
    breach = Breach(heard.breached("breach", "2026-11-05T09:00", of_ticket, TICKETS), heard.withdrawn("breach"))
    late = heard.stopped("3", "2026-11-05T10:00", "completed_late", "2026-11-05T09:00")
    assert counts(only_line(Facts(clocks=[late], breaches=[breach]), TICKETS)) == (1, 1, 0)


def test_a_ticket_breached_at_a_periods_first_instant_counts_in_it() -> None:
    of_ticket = ("servicenow/3", "2026-10-31T20:00:00Z", "2026-11-01T00:00:00Z")
    breach = Breach(heard.breached("breach", "2026-11-01T00:00", of_ticket, TICKETS))
    made = report(Facts(breaches=[breach]), TICKETS)
    assert (counts(made.lines[0]), made.breach_count) == ((1, 0, 1), 1)


def test_a_target_without_tickets_has_no_data() -> None:
    assert only_line(Facts(), TICKETS).verdict == "no_data"


def test_risks_name_their_plans_and_which_averted() -> None:
    risk = Risk(heard.at_risk("risk", "2026-11-20T10:00"), heard.cleared("risk", "averted", "2026-11-21T10:00"))
    plan = Plan(
        heard.planned("plan", "risk", "2026-11-20T10:00"),
        heard.plan_ended("plan", "risk", "averted", "2026-11-21T10:00"),
    )
    made = report(Facts(windows=[heard.closed()], risks=[risk], plans=[plan]))
    assert (made.plans_averted, made.plans_ended) == (1, 1)
    assert [entry["plans"][0]["outcome"] for entry in made.risks] == ["averted"]


def test_what_happens_after_a_report_closed_does_not_change_it() -> None:
    risk = heard.at_risk("risk", "2026-11-20T10:00", HOUR, ROLLING)
    plan = heard.planned("plan", "risk", "2026-11-20T10:00")
    before = Facts(windows=[heard.closed()], risks=[Risk(risk)], plans=[Plan(plan)])
    after = Facts(
        windows=[heard.closed(), heard.closed(DECEMBER)],
        risks=[Risk(risk, heard.cleared("risk", "averted", "2026-12-02T10:00"))],
        plans=[Plan(plan, heard.plan_ended("plan", "risk", "averted", "2026-12-02T10:00"))],
        breaches=[Breach(heard.breached("breach", "2026-12-05T09:00", DECEMBER))],
        actions=[Action(heard.action("action", "2026-12-03T10:00"))],
    )
    assert report(before, MONTHLY, ROLLING) == report(after, MONTHLY, ROLLING)


def test_a_closed_windows_risk_outcome_counts_though_published_at_closing() -> None:
    risk = Risk(
        heard.at_risk("risk", "2026-11-20T10:00"), heard.cleared("risk", "window_closed", "2026-12-01T00:10:03Z")
    )
    opened = heard.planned("plan", "risk", "2026-11-20T10:00")
    plan = Plan(opened, heard.plan_ended("plan", "risk", "averted", "2026-12-01T00:10:04Z"))
    made = report(Facts(windows=[heard.closed()], risks=[risk], plans=[plan]))
    assert [entry["outcome"] for entry in made.risks] == ["window_closed"]
    assert made.plans_averted == 1


def test_windows_that_are_missing_are_named() -> None:
    terms = terms_history.build_terms_history([heard.finalized(MONTHLY, QUARTERLY)], [])
    assert service_report.missing_windows(terms, Facts(), NOVEMBER) == ["uptime 2026-11"]
    assert service_report.missing_windows(terms, Facts(windows=[heard.closed()]), NOVEMBER) == []


def test_a_window_the_terms_did_not_foresee_is_shown_all_the_same() -> None:
    stray = heard.target("retired", {"calendar": "month"})
    made = report(Facts(windows=[heard.closed(), heard.closed(of=stray)]))
    assert [line.target_key for line in made.lines] == ["uptime", "retired"]


def test_the_order_in_which_facts_were_heard_shows_nowhere() -> None:
    windows = [heard.closed(), heard.closed(of=heard.target("b", {"calendar": "month"}))]
    expected = report(Facts(windows=windows), MONTHLY, heard.target("b", {"calendar": "month"}), TICKETS)
    for seed in range(5):
        shuffled = random.Random(seed).sample(windows, 2)
        assert report(Facts(windows=shuffled), MONTHLY, heard.target("b", {"calendar": "month"}), TICKETS) == expected
