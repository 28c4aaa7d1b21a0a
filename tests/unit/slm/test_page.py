from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest
from fastapi import FastAPI

from slm import page


@pytest.fixture
async def answer() -> httpx.Response:
    api = FastAPI()
    api.include_router(page.router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://slm") as client:
        return await client.get("/")


def elements(text: str, name: str) -> list[str]:
    return re.findall(rf"<{name}(?: [^>]*)?>(.*?)</{name}>", text, re.DOTALL)


async def test_the_page_is_shown_without_a_key(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_the_policy_lets_exactly_its_own_script_and_styles_run(answer: httpx.Response) -> None:
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        text = elements(answer.text, element)[-1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert policy["connect-src"] == "'self'"


async def test_the_page_needs_nothing_from_elsewhere(answer: httpx.Response) -> None:
    assert set(re.findall(r"https?://[^'\"\s]+", answer.text)) == {"http://www.w3.org/2000/svg"}
    assert re.findall(r'(?:src|href)="(?!/|#|data:)', answer.text) == []


async def test_every_place_the_script_fills_is_on_the_page(answer: httpx.Response) -> None:
    script = elements(answer.text, "script")[-1]
    filled = set(re.findall(r'(?:byId|fill)\("([^"]+)"', script))
    filled |= {f"stage-{stage}" for stage in re.findall(r'stage\("([^"]+)"', script)}
    assert len(filled) > 10
    assert filled <= set(re.findall(r'id="([^"]+)"', answer.text))


async def test_the_script_never_sets_markup(answer: httpx.Response) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", elements(answer.text, "script")[-1]
    )


def test_every_event_of_a_stream_has_a_name_in_words() -> None:
    names = page.event_names()
    assert names["TargetBreached"] == "Target breached"
    assert "PrincipalEnrolled" not in names
