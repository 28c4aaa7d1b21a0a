"""Webhooks in the console: what an address gets, how it answers, and every act of its page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from slm_console.views.connections import webhooks
from slm_console.views.connections.event_names import event_in_words
from slm_events.catalogue import AGREEMENTS, BREACHES, PUBLISHED, REPORTS, REVIEWS, TARGETS
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import READER
from tests.unit.console.stub_api import StubApi, browser_of, listed

PATH = "/api/v1/webhook-endpoints/e-1"
PAGE = "/connections/webhooks/e-1"
ENDPOINT: dict[str, Any] = {
    "endpoint_id": "e-1", "party_id": "alder", "title": "On-call bridge", "url": "https://hooks.example/secret-path",
    "event_types": list(webhooks.ALARMS), "agreement_ids": [], "service_ids": [], "other_party_ids": [],
    "state": "active", "state_reason": "", "state_at": "2026-11-26T09:00:00Z", "created_at": "2026-11-26T09:00:00Z",
    "created_by_principal_id": "p",
}  # fmt: skip
STATUS = {
    "endpoint_id": "e-1", "state": "active", "waiting": 2, "failed": 1, "failing_since": "2026-11-26T09:30:00Z",
    "next_attempt_at": "2026-11-26T09:45:00Z", "last_delivered_at": "2026-11-26T09:20:00Z",
    "secrets": [{"secret_id": "s", "made_at": "2026-11-26T09:00:00Z", "ends_at": None}],
}  # fmt: skip
DELIVERY = {
    "delivery_id": "d-1", "endpoint_id": "e-1", "event_id": "x", "event_type": "slm.monitor.target-breached.v1",
    "agreement_id": None, "state": "waiting", "attempts": 3, "created_at": "2026-11-26T09:30:00Z",
    "last_attempt_at": None, "next_attempt_at": None, "delivered_at": None, "status": 500, "problem": "not accepted",
    "excerpt": "<b>oops</b>",
}  # fmt: skip


def the_api(*roles: str, **more: Any) -> StubApi:
    known = answers()
    me = {**known["/api/v1/me"], "roles": list(roles or ("service_level_manager",))}
    found = {
        "/api/v1/me": me,
        "/api/v1/webhook-endpoints": listed(ENDPOINT),
        PATH: ENDPOINT,
        f"{PATH}/status": STATUS,
        "/api/v1/webhook-deliveries": listed(DELIVERY),
        "POST /api/v1/webhook-endpoints": {**ENDPOINT, "secret_id": "s", "secret": "whsec_once"},
        f"POST {PATH}/secrets": {"endpoint_id": "e-1", "secret_id": "t", "secret": "whsec_twice"},
    }
    return StubApi({**known, **found, **more})


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_the_choices_of_the_form_are_types_of_events() -> None:
    known = {row.type for row in PUBLISHED.values()}
    assert {each for types in webhooks.CHOICES.values() for each in types} <= known
    assert len(webhooks.BREACHES) == 4 and len(webhooks.ALARMS) == 6


def test_every_event_that_is_sent_has_a_name() -> None:
    sent = (AGREEMENTS, BREACHES, TARGETS, REPORTS, REVIEWS)
    types = {row.type for row in PUBLISHED.values() if row.topic in sent}
    assert len(types) > 50 and not {each for each in types if event_in_words(READER, each) == each}
    assert event_in_words(READER, "slm.later.thing-done.v1") == "slm.later.thing-done.v1"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, "risks and breaches"),
        ({"event_types": list(webhooks.BREACHES)}, "breaches"),
        ({"event_types": []}, "everything"),
        ({"event_types": ["slm.report.report-published.v1"]}, "report published"),
        ({"event_types": [], "service_ids": ["s"]}, "everything, of chosen agreements, services or companies only"),
    ],
)
def test_what_is_sent_is_said_in_words(changes: dict[str, Any], what: str) -> None:
    assert webhooks.webhook_line(READER, {**ENDPOINT, **changes}).what == what


async def test_a_new_address_is_made_and_its_secret_is_shown_once() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = (await browser.get("/connections/webhooks")).text
        assert "On-call bridge" in page and "hooks.example" in page and "secret-path" not in page
        form = {"csrf_token": token_in(page), "title": "Archive", "url": "https://a.example/x", "what": "all"}
        made = await browser.post("/connections/webhooks", data=form)
        assert "whsec_once" in made.text
        assert "whsec_once" not in (await browser.get(PAGE)).text
        empty = await browser.post("/connections/webhooks", data={**form, "title": "", "url": ""})
        assert empty.status_code == 422 and "Write the address to which events are sent." in unescape(empty.text)
    assert api.sent == [
        ("POST", "/api/v1/webhook-endpoints", {"title": "Archive", "url": "https://a.example/x", "event_types": []})
    ]


async def test_the_page_of_an_address_says_how_it_answers_and_offers_every_act() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = (await browser.get(PAGE)).text
        words = " ".join(re.sub("<[^>]+>", " ", page).split())
        assert "https://hooks.example/secret-path" in words and "gets events" in words
        assert "since 10:30, next attempt 10:45" in words and "promise broken" in words
        assert "answer 500 · not accepted" in words and "oops" not in words, "a receiver's text is not a page's"
        form = {"csrf_token": token_in(page)}
        for act, more in (
            ("test", {}),
            ("replay", {"from": "24 Nov"}),
            ("deliveries/d-1/resend", {}),
            ("remove", {}),
        ):
            answer = await browser.post(f"{PAGE}/{act}", data={**form, **more})
            assert answer.status_code == 303, (act, answer.text)
        again = await browser.post(f"{PAGE}/secret", data=form)
        assert "whsec_twice" in again.text
        misread = await browser.post(f"{PAGE}/replay", data={**form, "from": "some day"})
        assert misread.status_code == 422
    assert [(method, path) for method, path, _ in api.sent] == [
        ("POST", f"{PATH}/test-events"),
        ("POST", f"{PATH}/replays"),
        ("POST", "/api/v1/webhook-deliveries/d-1/resend"),
        ("DELETE", PATH),
        ("POST", f"{PATH}/secrets"),
    ]
    assert api.sent[1][2] == {"from": "2026-11-23T23:00:00Z"}


async def test_who_may_not_change_an_address_is_offered_no_act() -> None:
    async with browser_of(the_api("auditor")) as browser:
        pages = [(await browser.get(path)).text for path in ("/connections/webhooks", PAGE)]
    for page in pages:
        assert "On-call bridge" in page
        assert "Send a test event" not in page and "Send events there" not in page and "Send again" not in page


def test_an_address_that_stopped_says_why() -> None:
    gone = webhooks.webhook_line(READER, {**ENDPOINT, "state": "gone", "state_reason": "answered 410"})
    assert (gone.mark, gone.state, gone.reason, gone.is_active) == (
        "breached", "stopped: the address wants no more", "answered 410", False,
    )  # fmt: skip
