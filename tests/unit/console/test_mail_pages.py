"""What a person hears of by mail: the form, what it sends, and the last mails to the person."""

from __future__ import annotations

import ast
import inspect
import re
from html import unescape
from typing import Any

import pytest

from slm_console.views.settings import mails
from slm_notification.domain import notices
from slm_notification.domain.mail_text import MailFrame, MailItem, words_of
from slm_notification.domain.readers import KINDS, SEVERITIES
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import READER
from tests.unit.console.read_pages import token_in
from tests.unit.console.stub_api import ETAG, StubApi, browser_of, listed

PAGE = "/settings/mails"
PATH = "/api/v1/notification-preferences"
MAILS = "/api/v1/mail-deliveries"
CHOSEN = {("breach", "normal"): "digest", ("review", "high"): "never"}
RULES = [
    {
        "kind": kind,
        "severity": severity,
        "when": CHOSEN.get((kind, severity), "at_once"),
        "by_role": (kind, severity) not in CHOSEN,
    }
    for kind in KINDS
    for severity in SEVERITIES
]
PREFERENCE: dict[str, Any] = {
    "person_id": "grace", "time_zone": "Europe/Berlin", "rules": RULES, "monday_service_ids": [],
}  # fmt: skip
DELIVERY: dict[str, Any] = {
    "delivery_id": "d-1", "event_id": "x", "event_type": "slm.monitor.target-breached.v1", "person_id": "grace",
    "agreement_id": None, "kind": "breach", "severity": "normal", "when": "at_once",
    "headline": "Breached: Checkout <b>is</b> available", "state": "sent", "message_id": "m", "attempts": 1,
    "problem": "", "created_at": "2026-11-26T09:30:00Z", "next_attempt_at": None, "sent_at": "2026-11-26T09:31:00Z",
}  # fmt: skip
NOBODY = {"type": "/problems/without-person", "title": "No mails to a machine", "status": 403}
WRONG_ZONE = {
    "type": "/problems/invalid-request", "title": "Wrong", "status": 422,
    "errors": [{"field": "time_zone", "remedy": "write the name of an IANA time zone, like Europe/Berlin"}],
}  # fmt: skip
OVERTAKEN = {"type": "/problems/changed", "title": "Changed", "detail": "It was changed meanwhile.", "status": 412}


def the_api(*roles: str, sends_mails: bool = True, **more: Any) -> StubApi:
    known = answers()
    me = {**known["/api/v1/me"], "roles": list(roles or ("service_level_manager",))}
    found = {
        "/api/v1/me": me,
        PATH: PREFERENCE,
        MAILS: listed(DELIVERY),
        "/api/v1/installation": {"sends_mails": sends_mails},
    }
    return StubApi({**known, **found}, **more)


def chosen_in(page: str) -> dict[str, str]:
    """Name of each choice of the form → the words that are chosen."""
    choices = re.findall(r'<select name="(when-[^"]+)" form="mails"[^>]*>(.*?)</select>', page, re.DOTALL)
    return {name: re.findall(r" selected>([^<]*)<", options)[0] for name, options in choices}


def text_of(page: str) -> str:
    main = page.partition("<main")[2]
    return " ".join(unescape(re.sub("<[^>]+>", " ", main)).split())


def test_every_kind_of_notice_has_a_name_and_whatever_is_serious_a_choice() -> None:
    lines = {line.kind: line for line in mails.kind_lines(READER, RULES, {})}
    assert tuple(lines) == KINDS
    assert not [kind for kind, line in lines.items() if line.name == kind or line.otherwise is None]
    assert {kind for kind, line in lines.items() if line.serious is not None} == serious_kinds()


def serious_kinds() -> set[str]:
    """The kinds of which the service makes notices that can be of severity high."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(notices))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Notice":
            given = {each.arg: each.value for each in node.keywords}
            severity, kind = given.get("severity"), given["kind"]
            if severity is not None and '"high"' in ast.unparse(severity).replace("'", '"'):
                assert isinstance(kind, ast.Constant)
                found.add(str(kind.value))
    assert len(found) >= 5
    return found


async def test_the_form_shows_what_is_chosen_and_what_the_role_gives() -> None:
    async with browser_of(the_api()) as browser:
        page = (await browser.get(PAGE)).text
    chosen = chosen_in(page)
    assert chosen["when-breach-normal"] == "in the daily mail"
    assert chosen["when-breach-high"] == "by role: at once"
    assert "when-review-high" not in chosen and len(chosen) == 15
    assert page.count(' id="mails"') == 1 and f'<form class="block" id="mails" method="post" action="{PAGE}">' in page
    assert "Targets at risk" in page and 'name="time_zone" type="text" value="Europe/Berlin"' in page
    assert "sends no mails" not in page and 'href="/settings/mails" aria-current="page"' in page


async def test_what_is_chosen_is_saved_and_an_empty_choice_is_the_roles() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        token = token_in((await browser.get(PAGE)).text)
        form = {"csrf_token": token, "time_zone": "Asia/Tokyo", "when-breach-normal": "", "when-report-normal": "never"}
        answer = await browser.post(PAGE, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    # The form has no choice of serious notices of reviews: what was chosen by the API stays.
    rules = [
        {"kind": "review", "severity": "high", "when": "never"},
        {"kind": "report", "severity": "normal", "when": "never"},
    ]
    assert api.sent == [("PUT", PATH, {"time_zone": "Asia/Tokyo", "rules": rules, "monday_service_ids": []})]
    assert api.matched == [ETAG], "nothing that was chosen elsewhere meanwhile is lost"


def ticked(page: str) -> dict[str, bool]:
    """Id of each service of the Monday mail → whether it is ticked, in the order of the page."""
    found = re.findall(r'<input type="checkbox" name="monday" value="([^"]+)"( checked)?>', page)
    return {service_id: bool(checked) for service_id, checked in found}


async def test_the_services_of_the_monday_mail_are_ticked_and_saved() -> None:
    known = {each["service_id"]: each["name"] for each in answers()["/api/v1/services"]["items"]}
    mine, other = list(known)[-1], next(iter(known))
    api = the_api()
    api.answers[PATH] = PREFERENCE | {"monday_service_ids": [mine, "no-longer-seen"]}
    async with browser_of(api) as browser:
        page = (await browser.get(PAGE)).text
        form = {"csrf_token": token_in(page), "time_zone": "UTC", "monday": other, "monday_shown": "yes"}
        assert (await browser.post(PAGE, data=form)).status_code == 303
        del form["monday"], form["monday_shown"]
        assert (await browser.post(PAGE, data=form)).status_code == 303
    assert set(ticked(page)) == set(known) and next(iter(ticked(page))) == mine, "what is chosen comes first"
    assert [each for each, is_ticked in ticked(page).items() if is_ticked] == [mine]
    assert " open><summary>Your Mon" in page
    sent = [body["monday_service_ids"] for _, _, body in api.sent]
    assert sent == [[other], [mine, "no-longer-seen"]], "a form that shows no services changes none"


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../../etc/passwd"])
async def test_a_zone_that_is_none_is_refused_and_choices_stay(zone: str) -> None:
    api = the_api()
    async with browser_of(api) as browser:
        token = token_in((await browser.get(PAGE)).text)
        form = {"csrf_token": token, "time_zone": zone, "when-breach-normal": "never", "when-risk-high": "digest"}
        page = await browser.post(PAGE, data=form)
    assert page.status_code == 422 and api.sent == []
    assert "Write the name of a time zone, such as Europe/Zurich." in page.text and f'value="{zone}"' in page.text
    chosen = chosen_in(page.text)
    assert (chosen["when-breach-normal"], chosen["when-risk-high"]) == ("not at all", "in the daily mail")


@pytest.mark.parametrize(
    ("problem", "said"),
    [(WRONG_ZONE, "write the name of an IANA time zone"), (OVERTAKEN, "It was changed meanwhile.")],
)
async def test_a_refusal_is_said_and_choices_stay(problem: dict[str, Any], said: str) -> None:
    api = the_api(refused={f"PUT {PATH}": problem})
    async with browser_of(api) as browser:
        token = token_in((await browser.get(PAGE)).text)
        form = {"csrf_token": token, "time_zone": "Europe/Kyiv", "when-breach-normal": "never"}
        page = await browser.post(PAGE, data=form)
    assert page.status_code == 422 and said in page.text
    assert chosen_in(page.text)["when-breach-normal"] == "not at all" and 'value="Europe/Kyiv"' in page.text


async def test_without_a_mail_server_the_page_says_so_and_the_form_stays() -> None:
    async with browser_of(the_api(sends_mails=False)) as browser:
        page = (await browser.get(PAGE)).text
    assert "This installation sends no mails" in page and len(chosen_in(page)) == 15


async def test_a_key_without_a_person_is_told_so() -> None:
    api = the_api("operator", refused={f"GET {PATH}": NOBODY})
    async with browser_of(api) as browser:
        page = await browser.get(PAGE)
    assert page.status_code == 200 and "a key that belongs to no person" in page.text
    assert not chosen_in(page.text) and "The last mails to you" not in page.text
    assert MAILS not in api.paths, "an operator would read the mails of everybody"


async def test_an_auditor_reads_and_chooses_nothing() -> None:
    async with browser_of(the_api("auditor")) as browser:
        page = (await browser.get(PAGE)).text
    assert not chosen_in(page) and f'action="{PAGE}"' not in page
    assert "Auditors change nothing" in page and "time zone Europe/Berlin" in text_of(page)
    assert "by role: at once" in page and "in the daily mail" in page


async def test_only_the_readers_own_mails_are_listed() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = (await browser.get(PAGE)).text
    assert [query for path, query in api.asked if path == MAILS] == ["person_id=grace&limit=20"]
    assert "10:30 Breached: Checkout <b>is</b> available at once sent 10:31" in text_of(page)
    assert "<b>is</b>" not in page


@pytest.mark.parametrize(
    ("changes", "mark", "state"),
    [
        ({}, "met", "sent Thu 09:31"),
        ({"state": "waiting", "next_attempt_at": "2026-11-26T11:00:00Z"}, "on-track", "waits until Thu 11:00"),
        ({"state": "failed", "problem": "no such mailbox"}, "breached", "given up"),
        ({"state": "dropped"}, "no-data", "not sent: no mail address"),
    ],
)
def test_the_state_of_a_mail_in_words(changes: dict[str, Any], mark: str, state: str) -> None:
    line = mails.mail_line(READER, {**DELIVERY, **changes})
    assert (line.mark, line.state, line.problem) == (mark, state, changes.get("problem", ""))


async def test_mails_that_may_not_be_read_are_left_out() -> None:
    api = the_api(refused={f"GET {MAILS}": {"type": "/problems/missing-role", "status": 403}})
    async with browser_of(api) as browser:
        page = (await browser.get(PAGE)).text
    assert "The last mails to you" not in page and chosen_in(page)


@pytest.mark.parametrize("language", ["en", "en-XA"])
@pytest.mark.parametrize("role", ["service_level_manager", "auditor"])
async def test_the_page_is_readable_without_script_or_inline_code(role: str, language: str) -> None:
    async with browser_of(the_api(role, sends_mails=False)) as browser:
        browser.cookies.set("slm_language", language)
        page = (await browser.get(PAGE)).text
    assert not re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.findall(r"<p(?:\s[^>]*)?>(?:(?!</p>).)*<(?:form|div|table|ul|ol|dl)\b", page, re.DOTALL)
    shown = text_of(page)
    for words in ("Breaches", "by role: at once", "serious: ", "time zone", "sends no mails", "The last mails"):
        assert (words in shown.replace("Time zone", "time zone")) is (language == "en"), words


@pytest.mark.parametrize("is_digest", [True, False])
@pytest.mark.parametrize("count", [1, 2])
async def test_the_foot_of_a_mail_leads_to_this_page(count: int, is_digest: bool) -> None:
    told = MailItem(kind="breach", headline="Breached: Checkout", lines=(), agreement=None, url="http://slm/breaches/b")
    frame = MailFrame("Grace Hopper", "UTC", "http://slm")
    mail = words_of([told] * count, count, frame, is_digest=is_digest, page=None)
    address = mail.text.rsplit(" ", 1)[1]
    assert f"{address}</p>" in mail.html
    async with browser_of(the_api()) as browser:
        page = await browser.get(address)
    assert page.status_code == 200 and 'name="time_zone"' in page.text
