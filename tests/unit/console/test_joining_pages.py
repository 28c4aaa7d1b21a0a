"""The pages on which a company comes in: it says who it is and names who signs for it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from slm_console.views.reader import Reader
from slm_console.views.settings import people
from slm_events.instants import from_text
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
    assert "Who signs" in company and "Who signs" not in colleague


PREVIEW = {
    "kind": "party", "alias": "Tulip Foods BV", "email": "willem@tulip.example", "inviter_name": "Sam Keller",
    "inviter_company": "Northhost GmbH", "expires_at": "2026-12-10T09:42:00Z",
}  # fmt: skip


async def test_the_page_says_who_invites_and_keeps_what_the_inviter_wrote() -> None:
    async with browser_of(StubApi({"POST /api/v1/invitations/preview": PREVIEW})) as browser:
        page = (await browser.get(f"/invitations/{KEY}?for=company")).text
        colleague = (await browser.get(f"/invitations/{KEY}")).text
    assert "Sam Keller of Northhost GmbH invites Tulip Foods BV." in page
    assert 'value="Tulip Foods BV"' in page and 'value="willem@tulip.example"' in page
    assert "Sam Keller of Northhost GmbH" in colleague and 'value="willem' not in colleague


async def test_an_operator_is_not_named_to_the_invited() -> None:
    unnamed = {**PREVIEW, "inviter_name": None, "inviter_company": None}
    async with browser_of(StubApi({"POST /api/v1/invitations/preview": unnamed})) as browser:
        assert "Whoever runs this installation invites you." in (await browser.get(f"/invitations/{KEY}")).text


async def test_a_void_code_still_shows_the_form() -> None:
    async with browser_of(StubApi({})) as browser:
        assert (await browser.get("/invitations/slm_void?for=company")).status_code == 200


async def test_who_signs_is_named_with_the_acceptance_and_gets_a_link() -> None:
    api = StubApi({ACCEPT: {**SESSION, "signatory_link": "/invitations/slm_anke"}})
    answer = await accept(api, **ANKE)
    assert api.sent[-1][2]["signatory"] == {"key": "anke-visser", "name": "Anke Visser", "email": "anke@tulip.example"}
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
    assert "signatory" not in api.sent[-1][2]


@pytest.mark.parametrize("given", ANKE)
async def test_half_a_signatory_is_not_left_out_silently(given: str) -> None:
    api = StubApi({ACCEPT: SESSION})
    answer = await accept(api, **{given: ANKE[given]})
    assert (answer.status_code, [path for _, path, _ in api.sent if "accept" in path]) == (422, [])
    assert "Please fill this in." in answer.text


async def test_names_without_latin_letters_are_two_people() -> None:
    api = StubApi({ACCEPT: SESSION})
    await accept(api, name="Анна", **{**ANKE, "signatory": "Борис"})
    assert "key" not in api.sent[-1][2]["signatory"]


@pytest.mark.parametrize(
    ("party", "is_operator", "may"), [("alder", False, True), (None, False, False), (None, True, True)]
)
def test_only_an_operator_withdraws_the_invitation_of_whoever_signs(
    party: str | None, is_operator: bool, may: bool
) -> None:
    invitation = {"invitation_id": "i", "principal_id": "p", "party_id": party, "alias": "Sven", "email": None,
                  "kind": "principal", "created_by": "Nora", "state": "open",
                  "expires_at": "2026-12-10T00:00:00Z"}  # fmt: skip
    [line] = people.invited(Reader(from_text("2026-11-26T09:42:00Z")), [invitation], [], is_operator=is_operator)
    assert (line.alias, line.may_withdraw, line.may_repeat) == ("Sven", may, False)
