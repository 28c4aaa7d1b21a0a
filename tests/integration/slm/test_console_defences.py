"""What the console refuses, on every route that it has: foreign ids, forged forms, ways out, sessions of others."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from slm.face import PublicFace
from tests.support.populated import OPERATOR_KEY, Populated, neighbours

ANYBODYS = {"/", "/services", "/maintenance", "/agreements", "/tickets", "/reviews"}
"""Some pages without an id, to see that those who are refused elsewhere are readers like any other."""

WITHOUT_IDS = {"link", "code", "name", "mark", "tool", "measures"}
"""Parameters that name no thing of a company: secrets of links, files of the console, tools, kinds of data."""

TICKET = {"source": {"desk"}, "number": {"INC1"}}
"""The first pair's ticket, by the names of its path."""
UNKNOWN = "00000000-0000-5000-8000-000000000000"
ELSEWHERE = (
    "https://elsewhere.example/",
    "//elsewhere.example",
    "/\\elsewhere.example",
    "javascript:alert(1)",
    "/\t/x",
)
PASSWORD = "a pass phrase that nobody guesses"


def routes(world: Populated, method: str) -> Iterator[str]:
    """Yield the path of every route of the console with a method."""
    for context in iter_route_contexts(world.installation.console.routes):
        if context.path and method in (getattr(context.route, "methods", None) or ()):
            yield context.path


def names_in(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def browsing(world: Populated, key: str = "", origin: str = "http://slm") -> httpx.AsyncClient:
    """A browser without script, signed in with a key if one is given."""
    transport = httpx.ASGITransport(world.installation.face)
    cookies = {"slm_session": key} if key else {}
    return httpx.AsyncClient(transport=transport, base_url=origin, cookies=cookies, timeout=60)


async def token_of(client: httpx.AsyncClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', (await client.get(path)).text)
    assert found is not None, path
    return found[1]


def things(world: Populated) -> Iterator[tuple[str, str]]:
    """Yield each route with ids of the first pair's things in it, and the same with an id that nobody has."""
    known = {**world.known, **TICKET}
    for path in sorted(each.replace(":path}", "}") for each in set(routes(world, "GET"))):
        names = [name for name in names_in(path) if name not in WITHOUT_IDS]
        if not names:
            continue
        assert all(known.get(name) for name in names), f"nothing is known for {path}"
        for values in itertools.islice(itertools.product(*(sorted(known[name])[:3] for name in names)), 4):
            foreign, unknown = path, path
            for name, value in zip(names, values, strict=True):
                foreign, unknown = foreign.replace(f"{{{name}}}", value), unknown.replace(f"{{{name}}}", UNKNOWN)
            yield foreign, unknown


async def test_every_page_answers_a_foreign_id_like_an_unknown_one_whatever_the_role(world: Populated) -> None:
    """A second pair of companies, each of its roles, every page with an id, the ids of the first pair."""
    visited, wrong = 0, []
    for role, key in (await neighbours(world)).items():
        async with browsing(world, key) as client:
            for path in ANYBODYS:
                assert (await client.get(path)).status_code == 200, (role, path)
            for foreign, unknown in things(world):
                answer, like = await client.get(foreign), await client.get(unknown)
                if answer.status_code != 404 or _plain(answer, foreign) != _plain(like, unknown):
                    wrong.append((role, foreign, answer.status_code, like.status_code))
                visited += 1
    assert not wrong, wrong
    assert visited >= 60, visited


def _plain(answer: httpx.Response, path: str) -> tuple[int, str]:
    """Status and text of a page without what differs by its own address and instant."""
    text = re.sub(r"\d{1,2}:\d{2}(:\d{2})?", "", answer.text.replace(path, ""))
    return answer.status_code, re.sub(r'value="[^"]*"|content="[^"]*"|href="[^"]*"', "", text)


async def test_no_route_acts_without_the_token_of_the_session(world: Populated) -> None:
    """Missing, wrong, of another session; and a genuine one that comes from another site."""
    key = world.cast.provider_manager_key
    async with browsing(world, key) as client, browsing(world, world.stranger_key) as other:
        stolen, genuine = await token_of(other, "/agreements/new"), await token_of(client, "/agreements/new")
        paths = sorted(set(routes(world, "POST")))
        assert len(paths) >= 25
        for path in paths:
            filled = re.sub(r"{\w+(:path)?}", UNKNOWN, path)
            for token, headers in (
                ("", {}),
                ("0" * 64, {}),
                (stolen, {}),
                (genuine, {"sec-fetch-site": "cross-site"}),
                (genuine, {"sec-fetch-site": "same-site"}),
            ):
                sent = await client.post(filled, data={"csrf_token": token, "next": "/"}, headers=headers)
                assert sent.status_code == 403, (path, token, headers, sent.status_code)


async def test_a_token_is_worth_nothing_after_its_session(world: Populated) -> None:
    """Replayed by who signed in again, and by who signed out."""
    async with browsing(world, world.cast.provider_manager_key) as client:
        earlier = await token_of(client, "/agreements/new")
        client.cookies.set("slm_session", world.stranger_key)
        assert (await client.post("/preferences", data={"csrf_token": earlier, "theme": "dark"})).status_code == 403
        client.cookies.clear()
        assert (await client.post("/preferences", data={"csrf_token": earlier, "theme": "dark"})).status_code == 403


@pytest.mark.parametrize("wanted", ELSEWHERE)
async def test_no_act_leads_to_another_site(world: Populated, wanted: str) -> None:
    async with browsing(world, world.cast.provider_manager_key) as client:
        form = {"csrf_token": await token_of(client, "/agreements/new"), "next": wanted, "theme": "light"}
        for path in ("/preferences", "/acknowledge"):
            answer = await client.post(path, data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, "/"), path
        page = await client.get("/scope", params={"next": wanted})
        assert not re.search(r'(?:href|action)="(?![/#])|(?:href|action)="//', page.text)


@pytest.fixture
async def account(world: Populated) -> AsyncIterator[tuple[str, str]]:
    """A person with a password: mail address and password."""
    party = await world.ask(OPERATOR_KEY, "POST", "/api/v1/parties", json={"key": "fixed", "name": "Fixed"})
    if party.status_code == 409:
        yield "fran@fixed.example", PASSWORD
        return
    about = {"key": "fran", "party_id": party.json()["party_id"], "name": "Fran"}
    person = await world.ask(OPERATOR_KEY, "POST", "/api/v1/people", json={**about, "email": "fran@fixed.example"})
    principal = {**about, "roles": ["service_level_manager"], "person_id": person.json()["person_id"]}
    made = await world.ask(OPERATOR_KEY, "POST", "/api/v1/principals", json=principal)
    wanted = {"principal_id": made.json()["principal_id"], "email": "fran@fixed.example"}
    invited = await world.ask(OPERATOR_KEY, "POST", "/api/v1/invitations", json=wanted)
    accepted = await world.ask(
        str(invited.json()["code"]), "POST", "/api/v1/invitations/accept", json={"password": PASSWORD}
    )
    assert accepted.status_code == 200, accepted.text
    yield "fran@fixed.example", PASSWORD


async def test_signing_in_never_keeps_a_session_that_was_there_before(
    world: Populated, account: tuple[str, str]
) -> None:
    """Session fixation: neither a made-up key nor another's, nor the visitor's cookie, is the session afterwards."""
    email, password = account
    for planted in ("slm_planted", world.stranger_key):
        async with browsing(world) as client:
            client.cookies.set("slm_session", planted, domain="slm.local")
            client.cookies.set("slm_visit", "planted", domain="slm.local")
            form = {"csrf_token": await token_of(client, "/sign-in"), "email": email, "password": password, "next": "/"}
            answer = await client.post("/sign-in", data=form)
            assert answer.status_code == 303, answer.text
            cookies = answer.headers.get_list("set-cookie")
            [session] = [each for each in cookies if each.startswith("slm_session=slm_")]
            assert planted not in session
            assert any(each.startswith('slm_visit=""') for each in cookies)
        # The planted key is no key of the person who signed in.
        me = await world.ask(planted, "GET", "/api/v1/me")
        assert me.status_code == 401 or me.json()["name"] != "Fran"


@pytest.mark.parametrize(("origin", "secure"), [("https://slm", True), ("http://slm", False)])
async def test_cookies_are_for_this_site_alone(
    world: Populated, account: tuple[str, str], origin: str, secure: bool
) -> None:
    email, password = account
    async with browsing(world, origin=origin) as client:
        page = await client.get("/sign-in")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        form = {"csrf_token": token[1], "email": email, "password": password, "next": "/"}
        answer = await client.post("/sign-in", data=form)
        told = [*page.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
        held = [each for each in told if each.startswith(("slm_session=slm_", "slm_visit=")) and '=""' not in each]
        assert len(held) == 2, told
        for cookie in held:
            assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Domain" not in cookie, cookie
            assert ("Secure" in cookie) is secure, cookie
            longest = re.search(r"Max-Age=(\d+)", cookie)
            assert longest is not None and int(longest[1]) <= 12 * 3_600, cookie


async def test_a_guessed_guest_link_tells_nothing_and_mails_nothing(world: Populated) -> None:
    """Every link looks alike before a code is asked for, and is refused alike."""
    pages = set()
    async with browsing(world) as client:
        for link in ("slm_guessed", UNKNOWN, "x" * 200):
            page = await client.get(f"/guest/{link}")
            assert page.status_code == 200
            pages.add(_plain(page, link)[1].replace(link, ""))
            form = {"csrf_token": await token_of(client, f"/guest/{link}"), "code": "123456"}
            refused = await client.post(f"/guest/{link}", data=form)
            assert refused.status_code == 403 and "slm_session=slm_" not in str(refused.headers), link
            assert (await client.post(f"/guest/{link}/code", data=form)).status_code == 403
    assert len(pages) == 1


async def test_only_the_streams_are_served_below_the_prefix_of_the_console(world: Populated) -> None:
    """The cookie has the prefix as its path, so that the routes that take it have to be there, and no others."""
    face = PublicFace(world.installation.apps, world.installation.console, prefix="/console")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(face), base_url="http://slm") as client:
        for path in ("stream", "figures/stream"):
            assert (await client.get(f"/console/api/v1/{path}")).status_code == 401, path
        assert (await client.get("/console/api/v1/parties")).status_code == 404
        assert (await client.get("/elsewhere/api/v1/stream")).status_code == 404
