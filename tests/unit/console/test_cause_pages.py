"""The page of a cause: what is down is down at once, and promises at risk stand beside those that are breached."""

from __future__ import annotations

import re
from typing import Any

from slm_console.views.directory import directory_of
from slm_console.views.judgement.cause_pages import CausePage, cause_page_of
from slm_console.views.judgement.cause_subjects import name_cause
from slm_console.views.reader import Reader
from tests.unit.console import alder_answers as alder
from tests.unit.console.stub_api import StubApi, StubClock, browser_of, listed

READER = Reader(StubClock().at)
DIRECTORY = directory_of(
    alder.answers()["/api/v1/me"], alder.answers()["/api/v1/parties"]["items"], list(alder.SERVICES)
)
RISK: dict[str, Any] = {
    "risk_id": "r-1", "target_id": "t-mail", "target_title": "Mail is available", "window_id": "2026-11",
    "service_id": "mail", "agreement_id": "a-bank", "provider_party_id": alder.ALDER, "customer_party_id": alder.BANK,
    "cause": "budget_consumed", "threshold": "75", "opened_at": "2026-11-26T09:10:00Z", "standing": True,
    "cleared_at": None, "outcome": None, "projected_breach_at": "2026-11-26T13:00:00Z", "evidence": {},
}  # fmt: skip
OVER = "2026-11-26T09:30:00Z"


def page_of(breaches: tuple[Any, ...] = (), risks: tuple[Any, ...] = (RISK,), **changes: Any) -> CausePage:
    cause = {**alder.CAUSE, "breaches": len(breaches), **changes}
    return cause_page_of(READER, DIRECTORY, cause, breaches, risks)


def test_a_promise_at_risk_is_listed_once_with_its_forecast() -> None:
    again = {**RISK, "risk_id": "r-2", "threshold": "90", "opened_at": "2026-11-26T09:20:00Z"}
    cleared = {**RISK, "risk_id": "r-3", "target_id": "t-other", "standing": False}
    [risk] = page_of(risks=(again, RISK, cleared)).risks
    assert (risk.title, risk.customer) == ("Mail is available, November 2026", "Harbour Savings Bank")
    assert (risk.since, risk.forecast, risk.path) == ("since 09:10", "expected to be used up 13:00", "/targets/t-mail")


def test_a_promise_that_is_breached_is_not_at_risk_too() -> None:
    breach = {**alder.BREACH, "target_id": "t-mail", "window_id": "2026-11"}
    assert not page_of((breach,)).risks
    assert len(page_of(({**breach, "standing": False},)).risks) == 1


def test_a_ticket_at_risk_leads_to_the_ticket() -> None:
    ticket = {"source": "desk", "number": "INC-1"}
    [risk] = page_of(risks=({**RISK, "window_id": "desk/INC-1", "evidence": {"ticket": ticket}},)).risks
    assert (risk.title, risk.path) == ("Mail is available, INC-1", "/tickets/desk/INC-1")


def test_the_state_of_a_cause_is_a_shape_and_a_word() -> None:
    down = page_of()
    assert (down.mark, down.state, down.when) == ("breached", "down", "since 09:02, 40 min so far")
    over = page_of(end_at=OVER)
    assert (over.mark, over.state, over.when) == ("at-risk", "at risk", "down 09:02–09:30, lasted 28 min")
    assert page_of(end_at=OVER, is_downtime=False).when == "09:02–09:30", "its end is when a promise broke"
    broken = page_of((alder.BREACH,), end_at=OVER)
    assert (broken.mark, broken.state) == ("breached", "1 promise broken")
    assert broken.breaches[0].broken == "promise broken 21 Oct 13:10"
    assert page_of(risks=(), end_at=OVER).mark == "met"


async def test_the_page_asks_for_the_risks_of_the_cause_as_the_reader_may_see_them() -> None:
    asked: list[str] = []

    class Asked(StubApi):
        async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            asked.append(f"{scope['path']}?{scope['query_string'].decode()}")
            await super().__call__(scope, receive, send)

    async with browser_of(Asked({**alder.answers(), "/api/v1/risks": listed(RISK)})) as browser:
        page = (await browser.get("/causes/c-mail")).text
    assert "/api/v1/risks?cause_id=c-mail&limit=200&standing=true" in asked
    assert "What it puts at risk" in page and 'data-row="risk/r-1"' in page
    assert re.search(r'mark-breached">.*?<span class="word">down</span>', page, re.DOTALL)


def test_a_cause_without_a_service_is_named_after_its_ticket_or_measurement() -> None:
    about = [{"kind": "ticket", "name": "desk/INC-7"}, {"kind": "indicator", "name": "alder/mail.up"}]
    assert name_cause(READER, DIRECTORY, {"service_ids": [], "about": about}) == "INC-7, mail.up"
    item = {"kind": "item", "name": "Rack 4"}
    assert name_cause(READER, DIRECTORY, {"service_ids": [], "about": [item]}) == "Rack 4 and others"


def test_a_late_ticket_is_not_said_to_be_over_at_its_deadline() -> None:
    """The end of its cause is the deadline: the ticket may have been done later, or not at all."""
    about = [{"kind": "ticket", "name": "desk/INC-7"}]
    late = page_of((alder.BREACH,), end_at=OVER, is_downtime=False, about=about)
    assert (late.title, late.when, list(late.subjects)) == ("INC-7, Staff can read mail", "not done by 09:30", [])
    warned = page_of(end_at=OVER, is_downtime=False, about=about)
    assert (warned.title, warned.when) == ("INC-7, Staff can read mail", "")


def test_the_page_says_why_there_is_nothing_to_acknowledge() -> None:
    assert page_of().nothing_to_acknowledge.startswith("Nothing is broken yet.")
    assert page_of((alder.BREACH,)).nothing_to_acknowledge == ""
    waiting = {**alder.CAUSE["breach_states"], "open": 1}
    foreign = page_of((alder.BREACH,), responsible_party_ids=[alder.CLOUD], breach_states=waiting)
    assert foreign.nothing_to_acknowledge == "Greyline Cloud acknowledges it."
