"""Tables: filtered, sorted, in pages, and downloaded as exactly the rows that are filtered."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from slm_console.views.tables import Column, Wish, csv_lines, table_of
from tests.unit.console.alder_answers import ALDER, SHOP, SUMMARY, answers, standing, target
from tests.unit.console.stub_api import StubApi, browser_of, listed

MANY = 130
AT_ONCE = 7
"""Items in one page of the stub's lists."""


class PagedApi(StubApi):
    """A stub whose lists come in pages, as those of the API do."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def paged(message: Any) -> None:
            if message["type"] == "http.response.body":
                document = json.loads(message["body"])
                if isinstance(document, dict) and len(document.get("items", ())) > AT_ONCE and "limit" in asked:
                    begin = int(asked.get("cursor", ["0"])[0])
                    end = begin + AT_ONCE
                    following = str(end) if end < len(document["items"]) else None
                    document = {"items": document["items"][begin:end], "next": following}
                message = {**message, "body": json.dumps(document).encode()}
            await send(message)

        asked = parse_qs(scope["query_string"].decode())
        await super().__call__(scope, receive, paged)


class Shown(HTMLParser):
    """The texts of a page's rows, in their order."""

    def __init__(self, page: str, tag: str = "tr") -> None:
        super().__init__()
        self._tag = tag
        self.rows: list[str] = []
        self._is_row = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == self._tag and "data-row" in dict(attrs):
            self.rows.append("")
            self._is_row = True

    def handle_endtag(self, tag: str) -> None:
        if tag == self._tag:
            self._is_row = False

    def handle_data(self, data: str) -> None:
        if self._is_row:
            self.rows[-1] += f" {data.strip()}"


def agreement(number: int) -> dict[str, Any]:
    return {
        "agreement_id": f"a-{number}",
        "title": f"=Agreement {number}",
        "kind": "sla",
        "state": "in_force",
        "provider_party_id": ALDER,
        "customer_party_id": SHOP,
        "service_id": "checkout",
        "ends_at": None,
        "version": 1,
    }


def clock(number: int) -> dict[str, Any]:
    return {
        "source": "desk",
        "number": f"INC-{number}",
        "clock": "resolution",
        "state": "running",
        "started_at": "2026-11-26T08:00:00Z",
        "deadline_at": f"2026-11-2{7 + number % 3}T{number % 24:02}:00:00Z",
        "stopped_at": None,
        "breached_at": None,
        "changed_at": "2026-11-26T08:00:00Z",
        "elapsed_calendar_seconds": 60,
        "elapsed_service_seconds": 60,
        "pauses": [],
        "provider_party_id": ALDER,
        "customer_party_id": SHOP,
        "target_id": f"t-{number}",
        "priority": f"P{number % 4}",
        "held_by": "@desk",
    }


def many() -> dict[str, Any]:
    """What the API answers, with many rows in every list."""
    services = [standing(f"s-{number}", "up", "met", number * 600, "mmmmmmmmmmmm") for number in range(MANY)]
    named = [
        {"service_id": each["service_id"], "provider_party_id": ALDER, "key": each["service_id"], "description": "",
         "name": f"Service {number}", "outcome": f"Outcome {number}"}
        for number, each in enumerate(services)
    ]  # fmt: skip
    breaches = [
        {**SUMMARY["breaches"][0], "breach_id": f"b-{number}", "target_title": f"+Promise {number}"}
        for number in range(MANY)
    ]
    known = answers()
    return {
        **known,
        "/api/v1/agreements": listed(*map(agreement, range(MANY))),
        "/api/v1/summary": {**SUMMARY, "services": services, "breaches": breaches},
        "/api/v1/services": listed(*known["/api/v1/services"]["items"], *named),
        "/api/v1/targets": listed(*(target(f"t-{number}", f"-Target {number}") for number in range(MANY))),
        "/api/v1/clocks": listed(*map(clock, range(MANY))),
        "/api/v1/parties": listed(
            *known["/api/v1/parties"]["items"],
            *(
                {"party_id": f"p-{number}", "name": f"@Company {number}", "key": f"p-{number}"}
                for number in range(MANY)
            ),
        ),
    }


async def rows_of(browser: httpx.AsyncClient, path: str, **asked: str) -> list[str]:
    """The rows of all pages of a table."""
    found: list[str] = []
    address = f"{path}?{urlencode(asked)}"
    for _ in range(50):
        page = await browser.get(address)
        assert page.status_code == 200, page.text
        found += Shown(page.text, "li" if path == "/" else "tr").rows
        following = re.search(r'href="([^"]+)" rel="next"', page.text)
        if following is None:
            return found
        address = following[1].replace("&amp;", "&")
    raise AssertionError(f"{path} never ends")


async def downloaded(browser: httpx.AsyncClient, path: str, **asked: str) -> list[dict[str, str]]:
    """The rows of the file that a page's link leads to."""
    page = await browser.get(f"{path}?{urlencode(asked)}")
    link = re.search(r'href="([^"]+format=csv[^"]*)" download', page.text)
    assert link is not None and "Download CSV" in page.text
    answer = await browser.get(link[1].replace("&amp;", "&"))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="[a-z]+\.csv"', answer.headers["content-disposition"])
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"))))


TABLES = {
    "/agreements": ("Agreement", "=Agreement 1", "with"),
    "/services": ("Service", "Outcome 1", "lost"),
    "/services/checkout": ("Promise", "-Target 1", "figure"),
    "/tickets": ("Ticket", "INC-1", "left"),
    "/customers": ("Company", "Corner Shop", "agreements"),
    "/": ("What", "+Promise 1", "what"),
}
"""Path → the title of the column that names a row, a text to filter by, a column to sort by."""


@pytest.mark.parametrize("path", TABLES)
@pytest.mark.parametrize("way", ["", "filtered", "sorted", "backwards"])
async def test_the_file_has_the_rows_of_all_pages(path: str, way: str) -> None:
    title, word, key = TABLES[path]
    asked = {"": {}, "filtered": {"q": word}, "sorted": {"sort": key}, "backwards": {"sort": f"-{key}", "q": word}}[way]
    async with browser_of(PagedApi(many())) as browser:
        shown, file = await rows_of(browser, path, **asked), await downloaded(browser, path, **asked)
    assert len(file) == len(shown) > 0
    for row, line in zip(shown, file, strict=True):
        name = line[title].removeprefix("'").split(": ")[0].split(" Service ")[0]
        assert name.split()[0] in row and name.split()[-1] in row, (row, line)
        if "q" in asked:
            assert any(word.casefold() in cell.casefold() for cell in line.values()), line


@pytest.mark.parametrize("path", TABLES)
async def test_more_rows_than_the_api_sends_at_once_are_all_there(path: str) -> None:
    async with browser_of(PagedApi(many())) as browser:
        file = await downloaded(browser, path)
    assert len(file) >= (MANY if path != "/customers" else 1)


async def test_no_cell_of_a_file_is_a_formula() -> None:
    cells = []
    async with browser_of(PagedApi(many())) as browser:
        for path in TABLES:
            cells += [cell for line in await downloaded(browser, path) for cell in line.values()]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert [cell for cell in cells if cell.startswith(("'+", "'-", "'@"))], "names like formulas are in the files"


def test_beginnings_of_formulas_get_an_apostrophe() -> None:
    cells = ["=1+1", "+1", "-1", "@a", " =1", "\t=1", "\r1", "safe", "5 - 3", "–", 'with "quotes", and comma']
    table = table_of([Column("text", "Text", lambda cell: str(cell))], cells, Wish())
    read = [row[0] for row in csv.reader(io.StringIO("".join(csv_lines(table)), newline=""))]
    assert read == ["Text", *(f"'{each}" for each in cells[:7]), *cells[7:]]


async def test_an_odd_address_shows_the_table_all_the_same() -> None:
    async with browser_of(PagedApi(many())) as browser:
        for odd in ("page=-1", "page=²", "page=99999999999", "sort=nothing", "sort=-", "format=xml", "q=%3Cimg%3E"):
            page = await browser.get(f"/agreements?{odd}")
            assert page.status_code == 200 and "<img>" not in page.text
        assert "Nothing has this text" in (await browser.get("/agreements?q=nowhere")).text


async def test_the_download_of_a_short_table_takes_no_line_above_it() -> None:
    link = "Download CSV"
    async with browser_of(StubApi(answers())) as browser:
        page = (await browser.get("/services")).text
        assert page.count(link) == 1 and page.index("</table>") < page.index(link)
        today = (await browser.get("/")).text
        head = re.search(r'<div class="bucket">.*?</div>', today, re.DOTALL)
        assert today.count(link) == 1 and head is not None and link in head[0], "on the line of the first heading"
        assert link not in (await browser.get("/agreements")).text, "an empty table has no download"
    async with browser_of(PagedApi(many())) as browser:
        page = (await browser.get("/services")).text
        assert page.count(link) == 1 and page.index(link) < page.index("<table"), "beside the filter"
