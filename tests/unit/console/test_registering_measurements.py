"""Measurements are registered on their page, so that what is sent under a new name is taken."""

from __future__ import annotations

from tests.unit.console.alder_answers import answers
from tests.unit.console.read_pages import token_in, words_of
from tests.unit.console.stub_api import StubApi, browser_of

PAGE = "/connections/measurements"


def the_api(*roles: str) -> StubApi:
    known = answers()
    me = {**known["/api/v1/me"], "roles": list(roles or ("integrator",))}
    return StubApi({**known, "/api/v1/me": me, "POST /api/v1/indicators": {"key": "shop.up"}})


async def test_a_measurement_is_registered_and_empty_fields_are_left_out() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = (await browser.get(f"{PAGE}?name=shop.%3Cup%3E")).text
        assert 'value="shop.&lt;up&gt;"' in page and "up or down" in words_of(page)
        form = {"csrf_token": token_in(page), "key": "shop.up", "kind": "availability", "unit": "ms"}
        made = await browser.post(PAGE, data={**form, "stale_after": "PT5M"})
        assert (made.status_code, made.headers["location"]) == (303, PAGE)
        await browser.post(PAGE, data={**form, "kind": "value"})
        empty = await browser.post(PAGE, data={**form, "key": ""})
        assert empty.status_code == 422 and "Write a name" in empty.text
    assert [body for _, _, body in api.sent] == [
        {"key": "shop.up", "kind": "availability", "stale_after": "PT5M"},
        {"key": "shop.up", "kind": "value", "unit": "ms"},
    ]


async def test_what_the_api_refuses_stands_beside_its_field() -> None:
    api = the_api()
    errors = [{"field": "kind", "value": "value", "remedy": "it is registered with 'ratio'"}]
    api.refused["POST /api/v1/indicators"] = {
        "type": "/problems/key-taken", "title": "T", "status": 409, "detail": "d", "errors": errors,
    }  # fmt: skip
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(PAGE)).text), "key": "shop.up", "kind": "value"}
        page = await browser.post(PAGE, data=form)
    assert page.status_code == 422 and 'id="kind-error">it is registered with' in page.text


async def test_who_only_reads_registers_nothing() -> None:
    async with browser_of(the_api("viewer")) as browser:
        assert 'id="register"' not in (await browser.get(PAGE)).text
