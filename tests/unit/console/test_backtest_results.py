"""A draft says how its promises would have fared on what was measured."""

from __future__ import annotations

from typing import Any

from slm_console.views.agreements.backtests import backtest_in_words
from tests.unit.console.negotiated import ALDER, READER, agreement, available
from tests.unit.console.stub_api import browser_of
from tests.unit.console.test_agreement_pages import known

TARGET = {**available("99.99"), "indicator": {"key": "checkout.state", "owner_party_id": ALDER, "unit": None}}
DOCUMENT = {**agreement()["document"], "targets": [TARGET], "service_hours": {"24x7": "24x7"}}


def tried(**changes: Any) -> dict[str, Any]:
    """A back-test as the API answers it: two of three months missed the promise."""
    terms = {name: TARGET[name] for name in ("aggregation", "objective", "window")}
    question = {
        "terms": {**terms, "indicator": "checkout.state"}, "indicator": f"{ALDER}/checkout.state",
        "service_hours": "24x7", "timezone": "Europe/Zurich", "members": [], "owner": ALDER, "per": "month",
    }  # fmt: skip
    windows = [
        {"window_id": f"2026-{month}", "verdict": verdict, "figure": figure, "figure_display": ""}
        for month, verdict, figure in (("09", "breached", "9997/100"), ("10", "met", "100/1"), ("11", "breached", "99"))
    ]
    result = {
        "windows": 3, "judged": 3, "met": 1, "missed": 2, "attained_share": "1/3", "realistic": "error",
        "worst": windows[2], "suggested_objective": {"at_least": "99.8379", "unit": "percent", "exact": "1/1"},
    }  # fmt: skip
    return {"backtest_id": "b", "state": "done", "windows": windows, "result": result, "question": question, **changes}


def test_a_back_test_of_the_same_promise_says_which_months_would_have_missed_it() -> None:
    found = backtest_in_words(READER, DOCUMENT, TARGET, [tried()])
    assert found is not None and found.mark == "at-risk"
    assert found.sentence == "Tried on what was measured: 2 of the last 3 periods would have missed it."
    assert found.more == (
        "Missed: September 2026 and November 2026.",
        "The worst was November 2026 with 99.0000\N{NO-BREAK SPACE}%.",
        "Eleven of twelve would have kept at least 99.8379 %.",
    )


def test_a_back_test_of_other_terms_or_without_a_result_says_nothing() -> None:
    question = tried()["question"]
    others = [
        tried(state="running"),
        tried(result=None),
        tried(question={**question, "timezone": "UTC"}),
        tried(question={**question, "indicator": "other/checkout.state"}),
        tried(question={**question, "service_hours": {"timezone": "UTC"}}),
        tried(question={**question, "terms": {**question["terms"], "objective": {"at_least": "99"}}}),
    ]
    assert backtest_in_words(READER, DOCUMENT, TARGET, others) is None
    assert backtest_in_words(READER, DOCUMENT, {**TARGET, "indicator": None}, [tried()]) is None


async def test_the_document_of_a_draft_shows_it_and_one_in_force_does_not() -> None:
    for state, is_shown in (("draft", True), ("in_force", False)):
        api = known(targets=[TARGET], service_hours={"24x7": "24x7"})
        api.answers["/api/v1/agreements/agreement-1"]["state"] = state
        api.answers["/api/v1/backtests"] = {"items": [tried()], "next": None}
        async with browser_of(api) as browser:
            page = (await browser.get("/agreements/agreement-1")).text
        assert ("2 of the last 3 periods would have missed it" in page) is is_shown
