"""The page stands alone, says everything, and runs nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from slm_report.adapters import html_page, report_words, svg_attainment
from slm_report.domain import periods, service_report, terms_history
from slm_report.domain.facts import Breach, Facts, Risk
from tests.support import report as heard
from tests.support.report import HOUR, MONTHLY, ROLLING, TICKETS, at

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Outline(HTMLParser):
    """Tags seen, and whether each was closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed out of order"


def shown(**terms: Any) -> dict[str, Any]:
    """A report as the API shows it: a breach, a warning, a target of each kind."""
    facts = Facts(
        windows=[heard.closed(figure="99.89999999", verdict="breached")],
        breaches=[
            Breach(heard.breached("breach", "2026-11-22T09:00")),
            Breach(
                heard.breached("slow", "2026-11-05T09:00", HOUR, ROLLING),
                recovered=heard.recovered("slow", "2026-11-05T12:00"),
            ),
        ],
        risks=[Risk(heard.at_risk("risk", "2026-11-20T10:00"))],
        clocks=[heard.stopped("1", "2026-11-03T10:00")],
    )
    line = terms_history.build_terms_history([heard.finalized(MONTHLY, ROLLING, TICKETS, **terms)], [])
    period = periods.parse_period("2026-11", "month", line[0].terms.timezone)
    made = service_report.build_service_report(line, facts, period, state="published", as_of=at("2026-12-01T00:10"))
    return {
        "report_id": "r",
        "revision": 1,
        "built_at": "2026-12-01T00:10:01.000000Z",
        **made.document(),
        "changes": [],
        "heard": {"until_at": "2026-12-01T00:10:01.000000Z", "behind_events": 0},
        "revisions": [],
        "url": "/api/v1/reports/r?revision=1",
        "page_url": "/api/v1/reports/r/page?revision=1",
    }


CHARTS = 4
"""Three of attained against agreed figures, and the timeline; each is drawn wide and narrow."""


def test_the_page_is_well_formed_and_stands_alone() -> None:
    page = html_page.render_report_page(shown())
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert {"script", "link", "img", "iframe", "form"}.isdisjoint(outline.seen)
    assert outline.seen.count("svg") == 2 * CHARTS
    assert not re.findall(r"(?:src|href)=\"https?:", page.replace('xmlns="http://www.w3.org/2000/svg"', ""))


def test_the_page_shows_unmet_as_unmet() -> None:
    page = html_page.render_report_page(shown())
    assert "99.8999" in page
    assert "exactly 9989999999/100000000" in page


def test_each_chart_has_a_name_and_a_description() -> None:
    page = html_page.render_report_page(shown())
    assert page.count('role="img"') == page.count("<desc>") == 2 * CHARTS


def test_each_chart_has_a_narrow_form_in_which_everything_is_within_a_phones_width() -> None:
    page = html_page.render_report_page(shown())
    found = re.findall(r'<div class="narrow">(<svg.*?</svg>)</div>', page, re.DOTALL)
    assert len(found) == CHARTS
    for chart in found:
        assert 'viewBox="0 0 344 ' in chart
        ends = [float(each) for each in re.findall(r' (?:x|x1|x2|cx)="([0-9.]+)"', chart)]
        boxes = re.findall(r'<rect x="([0-9.]+)" y="[0-9.]+" width="([0-9.]+)"', chart)
        assert max([*ends, *(float(x) + float(width) for x, width in boxes)]) <= 344
    wide, narrow = (re.findall(rf'<div class="{name}">(.*?)</div>', page, re.DOTALL) for name in ("wide", "narrow"))
    for each, other in zip(wide, narrow, strict=True):
        assert set(re.findall(r"(?:figure|in time) [^<]*", each)) == set(re.findall(r"(?:figure|in time) [^<]*", other))


def test_lines_of_one_unit_share_one_marked_scale() -> None:
    """A figure of 33 percent once stood right of one of 99.9, each on a scale of its own."""
    low = heard.target("low", {"calendar": "month"}, {"at_least": "30", "unit": "percent"})
    facts = Facts(windows=[heard.closed(figure="999/10"), heard.closed(figure="33", of=low)])
    line = terms_history.build_terms_history([heard.finalized(MONTHLY, low)], [])
    period = periods.parse_period("2026-11", "month", "UTC")
    made = service_report.build_service_report(line, facts, period, state="published", as_of=at("2026-12-01T00:10"))
    (chart,) = svg_attainment.draw_attainment_charts(made.document())
    circles = {text: float(x) for x, text in re.findall(r'<circle cx="([0-9.]+)"[^>]*><title>figure ([0-9.]+)', chart)}
    assert circles["33.0000"] < circles["99.9000"]
    assert ">100</text>" in chart


def test_no_microseconds_and_no_raw_documents_are_shown_to_people() -> None:
    page = html_page.render_report_page(shown())
    assert "2592000000000" not in page
    assert "21 min 36 s down of 30 d" in page
    assert "<pre>" not in page


def test_the_lines_that_are_not_judged_are_told_beside_those_that_are() -> None:
    """ "1 of 3 judged" once stood above four lines."""
    report = shown()
    verdicts = ["met", "breached", "at_risk", "no_data"]
    report["lines"] = [report["lines"][0] | {"verdict": verdict} for verdict in verdicts]
    assert "1 <small>of 2 judged; 1 at risk, 1 no data</small>" in html_page.render_report_page(report)


def test_what_became_of_the_plans_adds_up_to_the_warnings() -> None:
    """ "15 warnings" once stood beside "0 of 10 plans averted harm", and nothing said what the other five were."""
    report = shown()
    plan: dict[str, Any] = {"plan_id": "p", "owner": "Ada", "steps": [], "due_at": None, "url": "/plan"}
    ends = ["cleared", "cleared", "breached", "open", None]
    report["risks"] = [report["risks"][0] | {"plans": [] if end is None else [plan | {"outcome": end}]} for end in ends]
    cards = html_page.render_report_page(report).partition("<dt>Warnings</dt>")[2].partition("</div>")[0]
    assert re.findall(r"<small>(.*?)</small>", cards) == [
        "0 plans averted a breach that was in sight",
        "2 plans ended with no breach in sight",
        "1 plan ended in a breach",
        "1 plan open",
        "1 without a plan",
    ]


def test_no_duration_is_shown_as_a_code() -> None:
    report = shown()
    report["risks"] = [report["risks"][0] | {"cause": "burn_rate", "threshold": "PT1H/PT5M@14.4", "window_id": "P28D"}]
    page = html_page.render_report_page(report)
    assert not re.findall(r"\bPT?\d+[A-Z][^ <\"]*", page)
    assert {"rolling 1 h", "rolling 28 d"} <= set(re.findall(r"rolling \d+ \w+", page))
    assert "budget burning more than 14.4 times too fast over 1 h and 5 min" in page


def test_one_thing_is_not_told_as_many() -> None:
    report = shown()
    report["heard"] = {"until_at": report["built_at"], "behind_events": 1}
    for line in report["lines"]:
        line["trend_windows"] = 1
    page = html_page.render_report_page(report)
    assert "1 later event is waiting" in page
    assert "mean of 1 period<" in page
    assert not re.findall(r"\b1 (?:breaches|warnings|plans|windows|tickets|targets|lines|events)\b", page)


def test_text_from_outside_stays_text() -> None:
    page = html_page.render_report_page(shown(title="<script>alert(1)</script>", service_name="A & B </svg>"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "A &amp; B &lt;/svg&gt;" in page


def test_breaches_lead_to_their_evidence() -> None:
    page = html_page.render_report_page(shown())
    assert f'href="/api/v1/breaches/{heard.id_of("breach")}"' in page
    assert f'href="#breach-{heard.id_of("breach")}"' in page


def test_instants_are_shown_by_the_agreements_own_clock() -> None:
    page = html_page.render_report_page(shown(timezone="Europe/Berlin"))
    assert "22 Nov 2026, 10:00:00 CET" in page
    assert "1 Nov 2026 to 30 Nov 2026: days and times of Berlin, as agreed" in page


def test_periods_hours_and_distances_are_said_in_words() -> None:
    page = html_page.render_report_page(shown())
    assert "Service report · November 2026" in page and "2026-11:" not in page
    assert "percentage points below what was promised" in page
    assert not re.search(r"24x7|Variance|Error budget|Budget spent|badge|>2026-11<", page)
    assert report_words.period_in_words("2026-W47") == "week 47 of 2026"
    assert report_words.period_in_words("2026-Q3") == "quarter 3 of 2026"


def test_the_page_is_readable_in_the_dark_and_every_cell_of_a_phone_has_its_title() -> None:
    page = html_page.render_report_page(shown())
    assert "prefers-color-scheme: dark" in page
    assert not re.findall(r"(?:fill|stroke)=\"#", page), "a picture has a colour of its own"
    assert not re.findall(r"<td(?![^>]*(?:data-label|colspan))", page)


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        (None, ""),
        ("100/1", ""),
        ("99999999/1000000", "only 99.9 % known"),
        ("249/20", "only 12.4 % known"),
        ("12/1", "only 12 % known"),
        ("1/20", "less than 0.1 % known"),
        ("0/1", "only 0 % known"),
    ],
)
def test_how_much_is_known_is_rounded_down(coverage: str | None, words: str) -> None:
    assert report_words.known_part(coverage) == words


def test_a_figure_without_a_verdict_says_that_too_little_is_known() -> None:
    report = shown()
    scarce = {"coverage_percent": "249/20", "verdict": "no_data", "no_data_reason": "insufficient_coverage"}
    report["lines"] = [report["lines"][0] | scarce]
    page = html_page.render_report_page(report)
    assert "<small>only 12.4 % known</small>" in page and "<small>too little is known for a verdict</small>" in page


def test_the_page_has_the_words_of_the_console_and_says_whose_time_it_shows() -> None:
    report = shown()
    report["lines"] = [report["lines"][0] | {"coverage_percent": "100/1", "agreement_version": 1}]
    page = html_page.render_report_page(report)
    heads = re.findall(r'<th scope="col">([^<]*)</th>', page.partition("<h2>Figures</h2>")[2].partition("</thead>")[0])
    assert [each for each in heads if each != "Baseline"] == [
        "Target", "Period", "Promised", "Figure", "Average", "Against what was promised", "Used of what is allowed",
        "Measured", "State",
    ]  # fmt: skip
    assert "% known" not in page and "· version" not in page
    assert "What a broken promise costs is in the agreement, under Price." in page
    zoned = report | {"period": report["period"] | {"timezone": "America/New_York"}}
    assert "days and times of New York, as agreed" in html_page.render_report_page(zoned)
    report["lines"][0] |= {"coverage_percent": "95/1", "agreement_version": 2}
    page = html_page.render_report_page(report)
    assert "<small>only 95 % known</small>" in page and "version 2 of the agreement" in page
