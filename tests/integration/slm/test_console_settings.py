"""Settings in the console: company, people, invitations, guests, preferences, mails, audit trail; by their forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from slm.demo import negotiation
from tests.integration.slm.test_console_shell import sign_in, token_of
from tests.support.populated import OPERATOR_KEY, Populated

PAGES = (
    "/settings",
    "/settings/people",
    "/settings/guest-links",
    "/sessions",
    "/settings/preferences",
    "/settings/mails",
    "/settings/audit-trail",
)


@pytest.fixture
async def browser(world: Populated) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(world.installation.face)
    async with httpx.AsyncClient(transport=transport, base_url="http://slm") as client:
        yield client


async def send(browser: httpx.AsyncClient, page: str, path: str, **fields: str) -> httpx.Response:
    """Send a form of a page; the page must have it."""
    shown = await browser.get(page)
    assert f'action="{path}"' in shown.text, shown.text
    return await browser.post(path, data={"csrf_token": token_of(shown), **fields})


async def enrolled(world: Populated, name: str) -> str:
    """A viewer of the provider with this name; return the id of the principal."""
    client, key, short = world.client, world.cast.provider_manager_key, name.lower()
    about = {"key": short, "name": name}
    person = await negotiation.post(client, key, "/api/v1/people", {**about, "email": f"{short}@acme.example"})
    body = {**about, "roles": ["viewer"], "person_id": person["person_id"]}
    return str((await negotiation.post(client, key, "/api/v1/principals", body))["principal_id"])


@pytest.mark.parametrize("role", ["manager", "viewer", "auditor", "operator"])
async def test_every_page_of_settings_opens_for_every_role(
    world: Populated, browser: httpx.AsyncClient, role: str
) -> None:
    keys = {
        "manager": world.cast.provider_manager_key,
        "viewer": world.onlooker_key,
        "auditor": world.auditor_key,
        "operator": OPERATOR_KEY,
    }
    await sign_in(browser, keys[role])
    for path in PAGES:
        page = await browser.get(path)
        assert page.status_code == 200, (path, page.text)
        assert 'href="/settings/audit-trail"' in page.text
        if role in ("viewer", "auditor"):
            own = {"/settings/audit-trail", "/settings/mails"} if role == "viewer" else {"/settings/audit-trail"}
            assert set(re.findall(r'action="(/settings[^"]*)"', page.text)) <= own, path


async def test_who_is_deactivated_is_out_and_let_in_again(world: Populated, browser: httpx.AsyncClient) -> None:
    principal_id = await enrolled(world, "Hedy")
    await sign_in(browser, world.cast.provider_manager_key)
    path = f"/settings/people/{principal_id}"
    assert (await send(browser, "/settings/people", f"{path}/deactivate")).headers["location"] == "/settings/people"
    assert "out since" in (await browser.get(path)).text
    assert (await send(browser, "/settings/people", f"{path}/let-in")).status_code == 303
    shown = await world.ask(OPERATOR_KEY, "get", f"/api/v1/principals/{principal_id}")
    assert shown.json()["ends_at"] is None


async def test_a_persons_role_address_and_end_are_edited(world: Populated, browser: httpx.AsyncClient) -> None:
    principal_id = await enrolled(world, "Maria")
    await sign_in(browser, world.cast.provider_manager_key)
    path = f"/settings/people/{principal_id}"
    without = await send(browser, path, path, name="Maria", email="maria@acme.example", role="auditor")
    assert without.status_code == 422 and "An auditor is let in until a date." in without.text
    fields = {"name": "Maria Mayer", "email": "mayer@acme.example", "role": "auditor", "until": "2099-03-31"}
    assert (await send(browser, path, path, **fields)).status_code == 303
    shown = (await world.ask(OPERATOR_KEY, "get", f"/api/v1/principals/{principal_id}")).json()
    assert (shown["name"], shown["roles"], shown["ends_at"][:10]) == ("Maria Mayer", ["auditor"], "2099-04-01")
    person = (await world.ask(OPERATOR_KEY, "get", f"/api/v1/people/{shown['person_id']}")).json()
    assert person["email"] == "mayer@acme.example"
    assert "reads everything until a date, changes nothing" in (await browser.get("/settings/people")).text


async def test_an_operator_gives_and_takes_mandates(world: Populated, browser: httpx.AsyncClient) -> None:
    principal_id = await enrolled(world, "Sofia")
    await sign_in(browser, OPERATOR_KEY)
    path = f"/settings/people/{principal_id}"
    fields = {"name": "Sofia", "email": "sofia@acme.example", "role": "provider_signatory"}
    given = {"mandate_role": "provider_signatory", "basis": "By the board", "mandate_until": "2099-12-31"}
    assert (await send(browser, path, path, **fields, **given)).status_code == 303
    assert "By the board" in (await browser.get(path)).text
    assert (await send(browser, path, path, **fields, drop="0")).status_code == 303
    assert "By the board" not in (await browser.get(path)).text
    await browser.get("/sign-out")
    browser.cookies.clear()
    await sign_in(browser, world.cast.provider_manager_key)
    page = await browser.get(path)
    assert f'action="{path}"' not in page.text and "an operator, who signs in with a key" in page.text


async def test_invitations_are_made_again_and_withdrawn(world: Populated, browser: httpx.AsyncClient) -> None:
    principal_id = await enrolled(world, "Emilie")
    await sign_in(browser, world.cast.provider_manager_key)
    made = await send(browser, "/settings/people", f"/settings/people/{principal_id}/invite")
    [first] = re.findall(r"http://slm/invitations/(slm_[\w-]+)", made.text)
    [invitation_id] = re.findall(r'action="/settings/invitations/([^/]+)/repeat"', made.text)
    again = await send(browser, "/settings/people", f"/settings/invitations/{invitation_id}/repeat")
    [second] = re.findall(r"http://slm/invitations/(slm_[\w-]+)", again.text)
    assert first != second
    [newer] = re.findall(r'action="/settings/invitations/([^/]+)/withdraw"', again.text)
    assert newer != invitation_id
    assert (await send(browser, "/settings/people", f"/settings/invitations/{newer}/withdraw")).status_code == 303
    for code in (first, second):
        assert (await world.ask(code, "post", "/api/v1/invitations/accept", json={})).status_code == 401


async def test_an_auditor_is_invited_with_a_date(world: Populated, browser: httpx.AsyncClient) -> None:
    await sign_in(browser, world.cast.provider_manager_key)
    fields = {"name": "Ida Noddack", "email": "ida@auditors.example", "role": "auditor"}
    refused = await send(browser, "/invite", "/invite/person", **fields)
    assert refused.status_code == 422 and "An auditor is let in until a date." in refused.text
    made = await send(browser, "/invite", "/invite/person", **fields, until="2099-03-31")
    assert made.status_code == 200 and "/invitations/slm_" in made.text


async def test_only_an_operator_renames_a_company(world: Populated, browser: httpx.AsyncClient) -> None:
    await sign_in(browser, world.cast.provider_manager_key)
    assert "Acme Hosting" in (await browser.get("/settings")).text
    browser.cookies.clear()
    await sign_in(browser, OPERATOR_KEY)
    path = f"/settings/companies/{world.stranger_party_id}"
    assert (await send(browser, "/settings", path, name="Nosy Neighbours")).status_code == 303
    assert "Nosy Neighbours" in (await browser.get("/settings")).text


async def test_the_audit_trail_is_filtered_and_leads_to_things(world: Populated, browser: httpx.AsyncClient) -> None:
    principal_id = await enrolled(world, "Chien")
    await sign_in(browser, world.auditor_key)
    page = await browser.get("/settings/audit-trail?kind=principal")
    assert "enrolled" in page.text and f'href="/settings/people/{principal_id}"' in page.text
    assert "Ada Byron" in page.text and "127.0.0.1" in page.text
    about = await browser.get(f"/settings/audit-trail?thing={principal_id}")
    assert about.text.count("<tr data-row=") == 1
    assert "Nothing was done here." in (await browser.get("/settings/audit-trail?to=2001-01-01")).text
    browser.cookies.clear()
    await sign_in(browser, world.onlooker_key)
    closed = await browser.get("/settings/audit-trail")
    assert "Managers and auditors" in closed.text and "data-row" not in closed.text
    browser.cookies.clear()
    await sign_in(browser, world.stranger_key)
    foreign = await browser.get("/settings/audit-trail")
    assert "Chien" not in foreign.text and principal_id not in foreign.text


async def test_people_of_others_are_not_found(world: Populated, browser: httpx.AsyncClient) -> None:
    principal_id = await enrolled(world, "Rita")
    await sign_in(browser, world.stranger_key)
    assert (await browser.get(f"/settings/people/{principal_id}")).status_code == 404
    token = token_of(await browser.get("/settings/people"))
    for act in ("", "/deactivate", "/let-in", "/invite"):
        answer = await browser.post(f"/settings/people/{principal_id}{act}", data={"csrf_token": token, "name": "X"})
        assert answer.status_code == 404, act


async def test_a_person_chooses_what_comes_by_mail(world: Populated, browser: httpx.AsyncClient) -> None:
    key, path = world.cast.provider_manager_key, "/settings/mails"
    await sign_in(browser, key)
    assert "This installation sends no mails" in (await browser.get(path)).text
    wrong = await send(browser, path, path, time_zone="Mars/Base", **{"when-review-normal": "never"})
    assert wrong.status_code == 422 and "Write the name of a time zone" in wrong.text
    fields = {"time_zone": "Europe/Berlin", "when-breach-normal": "digest", "when-review-normal": ""}
    assert (await send(browser, path, path, **fields)).headers["location"] == path
    found = (await world.ask(key, "get", "/api/v1/notification-preferences")).json()
    chosen = {(each["kind"], each["severity"]): each["when"] for each in found["rules"] if not each["by_role"]}
    assert (found["time_zone"], chosen) == ("Europe/Berlin", {("breach", "normal"): "digest"})
    assert 'value="Europe/Berlin"' in (await browser.get(path)).text


async def test_who_is_no_person_is_told_why_there_is_nothing_to_choose(
    world: Populated, browser: httpx.AsyncClient
) -> None:
    await sign_in(browser, OPERATOR_KEY)
    page = (await browser.get("/settings/mails")).text
    assert "a key that belongs to no person" in page and 'action="/settings/mails"' not in page


async def test_preferences_are_kept_in_the_browser(world: Populated, browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    answer = await send(
        browser, "/settings/preferences", "/preferences", theme="dark", zone="Asia/Tokyo", next="/settings/preferences"
    )
    assert answer.headers["location"] == "/settings/preferences"
    page = await browser.get("/settings/preferences")
    assert 'data-theme="dark"' in page.text and 'value="Asia/Tokyo"' in page.text
