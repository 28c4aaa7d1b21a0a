"""Every page in the pseudo-language, 40 % longer: nothing stays English, is cut off or scrolls sideways."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser

from slm_console.web.locales import LANGUAGE, PSEUDO, pseudo
from tests.browser import watching
from tests.browser.addresses import NAMES, addresses
from tests.browser.pseudo import Judge, Said, api_words, console_over, cut_off, texts_of
from tests.browser.scenario import Scene
from tests.browser.watching import WIDTHS, sideways


@pytest.fixture(scope="module")
async def judge() -> Judge:
    return Judge(Said(api_words()))


@pytest.fixture(scope="module")
async def address(scene: Scene, judge: Judge) -> AsyncIterator[str]:
    """A console of this process: the test hears from it which texts are data."""
    async with console_over(scene.url, judge.said) as url:
        yield url


async def test_no_page_has_english_texts_or_breaks_at_three_widths(
    browser: Browser, scene: Scene, address: str, judge: Judge
) -> None:
    known = await addresses(scene)
    keys = {"": "", "operator": scene.world.operator_key, **scene.world.keys}
    english: dict[str, list[str]] = {}
    broken: dict[str, list[str]] = {}
    for who in {each.who for each in known.values()}:
        async with watching.opened(browser, address, key=keys[who]) as (page, watch):
            # The stream of events is the API's, which this address does not have.
            watch.expected.add(404)
            await page.context.add_cookies([{"name": LANGUAGE, "value": PSEUDO, "url": address}])
            for name in [name for name in NAMES if known[name].who == who]:
                answer = await page.goto(known[name].path)
                assert answer is not None and answer.ok, name
                if found := judge.untranslated(await texts_of(page)):
                    english[name] = found
                for size, (width, height) in WIDTHS.items():
                    await page.set_viewport_size({"width": width, "height": height})
                    if found := [*await sideways(page), *await cut_off(page)]:
                        broken[f"{name} on a {size}"] = found
    assert (english, broken) == ({}, {})


def test_a_text_that_is_no_data_is_found() -> None:
    said = Said(frozenset({"breached", "state"}))
    said.hear(httpx.Response(200, json={"name": "Corner Shop Group", "state": "breached"}))
    judge = Judge(said, frozenset({"November"}))
    data = [pseudo("Agreement with") + " Corner Shop Group", "November 2026", "99.9046 %", "P1"]
    assert judge.untranslated(data) == []
    assert judge.untranslated(["Agreement with Corner Shop Group", "breached"]) == [
        "'Agreement with Corner Shop Group': Agreement, with",
        "'breached': breached",
    ]
    assert judge.untranslated([pseudo("Agreement") + " with"]) == [f"{pseudo('Agreement') + ' with'!r}: with"]
