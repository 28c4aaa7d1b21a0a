"""The console with pseudo-translated texts, over an installation's API: what stays English, and what is cut off."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from string import ascii_letters
from typing import Any
from zoneinfo import available_timezones

import httpx
import uvicorn
from babel import Locale
from playwright.async_api import Page

from slm.contexts import CONTEXTS, document_of
from slm_chassis.clock import SystemClock
from slm_console import bootstrap
from slm_console.api_client import Services
from slm_console.settings import ConsoleSettings
from slm_console.web.locales import pseudo
from slm_console.web.visit import SERVICES
from tests.support.processes import free_port

_PLAIN = re.compile(f"[{''.join(each for each in ascii_letters if each not in pseudo(each))}]")
"""Letters that the pseudo-translation replaces: a word with one of them was not translated."""
_WORD = re.compile(r"[^\W\d_]+")

_TEXTS = """() => {
    // What names its own language is written by somebody else, such as the guide of a tool.
    const untranslated = 'script, style, textarea, pre, code, kbd, samp, datalist, body [lang]';
    const found = new Set([document.title]);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest(untranslated)) found.add(walker.currentNode.data);
    for (const name of ['title', 'aria-label', 'placeholder', 'alt', 'data-label'])
        for (const each of document.querySelectorAll(`[${name}]`)) found.add(each.getAttribute(name));
    return [...found].map(each => each.replace(/\\s+/g, ' ').trim()).filter(Boolean);
}"""

# Text that is hidden on purpose (for screen readers, in a closed dialog) has no place on the screen that could cut it.
_CUT_OFF = """() => {
    const kinds = 'a, button, .button, summary, label, th, td, dt, dd, h1, h2, h3, p, li, .mark, .word, option, legend';
    const isClipped = each => each.matches('.skip')
        || each.parentElement && (getComputedStyle(each).clipPath !== 'none' || isClipped(each.parentElement));
    const isShown = each => each.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && !isClipped(each) && each.getClientRects().length > 0;
    const isCut = each => {
        const style = getComputedStyle(each);
        if (style.textOverflow === 'ellipsis') return false;
        const hides = side => ['hidden', 'clip'].includes(style[`overflow${side}`]);
        return hides('X') && each.scrollWidth > each.clientWidth + 1
            || hides('Y') && each.scrollHeight > each.clientHeight + 2;
    };
    const leaves = each => {
        const box = each.getBoundingClientRect();
        for (let at = each.parentElement; at && at !== document.documentElement; at = at.parentElement) {
            const style = getComputedStyle(at), around = at.getBoundingClientRect();
            if (style.textOverflow === 'ellipsis' || ['auto', 'scroll'].includes(style.overflowX)) return false;
            if (['hidden', 'clip'].includes(style.overflowX) && box.right > around.right + 1) return true;
        }
        return false;
    };
    // A button's own border: its text may not stand outside of it.
    const spills = each => each.matches('button, .button, .tabs a, .rail .entry, .bottom-bar a')
        && each.scrollWidth > each.clientWidth + 1;
    return [...document.body.querySelectorAll(kinds)]
        .filter(each => each.textContent.trim() && isShown(each) && (isCut(each) || leaves(each) || spills(each)))
        .slice(0, 8)
        .map(each => `${each.tagName.toLowerCase()}.${each.className}: ${each.textContent.trim().slice(0, 60)}`);
}"""


@dataclass
class Said:
    """Every text in the answers of the API that a page may show untranslated: names, and what people wrote.

    ``words`` are what the API's documents enumerate and the names of its fields: a page has to say them in words.
    """

    words: frozenset[str]
    texts: set[str] = field(default_factory=set)

    def hear(self, answer: httpx.Response) -> None:
        """Add the texts of an answer."""
        if "json" in answer.headers.get("content-type", "") and answer.content:
            for each in _texts_in(answer.json()):
                if each not in self.words:
                    self.texts.update(_as_shown(each))

    def without(self, text: str) -> str:
        """Return what is left of a page's text without data."""
        for each in sorted((each for each in self.texts if each in text), key=len, reverse=True):
            text = re.sub(rf"(?<![^\W\d_]){re.escape(each)}(?![^\W\d_])", " ", text)
        return text


class OverheardServices(Services):
    """The services' clients, with everything that they answer."""

    said: Said

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await super().send(method, path, **more)
        self.said.hear(answer)
        return answer


def _texts_in(value: Any) -> Iterator[str]:
    """Every text in an answer, also the keys of objects: of a document's service hours they are names."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts_in(key)
            yield from _texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts_in(each)
    elif isinstance(value, str) and _PLAIN.search(value):
        yield value


def _as_shown(text: str) -> set[str]:
    """Return a text of an answer as pages show it: on one line, a key without its company, a state without ``_``."""
    line = " ".join(text.split()).rstrip(".")
    shown = {line, line.rpartition("/")[2], line.replace("_", " ")}
    return {each for line in shown for each in (line, line[:1].upper() + line[1:], line[:1].lower() + line[1:]) if each}


def api_words() -> frozenset[str]:
    """Return the values that the API enumerates, such as ``breached``, and the names of its fields."""
    return frozenset(word for context in CONTEXTS for word in _enumerated(document_of(context)))


def _enumerated(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (str(each) for each in value.get("enum", ()) if isinstance(value.get("enum"), list))
        if isinstance(value.get("const"), str):
            yield value["const"]
        if isinstance(value.get("properties"), Mapping):
            yield from value["properties"]
        for each in value.values():
            yield from _enumerated(each)
    elif isinstance(value, list):
        for each in value:
            yield from _enumerated(each)


def formatted_words() -> frozenset[str]:
    """Return the words that come from the reader's formats: months, days, time zones, currencies, lists."""
    locale = Locale("en", "GB")
    calendar = [
        name
        for names in (locale.months, locale.days)
        for widths in names.values()
        for width in ("wide", "abbreviated")
        for name in widths[width].values()
    ]
    zones = [part.replace("_", " ") for zone in available_timezones() for part in (zone, zone.rpartition("/")[2])]
    lists = [word for patterns in locale.list_patterns.values() for each in patterns.values() for word in each.split()]
    return frozenset([*calendar, *zones, *locale.currencies, *lists])


@dataclass
class Judge:
    """Tells what is not translated from what was said by the API or comes from a format."""

    said: Said
    formats: frozenset[str] = field(default_factory=formatted_words)

    def untranslated(self, texts: Iterable[str]) -> list[str]:
        """Return the texts with words that are not translated, each with these words."""
        found = []
        for text in texts:
            if left := self._left_of(text):
                found.append(f"{text[:120]!r}: {', '.join(left)}")
        return found

    def _left_of(self, text: str) -> list[str]:
        if not any(_PLAIN.search(word) for word in _WORD.findall(text)):
            return []
        left = self.said.without(text)
        return [word for word in _WORD.findall(left) if _PLAIN.search(word) and word not in self.formats]


@asynccontextmanager
async def console_over(url: str, said: Said) -> AsyncIterator[str]:
    """Serve a console of this process over the API at ``url``; yield its address. ``said`` hears every answer."""
    addresses: dict[str, Any] = {f"{context}_url": url for context in CONTEXTS}
    settings = ConsoleSettings(**addresses)
    console = bootstrap.build(settings, SystemClock())
    services = OverheardServices(settings.addresses(), 30.0)
    services.said = said
    SERVICES.put(console, services)
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(console, host="127.0.0.1", port=port, log_level="warning", lifespan="off", access_log=False)
    )
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not task.done()
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await task
        await services.close()


async def texts_of(page: Page) -> list[str]:
    """Return all texts of a page, visible or hidden, and those of attributes such as ``title`` and ``aria-label``."""
    found: list[str] = await page.evaluate(_TEXTS)
    return found


async def cut_off(page: Page) -> list[str]:
    """Return the elements whose text is cut off by their own or another element's edge."""
    found: list[str] = await page.evaluate(_CUT_OFF)
    return found
