"""Tools that are asked, in the console: the list, the form, the secret that no page shows, the runs, and every act."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.connections import pull_forms, pulls
from slm_console.views.connections.guides import guide_blocks
from slm_mappings.connectors import SHIPPED
from slm_mappings.pull_recipes import read_pull_recipes
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import READER
from tests.unit.console.read_pages import token_in, words_of
from tests.unit.console.stub_api import StubApi, browser_of, listed

RECIPES = read_pull_recipes(SHIPPED)
PATH, PAGE = "/api/v1/pulls/p-1", "/connections/pulls/p-1"
TOOLS = [
    {
        "name": each.connector, "title": each.title, "reads": each.reads, "source": each.source, "path": each.path,
        "authentication": list(each.ways), "mapping": each.mapping, "guide": each.guide,
    }
    for each in RECIPES.values()
]  # fmt: skip
STATE: dict[str, Any] = {
    "read_until": "2026-11-26T09:00:00Z", "due_at": "2026-11-26T09:45:00Z", "waits_for_tool": False, "failures": 0,
    "problem": "", "succeeded_at": "2026-11-26T09:40:00Z", "reconciled_at": "2026-11-26T02:30:00Z", "missing": 1,
}  # fmt: skip
PULL: dict[str, Any] = {
    "pull_id": "p-1", "party_id": "alder", "title": "Finance desk", "connector": "zammad", "source": "zammad",
    "address": "https://desk.example", "path": RECIPES["zammad"].path, "filter": "group.name:Finance",
    "mapping": RECIPES["zammad"].mapping, "authentication": {"kind": "token", "user": ""}, "every_seconds": 300,
    "reconcile_at": "02:30", "zone": "UTC", "cancels_missing": False, "query": None, "paused": False,
    "created_at": "2026-11-26T09:00:00Z", "created_by_principal_id": "p", "state": STATE,
}  # fmt: skip
SAMPLES = {
    **PULL, "connector": "prometheus", "filter": "", "mapping": "",
    "query": {"expression": "max(up)", "step_seconds": 45, "lag_seconds": 90, "record": "", "labels": {"region": "eu"}},
}  # fmt: skip
FAULT = {"field": "states", "value": "on <fire>", "remedy": "states does not list it"}
RUN: dict[str, Any] = {
    "run_id": "r-2", "kind": "changes", "started_at": "2026-11-26T09:40:00Z", "ended_at": "2026-11-26T09:40:01Z",
    "outcome": "done", "requests": 1, "tickets": 12, "changed": 3, "samples": 0, "ignored": 0, "refused": 1,
    "problem": "", "errors": [FAULT], "missing": [],
}  # fmt: skip
NIGHT = {**RUN, "run_id": "r-1", "kind": "reconciliation", "errors": [], "refused": 0, "missing": ["21003"]}


def the_api(*roles: str, **more: Any) -> StubApi:
    known = answers()
    me = {**known["/api/v1/me"], "roles": list(roles or ("integrator",))}
    found = {
        "/api/v1/me": me,
        "/api/v1/pull-tools": listed(*TOOLS),
        "/api/v1/pulls": listed(PULL),
        PATH: PULL,
        f"{PATH}/runs": {"items": [RUN, NIGHT]},
        "POST /api/v1/pulls": PULL,
        f"POST {PATH}/runs": {"pull_id": "p-1", "due_at": "2026-11-26T09:42:00Z"},
    }
    return StubApi({**known, **found, **more})


async def test_the_list_tells_of_each_tool_and_offers_every_tool_that_can_be_asked() -> None:
    async with browser_of(the_api()) as browser:
        page = (await browser.get("/connections/pulls")).text
        said = words_of(page)
        assert "Finance desk Zammad Tickets asks every 5 min 10:40" in said
        for name, recipe in RECIPES.items():
            assert f'href="/connections/pulls/new/{name}"' in page and recipe.title in said
        table = (await browser.get("/connections/pulls?format=csv")).text
        assert "https://desk.example" in table


@pytest.mark.parametrize(
    ("changes", "state", "mark", "said"),
    [
        ({"paused": True}, {"failures": 2}, "paused", "paused, nothing is asked"),
        ({}, {"failures": 1, "problem": "401"}, "breached", "failed once"),
        ({}, {"failures": 3}, "breached", "failed 3 times in a row"),
        ({}, {"waits_for_tool": True}, "at-risk", "waits, as the tool asked"),
        ({}, {"succeeded_at": None}, "no-data", "asks for the first time"),
        ({"every_seconds": 3600}, {}, "on-track", "asks every 1 h"),
    ],
)
def test_a_pull_says_how_it_does(changes: dict[str, Any], state: dict[str, Any], mark: str, said: str) -> None:
    line = pulls.pull_line(READER, {**PULL, **changes, "state": {**STATE, **state}}, {})
    assert (line.mark, line.state) == (mark, said)


async def test_its_page_lists_the_runs_what_was_not_taken_and_what_the_tool_does_not_show() -> None:
    async with browser_of(the_api()) as browser:
        page = (await browser.get(PAGE)).text
        said = words_of(page)
        assert "what has changed everything read 12 3 1 states: states does not list it" in said
        assert "everything compared everything read" in said and "on &lt;fire&gt;" in page and "on <fire>" not in page
        assert "Not shown by the tool 21003" in said and "Read until" not in said
        assert "Ask now" in said and "Compare everything now" in said
    failing = {**PULL, "state": {**STATE, "failures": 2, "problem": "HTTP 401: <b>who</b>"}}
    async with browser_of(the_api(**{PATH: failing})) as browser:
        page = (await browser.get(PAGE)).text
        assert "failed 2 times in a row What is wrong HTTP 401: <b>who</b>" in words_of(page.replace("<b>who</b>", ""))
        assert "<b>who" not in page


async def test_samples_say_how_far_they_have_come() -> None:
    async with browser_of(the_api(**{PATH: SAMPLES, f"{PATH}/runs": {"items": [{**RUN, "samples": 60}]}})) as browser:
        said = words_of((await browser.get(PAGE)).text)
        assert "Read until 10:00, 42 min ago" in said and "Asked for max(up)" in said
        assert "Of no measurement" in said and "60" in said and "Compare everything now" not in said


@pytest.mark.parametrize("name", RECIPES)
async def test_each_tool_can_be_asked_by_the_form_and_its_secret_is_on_no_page(name: str) -> None:
    api, here = the_api(), f"/connections/pulls/new/{name}"
    recipe = RECIPES[name]
    async with browser_of(api) as browser:
        page = (await browser.get(here)).text
        assert f"Ask {recipe.title}" in words_of(page) and "What to enter in the tool" in page
        form = {"csrf_token": token_in(page), "title": "Finance desk", "address": "https://desk.example", "user": "me"}
        form |= {"way": "basic", "secret": " hush hush ", "every": "60", "step": "30", "expression": "max(up)"}
        missing = await browser.post(here, data={**form, "address": ""})
        assert missing.status_code == 422 and "hush" not in missing.text
        assert 'id="secret-error">Write it again' in missing.text and 'value="Finance desk"' in missing.text
        made = await browser.post(here, data=form)
        assert made.status_code == 303 and made.headers["location"] == PAGE
    [(method, path, body)] = api.sent
    assert (method, path) == ("POST", "/api/v1/pulls")
    wanted = {
        "connector": name, "title": "Finance desk", "address": "https://desk.example", "secret": " hush hush ",
        "authentication": {"kind": "basic", "user": "me"}, "every_seconds": 60,
    }  # fmt: skip
    if recipe.reads == "samples":
        wanted["query"] = {"expression": "max(up)", "record": "", "step_seconds": 30}
    if recipe.reads == "tickets":
        wanted["cancels_missing"] = False
    assert body == wanted, "empty fields are left to the connector"


async def test_what_the_api_refuses_stands_beside_its_field() -> None:
    api, here = the_api(), "/connections/pulls/new/zammad"
    errors = [
        {"field": "address", "value": "x", "remedy": "give a public address"},
        {"field": "authentication.user", "value": "", "remedy": "name the user"},
        {"field": "mapping.states", "value": None, "remedy": "name a state"},
        {"field": "party", "value": None, "remedy": "be another"},
    ]
    problem = {"type": "/problems/invalid-request", "title": "T", "status": 422, "detail": "d", "errors": errors}
    api.refused["POST /api/v1/pulls"] = problem
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(here)).text), "title": "x", "address": "https://a.example"}
        page = await browser.post(here, data={**form, "way": "basic", "every": "60", "mapping": "a: 1\r\nb: 2"})
    assert page.status_code == 422
    for name, remedy in (
        ("address", "give a public"),
        ("user", "name the user"),
        ("mapping", "mapping.states: name a state"),
    ):
        assert f'id="{name}-error">{remedy}' in page.text
    assert 'role="alert">party: be another' in page.text and "<details" in page.text and " open>" in page.text


async def test_a_change_keeps_what_the_form_does_not_show() -> None:
    api = the_api(**{PATH: SAMPLES})
    async with browser_of(api) as browser:
        page = (await browser.get(f"{PAGE}/change")).text
        assert 'value="max(up)"' in page and 'value="45" selected' in page and 'type="password" value=""' in page
        form = {"csrf_token": token_in(page), "tag": '"7"', "title": "Other", "address": "https://desk.example"}
        form |= {"way": "token", "every": "300", "step": "45", "expression": "min(up)", "since": "24 Nov 2026"}
        assert (await browser.post(f"{PAGE}/change", data=form)).status_code == 303
    [(method, _, body)] = api.sent
    assert method == "PATCH" and api.matched == ['"7"'] and "secret" not in body
    query = {"expression": "min(up)", "record": "", "step_seconds": 45, "lag_seconds": 90, "labels": {"region": "eu"}}
    assert body["query"] == query and body["since"] == "2026-11-23T23:00:00Z"


async def test_a_mapping_that_was_not_touched_is_not_sent_as_a_change() -> None:
    draft = pull_forms.draft_of(PULL, '"7"')
    sent = draft.mapping.strip()
    assert "mapping" not in pull_forms.body_of(
        pull_forms.draft_typed({"every": "60", "mapping": sent}), "", "tickets", PULL
    )
    other = pull_forms.draft_typed({"every": "60", "mapping": f"{sent}\n# x", "filter": ""})
    body = pull_forms.body_of(other, "", "tickets", PULL)
    assert body["mapping"].endswith("# x") and body["filter"] == "", "a filter can be taken away"


async def test_it_is_paused_asked_now_compared_and_removed() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        token = token_in((await browser.get(PAGE)).text)
        for path, fields in (
            ("/runs", {"kind": "changes"}),
            ("/runs", {"kind": "reconciliation"}),
            ("/paused", {"paused": "yes"}),
            ("/paused", {"paused": "no"}),
        ):
            assert (await browser.post(f"{PAGE}{path}", data={"csrf_token": token, **fields})).status_code == 303
        assert "its secret and the list of its runs go" in (await browser.get(f"{PAGE}/remove")).text
        assert (await browser.post(f"{PAGE}/remove", data={"csrf_token": token})).headers[
            "location"
        ] == "/connections/pulls"
        assert (await browser.get("/connections/pulls/new/nothing")).status_code == 404
    assert [(method, body) for method, _, body in api.sent] == [
        ("POST", {"kind": "changes"}), ("POST", {"kind": "reconciliation"}), ("PATCH", {"paused": True}),
        ("PATCH", {"paused": False}), ("DELETE", None),
    ]  # fmt: skip


async def test_who_only_reads_finds_no_act_and_no_form() -> None:
    async with browser_of(the_api("viewer")) as browser:
        for path in ("/connections/pulls", PAGE, "/connections/pulls/new/zammad"):
            page = (await browser.get(path)).text
            assert (
                "Ask now" not in page
                and "Ask it from now on" not in page
                and 'href="/connections/pulls/new/' not in page
            ), path
        assert (await browser.get(f"{PAGE}/change")).headers["location"] == PAGE


def test_every_guide_is_shown_without_marks_and_names_the_place_in_the_console() -> None:
    for name, recipe in RECIPES.items():
        said = " ".join(
            span.text
            for block in guide_blocks(recipe.guide)
            for inner in ([block] if block.kind != "steps" else [each for step in block.steps for each in step])
            for span in inner.spans
        )
        assert f"Connections › Tools that are asked › {recipe.title}" in said, name
        assert "**" not in said and "](" not in said, name
