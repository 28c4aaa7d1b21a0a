"""The editor of an agreement in one process: drafts, proposals, amendments, conflicts, and who may write at all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from slm.demo import negotiation, terms
from tests.integration.slm.test_console_shell import sign_in
from tests.support.populated import Populated

FIRST_DAY = "2031-01-01T00:00:00Z"


class EditorForm(HTMLParser):
    """The fields of the editor's form with their values, and the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: dict[str, str] = {}
        self.text = ""
        self._inside = False
        self._area = ""
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == "editor"
        if not self._inside:
            return
        if tag == "input":
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given["name"]
            self.fields[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and "selected" in given:
            self.fields[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        self._area = "" if tag == "textarea" else self._area
        self._select = "" if tag == "select" else self._select
        self._inside = self._inside and tag != "form"

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data
        self.text += data


@asynccontextmanager
async def signed_in(world: Populated, key: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(world.installation.face)
    async with httpx.AsyncClient(transport=transport, base_url="http://slm") as browser:
        await sign_in(browser, key)
        yield browser


async def drafted(world: Populated, key: str, **changed: Any) -> dict[str, Any]:
    document = {**terms.agreement_document(FIRST_DAY), **changed}
    return await negotiation.draft_agreement(world.client, world.cast, document, key)


async def opened(browser: httpx.AsyncClient, path: str) -> dict[str, str]:
    page = await browser.get(path)
    assert page.status_code == 200, page.text
    return EditorForm(page.text).fields


async def send(browser: httpx.AsyncClient, path: str, fields: dict[str, str], act: str, **typed: str) -> httpx.Response:
    return await browser.post(path, data={**fields, **{n.replace("__", ":"): v for n, v in typed.items()}, "do": act})


def limits(agreement: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: each["objective"] for each in agreement["document"]["targets"]}


async def api(world: Populated, key: str, agreement_id: str, more: str = "") -> dict[str, Any]:
    found: dict[str, Any] = (await world.ask(key, "GET", f"/api/v1/agreements/{agreement_id}{more}")).json()
    return found


async def test_a_draft_is_written_checked_and_proposed(world: Populated) -> None:
    agreement = await drafted(world, "editor-draft")
    path = f"/agreements/{agreement['agreement_id']}/edit"
    key = world.cast.provider_manager_key
    async with signed_in(world, key) as browser:
        fields = await opened(browser, path)
        same = await send(browser, path, fields, "save")
        assert (same.status_code, same.headers["location"]) == (303, f"{path}?kept={fields['base']}")
        assert (await api(world, key, agreement["agreement_id"]))["document"] == agreement["document"]
        wrong = await send(browser, path, fields, "check", t0__limit="0,999")
        assert "Probably a slip" in wrong.text and "write 99.9 if a share of 0.999 is meant" in wrong.text
        unread = await send(browser, path, fields, "save", t0__limit="much")
        assert unread.status_code == 422 and "“much” is not a number. Write one such as 99.9." in unread.text
        assert EditorForm(unread.text).fields["t0:limit"] == "much"
        more = EditorForm((await send(browser, path, await opened(browser, path), "add:rated", t0__limit="99,5")).text)
        assert more.fields["t4:limit"] == "4"
        sent = await send(browser, path, more.fields, "propose", t4__limit="4.2", begins="1.2.2031", notice="60 days")
        assert sent.status_code == 303, EditorForm(sent.text).text
    found = await api(world, key, agreement["agreement_id"])
    assert (found["state"], limits(found)["availability"]["at_least"]) == ("proposed", "99.5")
    assert limits(found)["rating"] == {"at_least": "4.2", "unit": "points"}
    assert found["document"]["term"] == {
        "effective_at": "2031-02-01T00:00:00.000000Z",
        "expires_at": None,
        "notice": "P60D",
    }
    kept = ("service_hours", "clauses", "customer_sees", "review", "closing_delay", "requirements")
    assert {name: found["document"][name] for name in kept} == {name: agreement["document"][name] for name in kept}


async def test_the_text_says_in_which_line_something_is_wrong_and_leads_back(world: Populated) -> None:
    agreement = await drafted(world, "editor-text")
    path = f"/agreements/{agreement['agreement_id']}/edit"
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        fields = EditorForm(
            (await send(browser, path, await opened(browser, path), "text", t0__limit="99.8")).text
        ).fields
        assert "at_least: '99.8'" in fields["text"] and "target_id" not in fields["text"]
        broken = await send(browser, path, fields, "save", text="title: x\ntargets: [")
        assert broken.status_code == 422 and "Line 3:" in broken.text
        unknown = fields["text"].replace("at_least: '99.8'", "at_least: lots")
        line = unknown[: unknown.index("lots")].count("\n") + 1
        checked = await send(browser, path, fields, "check", text=unknown)
        assert f"line {line}" in checked.text and "To correct" in checked.text
        refused = await send(browser, path, fields, "save", text=unknown)
        assert refused.status_code == 422 and "The check says what to correct" in refused.text
        back = EditorForm((await send(browser, path, fields, "sentences")).text).fields
        assert back["t0:limit"] == "99.8"
        assert (await send(browser, path, back, "save")).status_code == 303
    found = await api(world, world.cast.provider_manager_key, agreement["agreement_id"])
    assert limits(found)["availability"]["at_least"] == "99.8"


async def test_who_changed_it_meanwhile_is_named_and_nothing_is_lost(world: Populated) -> None:
    agreement = await drafted(world, "editor-conflict")
    path = f"/agreements/{agreement['agreement_id']}/edit"
    async with signed_in(world, world.cast.provider_manager_key) as mine:
        first, second = await opened(mine, path), await opened(mine, path)
        assert (await send(mine, path, first, "save", t0__limit="99.7")).status_code == 303
        late = await send(mine, path, second, "save", t0__limit="99.6")
        assert late.status_code == 422 and "changed it just now" in late.text and "Keep mine as a proposal" in late.text
        shown = EditorForm(late.text).fields
        assert shown["t0:limit"] == "99.6"
        assert (await api(world, world.cast.provider_manager_key, agreement["agreement_id"]))["revision"]["number"] == 2
        assert (await send(mine, path, shown, "keep")).status_code == 303
    found = await api(world, world.cast.provider_manager_key, agreement["agreement_id"])
    assert (found["revision"]["number"], limits(found)["availability"]["at_least"]) == (3, "99.6")


async def test_a_proposal_is_answered_with_changes(world: Populated) -> None:
    agreement = await drafted(world, "editor-counter")
    agreement_id = agreement["agreement_id"]
    await negotiation.propose_draft(world.client, world.cast, agreement)
    path = f"/agreements/{agreement_id}/edit"
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        assert (await browser.get(path)).headers["location"] == f"/agreements/{agreement_id}"
    async with signed_in(world, world.cast.customer_manager_key) as browser:
        fields = await opened(browser, path)
        stale = await send(browser, path, {**fields, "base": "0" * 64}, "propose", t0__limit="99.99")
        assert stale.status_code == 422 and "changed it" in stale.text
        assert (await send(browser, path, fields, "propose", t0__limit="99.99")).status_code == 303
        page = await browser.get(f"/agreements/{agreement_id}")
        assert "Withdraw" in page.text and "waits for the answer of Acme Hosting" in page.text
        withdrawn = f"/agreements/{agreement_id}/withdraw"
        form = {"csrf_token": fields["csrf_token"], "reason": "Too dear.", "number": "1"}
        assert "is told at once" in (await browser.get(withdrawn)).text
        assert (await browser.post(withdrawn, data=form)).status_code == 303
    assert (await api(world, world.cast.provider_manager_key, agreement_id))["state"] == "withdrawn"


async def test_a_signed_agreement_is_amended_and_notice_given(world: Populated) -> None:
    service = await world.ask(
        world.cast.provider_manager_key, "POST", "/api/v1/services", json={"key": "wiki", "name": "Wiki"}
    )
    only = [{**terms.agreement_document(FIRST_DAY)["targets"][0], "indicator": "wiki"}]
    agreement = await drafted_for(world, "editor-amend", service.json()["service_id"], only)
    signed = await signed_by_both(world, agreement)
    assert signed["state"] == "finalized"
    agreement_id, key = agreement["agreement_id"], world.cast.provider_manager_key
    path = f"/agreements/{agreement_id}/edit"
    async with signed_in(world, key) as browser:
        fields = await opened(browser, path)
        assert fields["begins"] == ""
        sent = await send(browser, path, fields, "save", begins="1.6.2031", t0__limit="99.95")
        assert sent.status_code == 303 and "version=2" in sent.headers["location"], EditorForm(sent.text).text
        page = (await browser.get(f"/agreements/{agreement_id}")).text
        assert "Version 2 is a draft that only your company sees." in page and "?version=2" in page
        amended = await opened(browser, f"{path}?version=2")
        proposed = await send(browser, f"{path}?version=2", amended, "propose")
        assert proposed.headers["location"] == f"/agreements/{agreement_id}?version=2&kept={amended['base']}"
        assert "An amendment is being negotiated." in (await browser.get(f"/agreements/{agreement_id}")).text
        assert (await browser.get(path)).headers["location"] == f"/agreements/{agreement_id}"
        assert (await browser.get(f"/agreements/{agreement_id}?version=x")).status_code == 404
    assert (await api(world, key, agreement_id, "?version=2"))["state"] == "proposed"
    assert (
        limits(await api(world, key, agreement_id))["availability"]["at_least"]
        == limits(signed)["availability"]["at_least"]
    )
    async with signed_in(world, world.cast.customer_manager_key) as browser:
        page = (await browser.get(f"/agreements/{agreement_id}?version=2")).text
        form = {
            "csrf_token": fields_of(page)["csrf_token"],
            "revision_hash": fields_of(page)["revision_hash"],
            "all": "accept",
        }
        answered = await browser.post(f"/agreements/{agreement_id}/answer?version=2", data=form)
        assert answered.headers["location"] == f"/agreements/{agreement_id}?version=2"
    assert (await api(world, key, agreement_id, "?version=2"))["state"] == "agreed"
    await notice_is_given(world, agreement_id)


async def notice_is_given(world: Populated, agreement_id: str) -> None:
    path = f"/agreements/{agreement_id}/end"
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        assert "Whoever may sign for your company" in (await browser.get(path)).text
    async with signed_in(world, world.cast.provider_signatory_key) as browser:
        page = (await browser.get(path)).text
        assert "is told at once" in page and "This cannot be taken back." in page
        token = fields_of(page)["csrf_token"]
        early = await browser.post(path, data={"csrf_token": token, "do": "ask", "day": "", "reason": "Insourced."})
        assert early.status_code == 303
        own = (await browser.get(path)).text
        assert "as soon as the other side consents" in own and "Take the request back" in own
    async with signed_in(world, world.cast.customer_signatory_key) as browser:
        page = (await browser.get(path)).text
        assert "Consent to end it as Acme Hosting asks" in page and "Insourced." in page
        form = {"csrf_token": fields_of(page)["csrf_token"], "request_id": fields_of(page)["request_id"]}
        assert (await browser.post(f"{path}/drop", data=form)).status_code == 303
        none = await browser.post(path, data={**form, "do": "notice", "day": "", "reason": ""})
        assert none.status_code == 422 and "Write the last day" in none.text and "Say why" in none.text
        late = {**form, "do": "notice", "day": "31.12.2032", "reason": "No need any more."}
        assert (await browser.post(path, data=late)).status_code == 303
    found = await api(world, world.cast.provider_manager_key, agreement_id)
    assert (found["ends_at"], found["end_reason"]) == ("2033-01-01T00:00:00.000000Z", "No need any more.")


async def test_comments_are_internal_where_asked_and_are_resolved(world: Populated) -> None:
    agreement = await drafted(world, "editor-comments")
    await negotiation.propose_draft(world.client, world.cast, agreement)
    path = f"/agreements/{agreement['agreement_id']}"
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        token = fields_of((await browser.get(path)).text)["csrf_token"]
        about = {"csrf_token": token, "revision_hash": agreement["revision"]["hash"], "target": "availability"}
        await browser.post(f"{path}/comments", data={**about, "text": "We can go lower.", "internal": "yes"})
        await browser.post(f"{path}/comments", data={**about, "text": "As last year."})
        page = (await browser.get(path)).text
        assert "We can go lower." in page and "seen by your company only" in page
    async with signed_in(world, world.cast.customer_manager_key) as browser:
        page = (await browser.get(path)).text
        assert "We can go lower." not in page and "As last year." in page
        settle = page.partition(f"{path}/comments/")[2].partition("/settle")[0]
        form = {"csrf_token": fields_of(page)["csrf_token"], "place": "target-availability", "act": "resolve"}
        answered = await browser.post(f"{path}/comments/{settle}/settle", data=form)
        assert answered.headers["location"] == f"{path}#target-availability"
        assert "resolved by Carl Friedrich" in (await browser.get(path)).text


@pytest.mark.parametrize("who", ["stranger", "onlooker", "other side"])
async def test_a_draft_is_written_by_managers_of_its_own_company_only(world: Populated, who: str) -> None:
    agreement = await drafted(world, "editor-foreign")
    path = f"/agreements/{agreement['agreement_id']}"
    keys = {
        "stranger": world.stranger_key,
        "onlooker": world.onlooker_key,
        "other side": world.cast.customer_manager_key,
    }
    async with signed_in(world, keys[who]) as browser:
        token = fields_of((await browser.get("/")).text)["csrf_token"]
        form = {"csrf_token": token, "view": "sentences", "document": json.dumps(agreement["document"]), "do": "save"}
        for suffix in ("/edit", "/withdraw", "/end"):
            shown, done = (
                await browser.get(path + suffix),
                await browser.post(path + suffix, data={**form, "number": "1"}),
            )
            if who == "onlooker":
                assert shown.status_code in (200, 303) and done.status_code in (303, 403, 422), suffix
            else:
                assert (shown.status_code, done.status_code) == (404, 404), suffix
    found = await api(world, world.cast.provider_manager_key, agreement["agreement_id"])
    assert (found["state"], found["revision"]["number"]) == ("draft", 1)


@pytest.mark.parametrize("document", ["", "{", "[]", '{"targets": [3]}'])
async def test_a_form_that_did_not_arrive_whole_shows_what_was_kept(world: Populated, document: str) -> None:
    agreement = await drafted(world, "editor-broken")
    path = f"/agreements/{agreement['agreement_id']}/edit"
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        fields = await opened(browser, path)
        page = await send(browser, path, fields, "check", document=document)
        assert page.status_code == 200 and "The form did not arrive whole." in page.text
        saved = await send(browser, path, {**fields, "document": document}, "save")
        assert saved.status_code == 422


async def test_odd_terms_are_never_an_error_of_the_page(world: Populated) -> None:
    agreement = await drafted(world, "editor-odd")
    path = f"/agreements/{agreement['agreement_id']}/edit"
    odd = [
        {"title": 3, "targets": [{"key": "x", "aggregation": {"count": {"category": 3}}, "objective": []}]},
        {
            "targets": [{"key": "a", "window": 3, "aggregation": "availability", "objective": {"at_least": "1"}}],
            "term": 3,
        },
        {"targets": [], "clauses": 7, "service_hours": 9, "timezone": "../x", "term": {"effective_at": "soon"}},
        {
            "targets": [
                {"key": "c", "aggregation": "clock", "objective": {"within": {"calendar": None}}, "applies_to": 3}
            ]
        },
    ]
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        fields = await opened(browser, path)
        for document in odd:
            for act in ("check", "text", "save", "add:available"):
                page = await send(browser, path, {**fields, "document": json.dumps(document)}, act)
                assert page.status_code in (200, 422), (document, act)


def fields_of(page: str) -> dict[str, str]:
    """The first value of every input of a page, in whichever form."""
    found: dict[str, str] = {}

    class Inputs(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag == "input" and given.get("name"):
                found.setdefault(str(given["name"]), given.get("value") or "")

    Inputs().feed(page)
    return found


async def drafted_for(world: Populated, key: str, service_id: str, targets: list[dict[str, Any]]) -> dict[str, Any]:
    body = {
        "key": key,
        "provider_party_id": world.cast.provider_party_id,
        "customer_party_id": world.cast.customer_party_id,
        "service_id": service_id,
        "template": "sla-standard",
        "document": {**terms.agreement_document(FIRST_DAY), "targets": targets, "requirements": []},
    }
    made = await world.ask(world.cast.provider_manager_key, "POST", "/api/v1/agreements", json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def signed_by_both(world: Populated, agreement: dict[str, Any]) -> dict[str, Any]:
    cast, path = world.cast, f"/api/v1/agreements/{agreement['agreement_id']}"
    named = {"revision_hash": agreement["revision"]["hash"]}
    waiver = {"code": "relevant.no-requirement", "reason": "Known to both."}
    for key, move, more in (
        (cast.provider_manager_key, "propose", {}),
        (cast.customer_manager_key, "accept", {}),
        (cast.provider_signatory_key, "sign", {"waivers": [waiver]}),
        (cast.customer_signatory_key, "sign", {"waivers": [waiver]}),
    ):
        moved = await world.ask(key, "POST", f"{path}/{move}", json={**named, **more})
        assert moved.status_code == 200, moved.text
    found: dict[str, Any] = moved.json()
    return found
