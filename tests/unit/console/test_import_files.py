"""A file of measurements in the console: chosen, tried, and imported; what is wrong is shown with its line."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from slm_console.views.connections.measured_files import (
    MEASURES,
    example_file,
    measures_in_words,
    read_file,
    starter,
)
from slm_mappings.mapping import parse_measurement_mapping_text
from slm_monitor.application.hooks.file_previews import preview_file
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import READER
from tests.unit.console.read_pages import token_in, words_of
from tests.unit.console.stub_api import StubApi, browser_of

PAGE = "/connections/imports/new/probes"
ITEM = {"indicator": "shop.<up>", "at": "2026-11-26T08:00:00Z", "ok": True, "source": "berlin"}
KEY = {"key": "shop.<up>", "kind": "availability"}
ASIDE = {"row": 3, "field": "ok", "value": "<maybe>", "remedy": "it is neither"}
PREVIEW: dict[str, Any] = {
    "records": 2, "items": [{"row": 2, "item": ITEM}], "indicators": [KEY], "set_aside": [ASIDE],
    "notes": ["left out: <1>"], "errors": [],
}  # fmt: skip
CONTENT = "at,ok\n2026-11-26T08:00:00Z,true\n"


def the_api(*roles: str, **more: Any) -> StubApi:
    known = answers()
    me = {**known["/api/v1/me"], "roles": list(roles or ("integrator",))}
    found = {
        "/api/v1/me": me,
        "POST /api/v1/import-previews": PREVIEW,
        "POST /api/v1/imports": {"import_id": "i-1", "state": "opening"},
        "/api/v1/imports/i-1": {"import_id": "i-1", "state": "open"},
        "POST /api/v1/measurements": {"accepted": 1, "items": []},
    }
    return StubApi({**known, **found, **more})


@pytest.mark.parametrize("measures", MEASURES)
def test_every_mapping_to_begin_with_is_valid_and_has_a_name(measures: str) -> None:
    assert parse_measurement_mapping_text(starter(measures)).measures == measures
    assert measures_in_words(READER)[measures]


@pytest.mark.parametrize("measures", MEASURES)
def test_every_example_file_is_read_whole_by_the_mapping_beside_it(measures: str) -> None:
    read = preview_file(starter(measures), example_file(measures, READER.now))
    assert (read["records"], len(read["items"]), read["set_aside"], read["errors"]) == (3, 3, [], [])


async def test_an_example_file_is_offered_until_there_is_a_file() -> None:
    async with browser_of(the_api()) as browser:
        assert f'href="{PAGE}?example=yes"' in (await browser.get(PAGE)).text
        page = unescape((await browser.get(f"{PAGE}?example=yes")).text)
    assert "time,status\n" in page and "The rows below are made up." in page and "Try an example file" not in page


async def test_a_file_is_tried_and_what_it_says_is_shown() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        chosen = await browser.get("/connections/imports/new")
        assert f'href="{PAGE}"' in chosen.text and "whether a check succeeded" in chosen.text
        assert (await browser.get("/connections/imports/new/nothing")).status_code == 404
        page = (await browser.get(PAGE)).text
        form = {"csrf_token": token_in(page), "mapping": "kind: m\r\n", "act": "try"}
        empty = await browser.post(PAGE, data=form)
        assert empty.status_code == 422 and "Choose a file, or paste its text." in empty.text
        tried = await browser.post(PAGE, data=form, files={"file": ("a.csv", "\ufeff" + CONTENT)})
        said = words_of(tried.text)
        assert "2 rows read · 1 measurement · 1 set aside" in said and "2 shop.<up> 09:00 succeeded" in said
        assert "line 3, ok <maybe> it is neither" in said and "left out: <1>" in said
        assert 'value="import"' in tried.text and 'value="import"' not in page
        assert CONTENT in unescape(tried.text), "the text of the file stays for the next step"
        for data, why in ((b"PK\x03\x04x", "This is a workbook"), (b"x" * 400_001, "longer than 400 kB")):
            refused = await browser.post(PAGE, data=form, files={"file": ("a", data)})
            assert refused.status_code == 422 and why in refused.text
        await browser.post(PAGE, data=form, files={"file": ("a.csv", "Züge".encode("cp1252"))})
    assert api.sent[0] == ("POST", "/api/v1/import-previews", {"mapping": "kind: m\n", "content": CONTENT})
    assert [body["content"] for _, _, body in api.sent[1:]] == ["Züge"]


async def test_a_file_that_was_tried_is_imported() -> None:
    api = the_api(**{"POST /api/v1/import-previews": {**PREVIEW, "items": [{"row": 2, "item": ITEM}] * 1_001}})
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(PAGE)).text), "mapping": "m", "content": CONTENT}
        done = await browser.post(PAGE, data={**form, "act": "import"})
        assert (done.status_code, done.headers["location"]) == (303, "/connections/imports/i-1")
        sent = [(path, body) for _, path, body in api.sent]
        assert sent[1:3] == [("/api/v1/indicators", KEY), ("/api/v1/imports", {"indicators": ["shop.<up>"]})]
        assert [len(body) for path, body in sent if path == "/api/v1/measurements"] == [1_000, 1]
        assert sent[-1][0] == "/api/v1/imports/i-1/complete"
        api.refused["POST /api/v1/indicators"] = {"status": 409, "errors": [{"field": "unit", "remedy": "ms"}]}
        assert (await browser.post(PAGE, data={**form, "act": "import"})).status_code == 303
        api.refused["POST /api/v1/indicators"] = {"status": 409, "errors": [{"field": "kind", "remedy": "it is value"}]}
        other = await browser.post(PAGE, data={**form, "act": "import"})
        assert other.status_code == 422 and "kind: it is value" in other.text


@pytest.mark.parametrize("status", [202, 422])
async def test_rows_that_are_not_taken_in_are_named_with_their_line(status: int) -> None:
    verdict = {"index": 0, "outcome": "rejected", "errors": [{"field": "unit", "value": "ms", "remedy": "send <s>"}]}
    api = the_api(**{"POST /api/v1/measurements": {"accepted": 0, "items": [verdict]}})
    if status == 422:
        api.refused["POST /api/v1/measurements"] = {
            "type": "/problems/nothing-accepted", "status": 422, "items": [verdict]
        }  # fmt: skip
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(PAGE)).text), "mapping": "m", "content": CONTENT}
        done = await browser.post(PAGE, data={**form, "act": "import"})
    assert "line 2, unit ms send <s>" in words_of(done.text) and 'href="/connections/imports/i-1"' in done.text
    assert api.sent[-1][1] == "/api/v1/imports/i-1/complete"


async def test_an_import_that_cannot_go_on_is_given_up() -> None:
    api = the_api()
    api.refused["POST /api/v1/measurements"] = {"status": 429, "detail": "too much"}
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(PAGE)).text), "mapping": "m", "content": CONTENT}
        done = await browser.post(PAGE, data={**form, "act": "import"})
    assert done.status_code == 422 and "too much" in done.text
    assert api.sent[-1][:2] == ("DELETE", "/api/v1/imports/i-1")


async def test_what_was_typed_is_kept_while_the_service_is_away_unless_it_is_a_file() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(PAGE)).text), "mapping": "my-mapping", "act": "try"}
        api.away.add("import-previews")
        fields = [f'name="{name}"\r\n\r\n{value}' for name, value in {**form, "content": "t"}.items()]
        # What a browser sends of a field in which no file was chosen.
        parts = [*fields, 'name="file"; filename=""\r\n\r\n']
        body = "".join(f"--x\r\nContent-Disposition: form-data; {each}\r\n" for each in parts) + "--x--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        typed = await browser.post(PAGE, content=body.encode(), headers=kind)
        assert typed.status_code == 503 and 'name="mapping" value="my-mapping"' in typed.text
        chosen = await browser.post(PAGE, data=form, files={"file": ("a.csv", CONTENT)})
        assert chosen.status_code == 503 and "my-mapping" not in chosen.text


async def test_a_file_with_errors_is_not_imported() -> None:
    wrong = {"field": "mapping.at", "value": None, "remedy": "name <it>"}
    api = the_api(**{"POST /api/v1/import-previews": {**PREVIEW, "records": 0, "items": [], "errors": [wrong]}})
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(PAGE)).text), "mapping": "m", "content": CONTENT}
        done = await browser.post(PAGE, data={**form, "act": "import"})
    assert "mapping.at – name <it>" in words_of(done.text) and 'value="import"' not in done.text
    assert [path for _, path, _ in api.sent] == ["/api/v1/import-previews"]


async def test_who_may_not_import_is_offered_no_form() -> None:
    async with browser_of(the_api("auditor")) as browser:
        for path in ("/connections/imports/new", PAGE):
            main = (await browser.get(path)).text.partition("<main")[2].partition("</main>")[0]
            assert "<form" not in main and "/imports/new/probes" not in main


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"ok": False}, "failed"),
        ({"failed": True}, "failed"),
        ({"state": "down"}, "down"),
        ({"good": 998, "total": 1_000}, "998 of 1,000 good"),
        ({"cumulative": {"bad": 2, "total": 1_000}}, "2 of 1,000 bad"),
        ({"cumulative": {"count": 7}}, "7 times"),
        ({"value": 1.5, "unit": "ms"}, "1.5 ms"),
        ({"score": 4}, "4"),
        ({"category": "A"}, "A 1 time"),
        (
            {"recovery": {"outage_start": "2026-11-26T08:00:00Z", "service_restored": "2026-11-26T08:30:00Z"}},
            "restored 08:30",
        ),
    ],
)
def test_what_a_measurement_says_is_told_in_words(content: dict[str, Any], said: str) -> None:
    item = {"indicator": "i", "at": "2026-11-26T08:00:00Z", **content}
    [row] = read_file(READER, {**PREVIEW, "items": [{"row": 2, "item": item}]}).rows
    assert f"{row.own} {row.said}".strip().replace("Thu ", "") == said and row.at == "Thu 08:00"
