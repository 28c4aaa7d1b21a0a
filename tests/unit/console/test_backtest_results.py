"""A draft says how its promises would have fared on what was measured."""

from __future__ import annotations

from typing import Any

from slm_console.views.agreements.backtests import backtest_in_words, revision_backtest_in_words
from slm_console.views.agreements.past import past_of
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


SCHEDULE = {"currency": "EUR", "bands": [{"from": "0", "percent_of_charge": "10"}, {"from": "99.99", "nothing": True}]}
CHARGE = {"amount": "4200", "currency": "EUR", "per": "month"}
PRICED = {
    **DOCUMENT, "credit_schedules": {"bands-a": SCHEDULE}, "period_charge": CHARGE,
    "targets": [{**TARGET, "credit": "bands-a"}],
}  # fmt: skip


def priced(**changes: Any) -> dict[str, Any]:
    """A back-test with the document's money, one open reading, and two candidate objectives."""
    job = tried()
    readings = [
        {"settled_by": {"unknown": value}, "changed": n, "breaches": 2 + n, "credits": f"{840 + 420 * n}.00"}
        for n, value in enumerate(("removed", "down"))
    ]
    opened = {
        "target": "up", "policy": "unknown", "default": "removed", "changed": 1, "readings": readings,
        "costs": {"breaches": 1, "amount": "420.00", "currency": "EUR"},
        "sentence": "left open: how time in an unknown state counts; costs 1 breach, EUR 420.00",
    }  # fmt: skip
    rows = [
        {
            "objective": {"at_least": limit}, "met": met, "missed": 3 - met, "credits": money,
            "is_draft": limit == "99.99", "is_suggested": limit != "99.99",
        }
        for limit, met, money in (("99.99", 1, "840.00"), ("99.8379", 3, "0.00"))
    ]  # fmt: skip
    prices = {"currency": "EUR", "rows": rows, "credits_unknown": None}
    result = {**job["result"], "open_readings": [opened], "prices": prices}
    question = {**job["question"], "credit_schedule": SCHEDULE, "period_charge": CHARGE}
    return {**job, "result": result, "question": {**question, **changes}}


def test_it_says_what_each_promise_would_have_cost_and_what_the_terms_leave_open() -> None:
    found = backtest_in_words(READER, PRICED, PRICED["targets"][0], [priced()])
    assert found is not None
    assert found.prices == (
        "at least 99.99 %: 1 of 3 periods kept, €\N{NO-BREAK SPACE}840 due. This is what the draft promises.",
        "at least 99.8379 %: 3 of 3 periods kept, €\N{NO-BREAK SPACE}0 due."
        " Eleven of twelve periods would have kept it.",
    )
    assert found.left_open == (
        "Left open: how time in an unknown state counts; costs 1 breach, €\N{NO-BREAK SPACE}420."
        " Settle it with one of: unknown: removed, unknown: down.",
    )


def test_money_of_another_schedule_or_charge_is_not_shown_and_a_settled_policy_is_not_open() -> None:
    for other in ({"credit_schedule": {**SCHEDULE, "currency": "USD"}}, {"period_charge": {**CHARGE, "amount": "1"}}):
        found = backtest_in_words(READER, PRICED, PRICED["targets"][0], [priced(**other)])
        assert found is not None
        assert "€" not in "".join((*found.prices, *found.left_open))
        assert "costs 1 breach." in found.left_open[0]
    settled = backtest_in_words(READER, PRICED, {**PRICED["targets"][0], "unknown": "down"}, [priced()])
    assert settled is not None and settled.left_open == ()


async def test_the_document_of_a_draft_shows_prices_and_open_readings() -> None:
    api = known(targets=[TARGET], service_hours={"24x7": "24x7"})
    api.answers["/api/v1/agreements/agreement-1"]["state"] = "draft"
    api.answers["/api/v1/backtests"] = {"items": [priced()], "next": None}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1")).text
    assert "Left open: how time in an unknown state counts" in page
    assert "at least 99.8379 %: 3 of 3 periods kept." in page


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


def checked(**changes: Any) -> dict[str, Any]:
    """The back-test of a check: one target, two of three months missed."""
    measured = {"last_at": "2026-12-01T09:00:00Z", "in_7_days": 9, "is_sampled": True, "is_silent": False}
    result = {**priced()["result"], "tickets": None}
    tested = {**tried(), "target": TARGET["key"], "result": result, "measured": measured, **changes}
    return {"state": "done", "requested_at": "2026-12-01T10:00:00Z", "targets": [tested]}


def test_the_check_says_whether_a_missed_promise_is_refused() -> None:
    severities = {"error": "breached", "warning": "at-risk", "information": "no-data"}
    for severity, mark in severities.items():
        found = revision_backtest_in_words(READER, TARGET, checked(), {"severity": severity})
        assert found is not None and found.mark == mark
    assert found is not None and found.more[0] == "This is too little history to say whether it can be kept."
    tickets = {**priced()["result"], "tickets": {"judged": 9, "met": 1}}
    assert revision_backtest_in_words(READER, TARGET, checked(result=tickets)) is None
    assert revision_backtest_in_words(READER, TARGET, None) is None


def test_gaps_in_the_measurements_are_named_with_the_promises() -> None:
    drafted = {**agreement(), "state": "proposed", "document": DOCUMENT}
    silent = {"last_at": None, "in_7_days": 0, "is_sampled": False, "is_silent": True}
    nothing = {"state": "withheld", "result": None, "measured": None}
    gaps = {
        "at-risk": checked(measured=silent),
        "no-data": checked(**nothing),
    }
    for mark, backtest in gaps.items():
        past = past_of(READER, drafted, {"backtest": backtest})
        assert past is not None and [each for each, _ in past.lines] == [mark]
        assert TARGET["title"] in past.lines[0][1]
    whole = past_of(READER, drafted, {"backtest": checked()})
    assert whole is not None and whole.lines == []
    assert past_of(READER, {**drafted, "state": "in_force"}, {"backtest": checked()}) is None
