"""A report's identity, what makes a revision, and what is told of it."""

from __future__ import annotations

from typing import Any

from slm_events.monitor import WindowClosed
from slm_report.domain import periods, publication, service_report, terms_history
from slm_report.domain.facts import Facts
from tests.support import report as heard
from tests.support.report import AGREEMENT, at

NOVEMBER = periods.parse_period("2026-11", "month", "UTC")


def document(*windows: WindowClosed) -> dict[str, Any]:
    terms = terms_history.build_terms_history([heard.finalized()], [])
    as_of = at("2026-12-01T00:10")
    facts = Facts(windows=list(windows))
    return service_report.build_service_report(terms, facts, NOVEMBER, state="published", as_of=as_of).document()


def test_a_periods_report_has_the_same_id_everywhere() -> None:
    first = publication.report_id_of(AGREEMENT, "2026-11")
    assert first == publication.report_id_of(AGREEMENT, "2026-11") == "dad3d4a6-6249-5ffa-b79f-a0d89eebd64e"
    assert first != publication.report_id_of(AGREEMENT, "2026-12")


def test_the_same_facts_give_the_same_digest_and_a_restatement_another() -> None:
    before, after = document(heard.closed()), document(heard.restated())
    assert publication.report_digest(before) == publication.report_digest(document(heard.closed()))
    assert publication.report_digest(before) != publication.report_digest(after)


def test_a_revision_says_what_changed_and_why() -> None:
    before, after = document(heard.closed()), document(heard.restated())
    assert publication.compare_revisions(None, before) == []
    assert publication.compare_revisions(before, after) == [
        publication.Change(
            kind="line_changed",
            what="uptime 2026-11",
            before="met 99.9500",
            after="breached 99.8500",
            cause="late measurement",
        )
    ]


def test_what_is_published_carries_exact_figures() -> None:
    event = publication.report_published_event("report", 1, document(heard.closed()), "2026-12-01T00:10:00.000000Z")
    assert (event.period, event.verdict, event.breaches) == ("2026-11", "met", 0)
    assert event.url == "/api/v1/reports/report?revision=1"
    assert event.lines == [
        {
            "target_id": heard.MONTHLY["target_id"],
            "target_key": "uptime",
            "agreement_version": 1,
            "window_id": "2026-11",
            "agreed": {"at_least": "99.9", "unit": "percent"},
            "attained": "1999/20",
            "attained_display": "99.9500",
            "baseline": "1999/20",
            "verdict": "met",
        }
    ]
