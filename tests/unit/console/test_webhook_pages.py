"""Webhooks in the console: what an address gets, how it answers, and every act of its page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any, get_args

import pytest

from slm_console.views.connections import webhooks
from slm_console.views.connections.event_names import event_in_words
from slm_events.catalogue import AGREEMENTS, BREACHES, PUBLISHED, REPORTS, REVIEWS, TARGETS
from slm_notification.domain.endpoints import CHATS, EndpointKind
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import READER
from tests.unit.console.read_pages import token_in
from tests.unit.console.stub_api import StubApi, browser_of, listed

PATH = "/api/v1/webhook-endpoints/e-1"
PAGE = "/connections/webhooks/e-1"
ENDPOINT: dict[str, Any] = {
    "endpoint_id": "e-1", "party_id": "alder", "kind": "webhook", "title": "On-call bridge", "url": "https://hooks.example/secret-path",
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
        (
            "POST",
            "/api/v1/webhook-endpoints",
            {"title": "Archive", "kind": "webhook", "url": "https://a.example/x", "event_types": []},
        )
    ]


async def test_a_tool_is_given_its_key_which_no_page_shows() -> None:
    known = {**ENDPOINT, "kind": "pagerduty", "url": "https://events.pagerduty.com/v2/enqueue"}
    made = {"POST /api/v1/webhook-endpoints": {**known, "secret_id": "s", "secret": ""}, PATH: known}
    api = the_api(**made, **{f"POST {PATH}/secrets": {"endpoint_id": "e-1", "secret_id": "t", "secret": ""}})
    async with browser_of(api) as browser:
        token = token_in((await browser.get("/connections/webhooks")).text)
        form = {"csrf_token": token, "title": "", "kind": "pagerduty", "url": "", "what": "alarms", "secret": "hush"}
        again = await browser.post("/connections/webhooks", data=form)
        assert (
            again.status_code == 422 and "hush" not in again.text and 'id="secret-error">Write it again' in again.text
        )
        assert 'value="pagerduty" selected' in again.text and "Write the address" not in again.text
        page = (await browser.post("/connections/webhooks", data={**form, "title": "On call"})).text
        assert "PagerDuty" in page and "hush" not in page and "Make a new secret" not in page
        assert 'id="secret">' not in page, "there is nothing to keep"
        answer = await browser.post(f"{PAGE}/secret", data={"csrf_token": token, "secret": "other"})
        assert answer.status_code == 303
    [(_, _, body), replaced] = api.sent
    assert (body["kind"], body["url"], body["secret"]) == ("pagerduty", "", "hush")
    assert replaced == ("POST", f"{PATH}/secrets", {"secret": "other"})


async def test_the_key_of_a_tool_is_written_again_where_its_address_changes() -> None:
    known = {**ENDPOINT, "kind": "alertmanager"}
    refusal = {"type": "/problems/invalid-request", "title": "T", "status": 422, "detail": "d"}
    needed = {**refusal, "errors": [{"field": "secret", "value": None, "remedy": "write the header"}]}
    api = the_api(**{PATH: known})
    api.refused[f"PUT {PATH}"] = needed
    async with browser_of(api) as browser:
        page = (await browser.get(f"{PAGE}/change")).text
        assert 'name="secret" type="password" value=""' in page
        form = {"csrf_token": token_in(page), "title": "x", "url": "https://b.example", "secret": "Bearer hush"}
        refused = await browser.post(f"{PAGE}/change", data={**form, "what": "alarms", "tag": '"1"'})
        assert refused.status_code == 422 and "hush" not in refused.text and 'id="secret-error"' in refused.text
    assert api.sent[-1][2]["secret"] == "Bearer hush" and api.sent[-1][2]["kind"] == "alertmanager"


async def test_the_address_of_a_chat_is_its_secret_which_no_page_shows() -> None:
    known = {**ENDPOINT, "kind": "slack", "url": "https://hooks.slack.com/…"}
    api = the_api(**{PATH: known, "POST /api/v1/webhook-endpoints": {**known, "secret_id": "", "secret": ""}})
    again = 'id="url-error">Write it again'
    async with browser_of(api) as browser:
        page = (await browser.get(PAGE)).text
        assert "Slack" in page and "A new secret" not in page and "A new key of the tool" not in page
        change = (await browser.get(f"{PAGE}/change")).text
        assert 'value="https://hooks.slack.com/…"' in change and "Its end is a secret" in change
        assert 'name="secret"' not in change
        form = {
            "csrf_token": token_in(page),
            "title": "",
            "kind": "slack",
            "url": "https://hooks.slack.com/services/hush",
        }
        for path in ("/connections/webhooks", f"{PAGE}/change"):
            refused = await browser.post(path, data={**form, "tag": '"1"'})
            assert refused.status_code == 422 and "hush" not in refused.text and again in refused.text, path
        untouched = await browser.post(f"{PAGE}/change", data={**form, "url": known["url"], "tag": '"1"'})
        assert untouched.status_code == 422 and again not in untouched.text, "only what was typed is lost"
        made = await browser.post("/connections/webhooks", data={**form, "title": "Chat"})
        assert made.status_code == 200 and 'id="secret">' not in made.text
    assert [(body["kind"], body["url"]) for _, _, body in api.sent] == [("slack", form["url"])]


def test_every_kind_has_a_name() -> None:
    assert set(webhooks.kinds_of_webhooks(READER)) == set(get_args(EndpointKind))
    assert set(webhooks.CHATS) == CHATS


async def test_why_a_key_is_refused_is_said() -> None:
    refusal = {"status": 422, "detail": "d", "errors": [{"field": "secret", "remedy": "write the integration key"}]}
    api = the_api(**{PATH: {**ENDPOINT, "kind": "pagerduty"}})
    api.refused[f"POST {PATH}/secrets"] = refusal
    async with browser_of(api) as browser:
        token = token_in((await browser.get(PAGE)).text)
        for typed in ("short", ""):
            refused = await browser.post(f"{PAGE}/secret", data={"csrf_token": token, "secret": typed})
            assert refused.status_code == 422 and "secret: write the integration key" in refused.text


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


AGREEMENT = {
    "agreement_id": "a-1", "title": "Checkout <SLA>", "provider_party_id": "alder", "customer_party_id": "corner-shop",
}  # fmt: skip


def choices_in(page: str) -> dict[str, bool]:
    """Field and value of each box → whether it is ticked."""
    boxes = re.findall(r'<input type="checkbox" name="([a-z_]+)" value="([^"]+)"( checked)?>', page)
    return {f"{name}/{value}": bool(checked) for name, value, checked in boxes}


async def test_the_events_of_an_address_are_narrowed_by_names() -> None:
    endpoint = {
        **ENDPOINT,
        "event_types": ["slm.report.report-published.v1"],
        "agreement_ids": ["a-1", "a-gone"],
        "kind": "slack",
    }
    api = the_api(**{PATH: endpoint, "/api/v1/agreements": listed(AGREEMENT, {**AGREEMENT, "agreement_id": "a-2"})})
    party = next(each for each in api.answers["/api/v1/parties"]["items"] if each["party_id"] != "alder")
    async with browser_of(api) as browser:
        assert "Checkout &lt;SLA&gt; · one that is not listed here" in (await browser.get(PAGE)).text
        page = (await browser.get(f"{PAGE}/change")).text
        found = choices_in(page)
        assert found["agreement_ids/a-1"] and found["agreement_ids/a-gone"] and not found["agreement_ids/a-2"]
        assert not found[f"other_party_ids/{party['party_id']}"] and "other_party_ids/alder" not in found
        assert '<option value="" selected>report published</option>' in page and "Companies: all" in page
        form: dict[str, Any] = {
            "csrf_token": token_in(page), "tag": '"7"', "title": "Bridge", "url": "https://b.example/", "what": "",
            "agreement_ids": ["a-1", "a-2"], "other_party_ids": party["party_id"],
        }  # fmt: skip
        saved = await browser.post(f"{PAGE}/change", data=form)
        assert (saved.status_code, saved.headers["location"]) == (303, PAGE)
        await browser.post(f"{PAGE}/change", data={**form, "what": "breaches"})
        empty = await browser.post(f"{PAGE}/change", data={**form, "title": ""})
        assert empty.status_code == 422 and "Write what gets the events" in empty.text
        assert choices_in(empty.text)["agreement_ids/a-2"], "what was ticked stays"
        for status, errors, said in (
            (412, [], "Somebody else changed this meanwhile."),
            (422, [{"field": "url", "remedy": "give an https address"}], 'id="url-error">give an https address'),
            (422, [{"field": "service_ids", "remedy": "at most 100"}], '<p class="error">at most 100'),
            (422, [{"field": "state", "remedy": "wait"}], "state: wait"),
        ):
            api.refused[f"PUT {PATH}"] = {"status": status, "errors": errors}
            refused = await browser.post(f"{PAGE}/change", data=form)
            assert refused.status_code == 422 and said in refused.text, said
    body = {
        "kind": "slack", "title": "Bridge", "url": "https://b.example/", "event_types": endpoint["event_types"],
        "paused": False, "agreement_ids": ["a-1", "a-2"], "service_ids": [],
        "other_party_ids": [party["party_id"]],
    }  # fmt: skip
    assert api.sent[:2] == [("PUT", PATH, body), ("PUT", PATH, {**body, "event_types": list(webhooks.BREACHES)})]
    assert api.matched[:2] == ['"7"', '"7"']


@pytest.mark.parametrize(("state", "is_paused"), [("active", False), ("paused", True), ("suspended", False)])
async def test_a_changed_address_stays_paused_and_a_stopped_one_is_tried_again(state: str, is_paused: bool) -> None:
    api = the_api(**{PATH: {**ENDPOINT, "state": state}})
    async with browser_of(api) as browser:
        page = (await browser.get(f"{PAGE}/change")).text
        assert ("it is tried again" in page) == (state == "suspended")
        form = {"csrf_token": token_in(page), "tag": '"7"', "title": "B", "url": "https://b.example/", "what": "all"}
        await browser.post(f"{PAGE}/change", data=form)
    assert [body["paused"] for _, _, body in api.sent] == [is_paused]


async def test_who_may_not_change_an_address_is_offered_no_act() -> None:
    async with browser_of(the_api("auditor")) as browser:
        assert (await browser.get(f"{PAGE}/change")).headers["location"] == PAGE
        pages = [(await browser.get(path)).text for path in ("/connections/webhooks", PAGE)]
    for page in pages:
        assert "On-call bridge" in page
        assert "Send a test event" not in page and "Send events there" not in page and "Send again" not in page


def test_an_address_that_stopped_says_why() -> None:
    gone = webhooks.webhook_line(READER, {**ENDPOINT, "state": "gone", "state_reason": "answered 410"})
    assert (gone.mark, gone.state, gone.reason, gone.is_active) == (
        "breached", "stopped: the address wants no more", "answered 410", False,
    )  # fmt: skip
