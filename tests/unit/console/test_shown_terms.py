"""Credits and hidden warnings: a page says what the agreement says, and never more than the reader is shown."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.agreements.shown_terms import cost_in_words, warnings_in_words
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader
from slm_events.instants import from_text
from tests.unit.console.alder_answers import ALDER, SHOP, answers, party
from tests.unit.console.stub_api import StubApi, browser_of, listed

READER = Reader(from_text("2026-11-26T09:42:00Z"))


def agreed(**document: Any) -> dict[str, Any]:
    return {"agreement_id": "a-shop", "title": "Checkout for Corner Shop", "provider_party_id": ALDER,
            "customer_party_id": SHOP, "document": {"targets": [], **document}}  # fmt: skip


@pytest.mark.parametrize(
    ("clauses", "said"),
    [
        ({}, "No credits are agreed."),
        ({"charges": {"text": "", "amount": "4200.00"}}, "No credits are agreed."),
        ({"charges": {"text": "A fixed price a month.", "amount": "4200.00"}}, "No credits are agreed."),
        (
            {"charges": "Ten percent below 99 %."},
            "The agreement says about price and credits: “Ten percent below 99 %.”",
        ),
        ({"charges": {"text": "Ten percent."}}, "The agreement says about price and credits: “Ten percent.”"),
    ],
)
def test_the_cost_of_a_broken_promise_is_what_the_agreement_says(clauses: dict[str, Any], said: str) -> None:
    assert cost_in_words(READER, agreed(clauses=clauses)) == said


def test_nothing_is_said_about_an_agreement_that_is_not_known() -> None:
    assert cost_in_words(READER, None) == ""
    assert warnings_in_words(READER, Directory(SHOP), None) == ""


@pytest.mark.parametrize(
    ("own", "sees", "said"),
    [
        (SHOP, {"risks": "at_breach"}, "The agreement shows your company no warning before a breach."),
        (SHOP, {"risks": "never"}, "The agreement shows your company no warning before a breach."),
        (SHOP, None, "The agreement shows your company no warning before a breach."),
        (SHOP, {"risks": {"after": "PT30M"}}, "The agreement shows your company a warning once it has lasted 30 min."),
        (SHOP, {"risks": "at_once"}, ""),
        (ALDER, {"risks": "at_breach"}, ""),
    ],
)
def test_only_a_customer_from_whom_warnings_are_hidden_is_told_so(own: str, sees: Any, said: str) -> None:
    document = {} if sees is None else {"customer_sees": sees}
    assert warnings_in_words(READER, Directory(own), agreed(**document)) == said


def as_customer(verdict: str, risks: str) -> StubApi:
    """The answers that Corner Shop gets about its checkout."""
    found = answers()
    checkout = found["/api/v1/targets/t-checkout"]
    checkout = {**checkout, "window": {**checkout["window"], "verdict": verdict}}
    return StubApi({
        **found,
        "/api/v1/me": {**found["/api/v1/me"], "party": party(SHOP)},
        "/api/v1/targets": listed(checkout),
        "/api/v1/targets/t-checkout": checkout,
        "/api/v1/agreements/a-shop": agreed(customer_sees={"risks": risks}),
    })  # fmt: skip


@pytest.mark.parametrize("path", ["/targets/t-checkout", "/services/checkout"])
@pytest.mark.parametrize(
    ("verdict", "risks", "word"),
    [("met", "at_breach", "not breached"), ("met", "at_once", "on track"), ("breached", "at_breach", "breached")],
)
async def test_a_customer_reads_what_its_state_means(path: str, verdict: str, risks: str, word: str) -> None:
    async with browser_of(as_customer(verdict, risks)) as browser:
        page = (await browser.get(path)).text
    assert f'<span class="word">{word}</span>' in page
    assert ("no warning before a breach" in page) is (word == "not breached") or path == "/services/checkout"
    assert "What a broken promise costs" in page and "No credits are agreed." in page


async def test_a_provider_reads_the_cost_on_the_page_of_the_target() -> None:
    api = StubApi({**answers(), "/api/v1/agreements/a-shop": agreed(clauses={"charges": {"text": "Ten percent."}})})
    async with browser_of(api) as browser:
        assert "“Ten percent.”" in (await browser.get("/targets/t-checkout")).text
        service = (await browser.get("/services/checkout")).text
    assert "What a broken promise costs" not in service
    assert [path for path, _ in api.asked].count("/api/v1/agreements/a-shop") == 1, "a provider may have hundreds"
