"""What a customer needs: recorded on the page of a service, and ticked in the editor where promises meet it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from slm_console.views.agreements import needs
from tests.unit.console.alder_answers import ALDER, SHOP, answers, party
from tests.unit.console.negotiated import agreement
from tests.unit.console.stub_api import StubApi, browser_of, listed

CHECK = "/api/v1/agreements/agreement-1/check"


def need(alias: str, **more: Any) -> dict[str, Any]:
    """A need of the shop, as the API lists it."""
    given = {"customer_party_id": SHOP, "service_id": "checkout", "key": f"{alias}-key", "outcome": ""}
    return {"requirement_id": alias, "text": f"Need {alias}", **given, **more}


def drafting(*met: str, own: str = ALDER) -> StubApi:
    """The API with a draft between Alder and the shop that meets these needs, read by one of the two."""
    found = agreement("draft", needs=[], versions=[{"version": 1, "state": "draft"}], provider_party_id=ALDER,
                      drafting_party_id=own, customer_party_id=SHOP, service_id="checkout")  # fmt: skip
    found["document"] = {**found["document"], "requirements": list(met)}
    known = answers()
    return StubApi(
        {
            **known,
            "/api/v1/me": {**known["/api/v1/me"], "party": party(own)},
            "/api/v1/agreements/agreement-1": found,
            "/api/v1/requirements": listed(need("quick"), need("always"), need("else", service_id="mail")),
            f"POST {CHECK}": {"is_valid": True, "points": [], "findings": []},
        }
    )


def fields_of(page: str) -> dict[str, str]:
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    return {**{name: unescape(value) for name, value in found.items()}, "csrf_token": token[1]}


def ticked(page: str) -> list[str]:
    return re.findall(r'name="needs" value="([^"]+)" checked', page)


async def test_the_editor_ticks_the_needs_that_the_document_names() -> None:
    api = drafting("always-key", "elsewhere")
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1/edit")).text
        assert ticked(page) == ["always"]
        assert "Need quick" in page and "Need else" not in page, "only needs of this service"
        form = {**fields_of(page), "needs": ["quick"], "do": "check"}
        page = (await browser.post("/agreements/agreement-1/edit", data=form)).text
    assert ticked(page) == ["quick"]
    checked = [body["document"]["requirements"] for _, path, body in api.sent if path == CHECK]
    assert checked == [["always-key", "elsewhere"], ["elsewhere", "quick"]]


async def test_no_tick_means_no_need_and_a_form_without_boxes_changes_nothing() -> None:
    api = drafting("always")
    async with browser_of(api) as browser:
        form = {**fields_of((await browser.get("/agreements/agreement-1/edit")).text), "do": "check"}
        await browser.post("/agreements/agreement-1/edit", data=form)
        del form["needs-shown"]
        page = (await browser.post("/agreements/agreement-1/edit", data=form)).text
    checked = [body["document"]["requirements"] for _, path, body in api.sent if path == CHECK]
    assert checked == [["always"], [], ["always"]]
    assert json.loads(fields_of(page)["document"])["requirements"] == ["always"]


async def test_the_customer_is_led_to_where_it_records_a_need() -> None:
    for own, leads in ((ALDER, False), (SHOP, True)):
        api = drafting(own=own)
        api.answers["/api/v1/requirements"] = listed()
        async with browser_of(api) as browser:
            page = (await browser.get("/agreements/agreement-1/edit")).text
        assert "Corner Shop Group has not recorded yet what it needs" in page
        assert ("Record what we need" in page) is leads


async def test_a_customer_records_what_it_needs_of_a_service_and_its_provider_reads_it() -> None:
    api = drafting(own=SHOP)
    async with browser_of(api) as browser:
        page = (await browser.get("/services/checkout")).text
        form = {"csrf_token": fields_of(page)["csrf_token"], "text": "", "outcome": "Sales"}
        empty = await browser.post("/services/checkout/needs", data=form)
        assert empty.status_code == 422 and "Write what your company needs." in empty.text
        assert 'value="Sales"' in empty.text, "what was typed stays"
        written = await browser.post("/services/checkout/needs", data={**form, "text": "Pay at night"})
    assert (written.status_code, written.headers["location"]) == (303, "/services/checkout#needs")
    wanted = {"service_id": "checkout", "text": "Pay at night", "outcome": "Sales"}
    assert [each for each in api.sent if each[1] == "/api/v1/requirements"] == [
        ("POST", "/api/v1/requirements", wanted)
    ]
    async with browser_of(drafting(own=ALDER)) as browser:
        page = (await browser.get("/services/checkout")).text
    assert "What the customer needs" in page and "Record what we need" not in page


def test_the_same_need_is_not_named_twice_by_key_and_id() -> None:
    found = agreement(customer_party_id=SHOP, service_id="checkout")
    shown = needs.choices_of(found, {"requirements": ["quick-key", "other"]}, [need("quick"), need("always")])
    assert needs.with_choice({"requirements": ["quick-key", "other"]}, shown, ["quick", "foreign"]) == {
        "requirements": ["other", "quick"]
    }
