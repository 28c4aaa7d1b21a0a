"""The page "Show me": what it says of the history, and that it exists in a demonstration alone."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from slm_chassis.clock import SystemClock
from slm_console import bootstrap
from slm_console.api_client import DEMO
from slm_console.settings import ConsoleSettings
from slm_console.views import show_me
from slm_console.web.visit import SERVICES
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import READER
from tests.unit.console.stub_api import KEY, StubApi, console_over

TOLD: dict[str, Any] = {
    "progress": {"step": "complete", "sent": 9, "facts": 9, "now": "2026-11-30T10:00:00Z", "is_playing": False},
    "stories": [
        {"key": "breach", "title": "Away too long", "person": "iris", "path": "/breaches/7", "shows": "How <it> is."},
        {"key": "draft", "title": "A draft", "person": "ada", "path": None, "shows": "Not yet."},
    ],
    "people": [
        {"key": "ada", "name": "Ada", "company": "Alder", "company_is": "the provider", "does": "writes"},
        {"key": "iris", "name": "Iris", "company": "Shop", "company_is": "a customer", "does": "owns"},
    ],
}


@pytest.mark.parametrize(
    ("step", "sent", "said"),
    [
        ("signing", 0, "The agreements are being signed; the history comes after that."),
        ("history", 3, "The history still comes in: 33 % of it is here."),
        ("judging", 9, "The history is here and is being judged. Figures of past months come in a moment."),
        ("complete", 9, ""),
    ],
)
def test_it_says_how_far_the_history_is(step: str, sent: int, said: str) -> None:
    assert show_me.history_in_words(READER, {"step": step, "sent": sent, "facts": 9}) == said


async def page(lent: FastAPI | None) -> httpx.Response:
    console = bootstrap.build(ConsoleSettings(), SystemClock())
    if lent is not None:
        SERVICES.find(console).lend({DEMO: lent})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(console), base_url="http://slm") as browser:
        return await browser.get("/show-me")


async def test_without_a_demonstration_there_is_no_such_page() -> None:
    assert (await page(None)).status_code == 404


async def test_each_story_opens_as_its_person_once_its_place_is_there() -> None:
    demo = FastAPI()
    demo.get("/demo/stories")(lambda: TOLD)
    shown = await page(demo)
    assert shown.status_code == 200
    assert re.findall(r'name="person" value="(\w+)"', shown.text) == ["iris", "ada", "iris"]
    assert 'name="next" value="/breaches/7"' in shown.text
    assert "How &lt;it&gt; is." in shown.text
    assert "This part of the history is not here yet." in shown.text


@pytest.mark.parametrize("is_lent", [True, False])
async def test_the_rail_leads_there_only_in_a_demonstration(is_lent: bool) -> None:
    console = console_over(StubApi(answers()))
    if is_lent:
        SERVICES.find(console).lend({DEMO: FastAPI()})
    cookies = {"slm_session": KEY, "slm_zone": "Europe/Zurich"}
    transport = httpx.ASGITransport(console)
    async with httpx.AsyncClient(transport=transport, base_url="http://slm", cookies=cookies) as browser:
        shown = await browser.get("/")
    assert shown.status_code == 200 and ('href="/show-me"' in shown.text) == is_lent
