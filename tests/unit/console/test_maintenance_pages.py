"""Time that does not count: its calendar and list, its effect before it is sent, and the verbs of each company."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx
import pytest

from slm_console.views.judgement.exclusion_effects import effects_of
from slm_console.views.reader import Reader
from tests.unit.console.alder_answers import ALDER, EFFECT, EXCLUSION, SHOP, WITHOUT_EFFECT, answers
from tests.unit.console.stub_api import StubApi, StubClock, browser_of, listed


def words_of(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def test_a_preview_never_calls_on_track_what_may_be_at_risk() -> None:
    """Warnings are not worked out for a preview: what is at risk elsewhere is only said not to be breached."""
    [window] = EFFECT["windows"]
    met = {**window, "before": {**window["before"], "verdict": "met"}}
    reader = Reader(StubClock().at)

    def marks(**changes: Any) -> tuple[str, str, str]:
        found = effects_of(reader, {**EFFECT, "windows": [{**met, **changes}]})
        assert found is not None
        return found.lines[0].before_mark, found.lines[0].after_mark, found.lines[0].period

    assert marks() == ("", "", "November 2026 so far")
    assert marks(window_id="P28D", to="2026-11-26T09:42:00Z") == ("", "", "last 28 days")
    assert marks(window_id="2026-10", to="2026-10-31T23:00:00Z") == ("met", "met", "October 2026")


async def test_a_request_shows_its_effect_before_the_decision() -> None:
    untold = {**EFFECT["windows"][0], "target_title": "Checkout answers within 300 ms", "cause": "accepted"}
    known = {**answers(), "/api/v1/exclusions/e-1/effect": {**EFFECT, "untold": [untold]}}
    async with browser_of(StubApi(known)) as browser:
        page = await browser.get("/maintenance/e-1")
    assert "29 min 10 s of downtime no longer counts" in page.text
    assert "November 2026 so far promised at least 99.9 % 99.900 % breached 99.970 % not breached" in words_of(
        page.text
    )
    assert "Approve: 1 h do not count" in page.text
    assert "Checkout answers within 300 ms, November 2026 both sides accepted it" in words_of(page.text)


async def test_a_request_that_changes_nothing_says_so_and_what_is_not_excluded() -> None:
    late = {**EXCLUSION["intervals"][0], "cause": "announced_late", "detail": "…"}
    known = {**answers(), "/api/v1/exclusions/e-1/effect": {**WITHOUT_EFFECT, "uncounted": [late]}}
    async with browser_of(StubApi(known)) as browser:
        page = await browser.get("/maintenance/e-1")
    assert "it changes no figure now" in page.text and "it was announced too late" in page.text


async def test_the_effect_of_a_request_is_not_guessed_while_the_figures_are_away() -> None:
    known = answers()
    del known["/api/v1/exclusions/e-1/effect"]
    async with browser_of(StubApi(known)) as browser:
        page = await browser.get("/maintenance/e-1")
    assert page.status_code == 200 and "cannot be told now" in page.text and "changes no figure" not in page.text


async def _posted(api: StubApi, path: str, **fields: str) -> httpx.Response:
    async with browser_of(api) as browser:
        token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get("/maintenance")).text)
        assert token is not None
        return await browser.post(path, data={"csrf_token": token[1], **fields})


_TYPED = {
    "agreement": "a-shop",
    "from": "27.11. 02:00",
    "to": "27.11. 04:00",
    "text": "A <new> disk",
    "kind": "planned",
}


async def test_a_request_is_sent_only_after_its_effect_was_shown() -> None:
    api = StubApi(answers())
    page = await _posted(api, "/maintenance/new", step="try", **_TYPED)
    assert page.status_code == 200 and "29 min 10 s of downtime no longer counts" in page.text
    assert [path for _, path, _ in api.sent] == ["/api/v1/exclusions/effect"]
    assert '<input type="hidden" name="text" value="A &lt;new&gt; disk">' in page.text
    known = {**answers(), "POST /api/v1/exclusions": EXCLUSION}
    api = StubApi(known)
    page = await _posted(api, "/maintenance/new", step="send", repeat="WEEKLY", times="3", **_TYPED)
    assert (page.status_code, page.headers["location"]) == (303, "/maintenance/e-1")
    rule = {"rule": "FREQ=WEEKLY;COUNT=3", "from": "2026-11-27T01:00:00Z", "duration": "PT7200S"}
    body = {"agreement_id": "a-shop", "kind": "planned", "text": "A <new> disk", "targets": []}
    wanted = {**body, "recurrence": {**rule, "timezone": "Europe/Zurich"}}
    assert api.sent == [("POST", "/api/v1/exclusions", wanted)]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"to": "27.11. 01:00"}, "Write an end after the beginning."),
        ({"from": "soon"}, "Write a day and a time, such as 12 Nov 14:00."),
        ({"repeat": "DAILY", "times": "1000"}, "Write how many times, from 2 to 366."),
        ({"text": ""}, "Say why; the other side decides by it."),
    ],
)
async def test_what_cannot_be_asked_is_said_beside_its_field(changed: dict[str, str], said: str) -> None:
    api = StubApi(answers())
    page = await _posted(api, "/maintenance/new", step="send", **{**_TYPED, **changed})
    assert page.status_code == 422 and said in page.text and not api.sent


async def test_a_request_that_comes_from_an_interruption_has_its_times_filled_in() -> None:
    async with browser_of(StubApi(answers())) as browser:
        target = (await browser.get("/targets/t-checkout")).text
        found = re.search(r'href="([^"]+)" title="Ask for time that does not count">Should not count', target)
        assert found is not None
        page = (await browser.get(unescape(found[1]))).text
    assert 'name="from" type="text" value="17 Nov 2026 15:20"' in page
    assert 'name="to" type="text" value="17 Nov 2026 15:50"' in page
    assert '<option value="t-checkout" selected>' in page


async def test_who_may_not_ask_is_not_led_to_the_form() -> None:
    known = answers()
    known["/api/v1/me"] = {**known["/api/v1/me"], "roles": ["viewer"]}
    async with browser_of(StubApi(known)) as browser:
        assert "Should not count" not in (await browser.get("/targets/t-checkout")).text


async def test_refusing_and_revoking_need_a_reason_and_approving_does_not() -> None:
    for act in ("refuse", "revoke"):
        api = StubApi(answers())
        page = await _posted(api, f"/maintenance/e-1/{act}")
        assert page.status_code == 422 and "Say why; the other side reads it." in page.text and not api.sent
    api = StubApi(answers())
    assert (await _posted(api, "/maintenance/e-1/refuse", reason="Too long.")).status_code == 303
    assert (await _posted(api, "/maintenance/e-1/approve")).status_code == 303
    assert [path.rpartition("/")[2] for _, path, _ in api.sent] == ["reject", "approve"]


@pytest.mark.parametrize(
    ("changed", "roles", "verbs"),
    [
        ({}, ["service_level_manager"], {"Approve"}),
        ({}, ["viewer"], set()),
        ({"waits_for_party_id": "p-shop"}, ["service_level_manager"], set()),
        ({"state": "approved", "waits_for_party_id": None}, ["provider_signatory"], {"Withdraw"}),
        ({"state": "approved", "waits_for_party_id": None}, ["integrator"], set()),
        ({"state": "rejected", "waits_for_party_id": None}, ["service_level_manager"], set()),
    ],
)
async def test_each_reader_is_offered_its_own_verbs(changed: dict[str, Any], roles: list[str], verbs: set[str]) -> None:
    known = answers()
    known["/api/v1/exclusions/e-1"] = {**EXCLUSION, **changed}
    known["/api/v1/me"] = {**known["/api/v1/me"], "roles": roles}
    async with browser_of(StubApi(known)) as browser:
        page = await browser.get("/maintenance/e-1")
    assert {verb for verb in ("Approve", "Withdraw") if f"{verb}: 1 h" in page.text} == verbs


@pytest.mark.parametrize(
    ("changed", "title", "decided"),
    [
        ({}, "Corner Shop Group asks that 1 h do not count", ""),
        (
            {"state": "approved", "decided_by_party_id": ALDER},
            "1 h do not count",
            "approved by Alder Managed Services, Tue 11:15",
        ),
        ({"state": "approved"}, "1 h do not count", "by itself, because nobody decided in time, Tue 11:15"),
        (
            {"state": "rejected", "decided_by_party_id": ALDER},
            "Corner Shop Group asked that 1 h do not count",
            "refused by Alder Managed Services, Tue 11:15",
        ),
        (
            {"state": "revoked", "decided_by_party_id": ALDER, "revoked_by_party_id": SHOP,
             "revoked_at": "2026-11-26T08:00:00Z"},
            "Corner Shop Group asked that 1 h do not count",
            "approved by Alder Managed Services, Tue 11:15 approval withdrawn by Corner Shop Group, today 09:00",
        ),
    ],
)  # fmt: skip
async def test_a_decided_request_says_who_decided_it_and_when(
    changed: dict[str, Any], title: str, decided: str
) -> None:
    if changed:
        changed = {"decided_at": "2026-11-24T10:15:00Z", "waits_for_party_id": None, **changed}
    known = {**answers(), "/api/v1/exclusions/e-1": {**EXCLUSION, **changed}}
    async with browser_of(StubApi(known)) as browser:
        page = (await browser.get("/maintenance/e-1")).text
    assert f"<h1>{title}</h1>" in page
    assert (f"Decided {decided}" in words_of(page)) if decided else ("<dt>Decided" not in page)


async def test_the_calendar_shows_a_recurring_time_on_each_of_its_days() -> None:
    """Over the change to winter time and over midnight, in the reader's time zone."""
    spans = [
        {"from": "2026-11-01T22:30:00Z", "to": "2026-11-01T23:30:00Z"},
        {"from": "2026-11-08T22:30:00Z", "to": "2026-11-08T23:00:00Z"},
    ]
    known = answers()
    known["/api/v1/exclusions"] = listed({**EXCLUSION, "intervals": spans, "recurrence": {"rule": "FREQ=WEEKLY"}})
    async with browser_of(StubApi(known)) as browser:
        page = words_of((await browser.get("/maintenance?month=2026-11")).text)
        assert "Sunday 1 November 23:30–00:00" in page and "Monday 2 November 00:00–00:30" in page
        assert "Sunday 8 November 23:30–00:00" in page and "Monday 9 November 10 Tuesday" in page
        assert "October 2026" in words_of((await browser.get("/maintenance?month=2026-10")).text)
        assert "November 2026" in words_of((await browser.get("/maintenance?month=nonsense")).text)


@pytest.mark.parametrize("state", ["requested", "approved", "rejected"])
async def test_a_request_leads_to_what_it_is_about_whatever_was_decided(state: str) -> None:
    decided = {} if state == "requested" else {"decided_at": "2026-11-24T10:15:00Z", "decided_by_party_id": SHOP,
                                               "waits_for_party_id": None}  # fmt: skip
    known = {**answers(), "/api/v1/exclusions/e-1": {**EXCLUSION, "state": state, "targets": ["t-checkout"], **decided}}
    async with browser_of(StubApi(known)) as browser:
        page = (await browser.get("/maintenance/e-1")).text
    assert '<a href="/agreements/a-shop">Checkout for Corner Shop</a>' in page
    about = page[page.index("What it is about") :].partition("</section>")[0]
    assert '<a href="/targets/t-checkout">Checkout is available</a>' in about
    assert "at least 99.9 %" in about and "99.886\N{NO-BREAK SPACE}%" in about
    assert "t-fast" not in about, "the request names one target"
