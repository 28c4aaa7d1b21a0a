"""The page for a new agreement lets its reader choose the kind and the template, without script."""

from __future__ import annotations

import re
from typing import Any

from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import ALDER, SHOP
from tests.unit.console.stub_api import StubApi, browser_of, listed
from tests.unit.console.test_agreement_views import TEMPLATES

SERVICES: list[dict[str, Any]] = [
    {"service_id": "checkout", "provider_party_id": ALDER, "key": "checkout", "name": "Checkout", "outcome": "Pay"},
    {"service_id": "cloud", "provider_party_id": SHOP, "key": "cloud", "name": "Cloud", "outcome": "Run it"},
]


def the_api() -> StubApi:
    """The API with a service of either company."""
    me = {
        "principal_id": "p", "name": "Ada", "roles": ["service_level_manager"], "person": None, "may_sign": True,
        "party": {"party_id": ALDER, "name": "Alder"},
    }  # fmt: skip
    return StubApi(
        {
            **answers(),
            "/api/v1/me": me,
            "/api/v1/parties": listed({"party_id": SHOP, "name": "Corner Shop"}),
            "/api/v1/services": listed(*SERVICES),
            "/api/v1/indicators": listed(),
            "/api/v1/templates": listed(*TEMPLATES),
            "POST /api/v1/agreements": {"agreement_id": "new", "revision": {"hash": "abc"}},
        }
    )


async def test_the_kind_is_chosen_by_a_link_and_sent_with_its_template() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/new")).text
        assert 'href="/agreements/new?kind=ola"' in page and "Agreement with an internal team" in page
        page = (await browser.get("/agreements/new?kind=ola")).text
        assert "We are promised" in page and "Corner Shop: Cloud" in page and 'id="customer"' not in page
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        fields = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))
        form = {**fields, "csrf_token": token[1], "service": "cloud", "template": "ola-standard", "then": "write"}
        answer = await browser.post("/agreements/new", data=form)
    assert answer.headers["location"] == "/agreements/new/edit", answer.text
    [(_, _, body)] = api.sent
    assert (body["kind"], body["template"], body["provider_party_id"]) == ("ola", "ola-standard", SHOP)


def invitation(alias: str, **more: Any) -> dict[str, Any]:
    """An open invitation of a company, as the API lists it."""
    return {
        "invitation_id": alias, "kind": "party", "state": "open", "alias": alias, "email": None, "created_by": "Ada",
        "expires_at": "2026-12-10T09:42:00Z", **more,
    }  # fmt: skip


async def test_an_invited_company_is_named_until_it_accepts() -> None:
    api = the_api()
    api.answers["/api/v1/parties"] = listed()
    unsaid = [invitation("Was in", state="accepted"), invitation("A colleague", kind="principal")]
    api.answers["/api/v1/invitations"] = listed(invitation("Tulip Foods BV"), *unsaid)
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/new")).text
        api.answers["/api/v1/invitations"] = listed()
        before = (await browser.get("/agreements/new")).text
    assert "Tulip Foods BV is invited and has not accepted yet." in page and "knows no other company" not in page
    assert "Your company knows no other company yet." in before and "has not accepted yet" not in before


async def test_inviting_from_the_form_leads_back_to_it() -> None:
    api = the_api()
    api.answers["/api/v1/parties"] = listed()
    api.answers["/api/v1/invitations"] = listed()
    api.answers["POST /api/v1/invitations"] = {"link": None, "email": "willem@tulip.example"}
    async with browser_of(api) as browser:
        assert 'href="/invite?for=agreement"' in (await browser.get("/agreements/new")).text
        page = (await browser.get("/invite?for=agreement")).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None and 'action="/invite/company?for=agreement"' in page
        form = {"csrf_token": token[1], "alias": "Tulip Foods BV", "email": "willem@tulip.example"}
        page = (await browser.post("/invite/company?for=agreement", data=form)).text
        assert "on its way to willem@tulip.example" in page and 'href="/agreements/new">Back to the new' in page
        assert "Back to the new agreement" not in (await browser.get("/invite")).text


async def test_the_writer_is_told_that_the_form_names_no_need() -> None:
    async with browser_of(the_api()) as browser:
        page = (await browser.get("/agreements/new")).text
    assert "the promises are not linked to a need that the customer has put on record" in page
