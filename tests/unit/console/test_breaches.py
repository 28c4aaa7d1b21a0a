"""A breach tells two figures apart: what was reached when it broke, and what the period came to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from slm_console.views.judgement.breaches import breach_page_of
from slm_console.views.reader import Reader
from tests.unit.console import alder_answers as alder
from tests.unit.console.negotiated import directory
from tests.unit.console.stub_api import StubApi, StubClock, browser_of

READER = Reader(StubClock().at)
BREACH = {
    **alder.BREACH, "figure": "99647/1000", "shortfall": "253/1000", "certain_at": "2026-10-09T09:57:00Z",
}  # fmt: skip
ENDED: dict[str, Any] = {
    **alder.EXPLANATION,
    "figure": "99836/1000",
    "window": {**alder.EXPLANATION["window"], "id": "2026-10", "closes_at": "2026-10-31T23:10:00Z"},
    "derivation": {"sums": {"down": 71 * 60_000_000}, "intervals": [], "arithmetic": []},
}


def test_both_figures_say_of_which_time_they_are_and_have_the_same_decimals() -> None:
    lines = dict(breach_page_of(READER, directory(), BREACH, ENDED).lines)
    assert list(lines) == ["Promised", "Allowed", "When it broke, 9 Oct 09:57", "Short by", "October 2026 in the end",
                           "Short by in the end"]  # fmt: skip
    assert lines["When it broke, 9 Oct 09:57"] == "99.647\N{NO-BREAK SPACE}%"
    assert lines["Short by"] == "0.253 percentage points"
    assert lines["October 2026 in the end"] == "99.836\N{NO-BREAK SPACE}%, 1 h 11 min down"
    assert lines["Short by in the end"] == "0.064 percentage points"


def test_a_period_that_goes_on_has_no_shortfall_in_the_end() -> None:
    window = {**ENDED["window"], "closes_at": "2026-11-30T23:10:00Z"}
    lines = dict(breach_page_of(READER, directory(), BREACH, {**ENDED, "window": window}).lines)
    assert "October 2026 so far" in lines and "Short by in the end" not in lines


def test_a_breach_without_an_explanation_or_with_the_same_figure_has_one() -> None:
    same = {**ENDED, "figure": BREACH["figure"]}
    for explanation in (None, same, {**ENDED, "figure": None}):
        lines = dict(breach_page_of(READER, directory(), BREACH, explanation).lines)
        assert "October 2026 in the end" not in lines


def test_a_breach_says_its_time_by_the_agreements_zone_where_that_is_another() -> None:
    """A report of the same breach writes this time."""
    assert breach_page_of(READER, directory(), BREACH, ENDED).elsewhere == (
        "9 Oct 11:57 by the agreement's time zone, Zurich"
    )
    in_paris = replace(READER, zone=ZoneInfo("Europe/Paris"))
    assert breach_page_of(in_paris, directory(), BREACH, ENDED).elsewhere == ""
    assert breach_page_of(READER, directory(), BREACH).elsewhere == ""


async def test_the_time_of_a_breach_has_both_zones_on_hover() -> None:
    async with browser_of(StubApi({**alder.answers(), "/api/v1/breaches/b-orders": BREACH})) as browser:
        page = (await browser.get("/breaches/b-orders")).text
    assert '<time title="9 Oct 2026 11:57:00 Zurich · 9 Oct 2026 09:57:00 UTC">' in page


async def test_the_page_says_what_was_missed_also_while_the_explanation_is_away() -> None:
    known = {**alder.answers(), "/api/v1/breaches/b-orders": BREACH}
    async with browser_of(StubApi(known)) as browser:
        assert "What was missed" in (await browser.get("/breaches/b-orders")).text
    del known["/api/v1/targets/t-checkout/explain"]
    async with browser_of(StubApi(known)) as browser:
        assert (await browser.get("/breaches/b-orders")).status_code == 200
