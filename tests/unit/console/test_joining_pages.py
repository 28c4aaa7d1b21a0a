"""The pages on which a company comes in: it says who it is and names who signs for it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.console.stub_api import KEY, StubApi, browser_of

ACCEPT = "POST /api/v1/invitations/accept"
SESSION = {
    "principal_id": "p", "session_id": "s", "key": KEY, "key_id": "s", "key_expires_at": "2026-11-26T21:42:00Z",
    "kind": "party",
}  # fmt: skip
COMPANY = {
    "for": "company", "company": "Tulip Foods BV", "name": "Willem Bakker", "email": "willem@tulip.example",
    "password": "eleven green bottles",
}  # fmt: skip
ANKE = {"signatory": "Anke Visser", "signatory_email": "anke@tulip.example"}


async def accept(api: StubApi, **fields: str) -> Any:
    """Send the form of a company's invitation."""
    path = f"/invitations/{KEY}"
    async with browser_of(api) as browser:
        token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get(f"{path}?for=company")).text)
        assert token is not None
        return await browser.post(path, data={"csrf_token": token[1], **COMPANY, **fields})


async def test_an_invited_company_is_asked_who_signs() -> None:
    async with browser_of(StubApi({})) as browser:
        company = (await browser.get(f"/invitations/{KEY}?for=company")).text
        colleague = (await browser.get(f"/invitations/{KEY}")).text
    assert "Name of who signs" in company and "Name of who signs" not in colleague


async def test_who_signs_is_named_with_the_acceptance_and_gets_a_link() -> None:
    api = StubApi({ACCEPT: {**SESSION, "signatory_link": "/invitations/slm_anke"}})
    answer = await accept(api, **ANKE)
    assert api.sent[0][2]["signatory"] == {"key": "anke-visser", "name": "Anke Visser", "email": "anke@tulip.example"}
    assert "Send this link to Anke Visser" in answer.text and "http://slm/invitations/slm_anke" in answer.text


async def test_where_mails_are_sent_no_link_is_to_be_passed_on() -> None:
    api = StubApi({ACCEPT: {**SESSION, "signatory_link": None}})
    answer = await accept(api, **ANKE)
    assert "Anke Visser, who signs for your company, gets a mail with a link at anke@tulip.example" in answer.text
    assert "Send this link" not in answer.text


async def test_who_signs_may_be_left_out() -> None:
    api = StubApi({ACCEPT: {**SESSION, "signatory_link": None}})
    answer = await accept(api)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "signatory" not in api.sent[0][2]


@pytest.mark.parametrize("given", ANKE)
async def test_half_a_signatory_is_not_left_out_silently(given: str) -> None:
    api = StubApi({ACCEPT: SESSION})
    answer = await accept(api, **{given: ANKE[given]})
    assert (answer.status_code, api.sent) == (422, [])
    assert "Please fill this in." in answer.text


async def test_names_without_latin_letters_are_two_people() -> None:
    api = StubApi({ACCEPT: SESSION})
    await accept(api, name="Анна", **{**ANKE, "signatory": "Борис"})
    assert "key" not in api.sent[0][2]["signatory"]
