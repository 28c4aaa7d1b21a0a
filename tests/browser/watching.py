"""A page that remembers what went wrong in it: console errors, refused content, foreign requests, failed requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response

WIDTHS = {"phone": (360, 640), "tablet": (768, 1024), "desk": (1440, 900)}
"""Name → width and height in CSS pixels, the three sizes for which the console is made."""

STREAMS = ("/api/v1/stream", "/api/v1/figures/stream")
"""Ends of the addresses of event streams."""

SESSION_COOKIE = "slm_session"
TIME_ZONE = "Europe/Zurich"

PATIENCE_SECONDS = 30
"""How long a page may take to show what is expected. Generous, since the machine may be busy with other things."""

_CUT_BY_HTMX = ("htmx:sendAbort,", "htmx:afterRequest,", "htmx:abort,")
_REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', event =>
    console.error(`content security policy: ${event.violatedDirective} refused ${event.blockedURI}`));
"""

# A page without a scrolling part of its own must fit; tables that scroll inside their frame are allowed to be wider.
_SIDEWAYS = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const clipped = element => {
        for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
            if (getComputedStyle(at).overflowX !== 'visible') return true;
        return false;
    };
    return [...document.body.querySelectorAll('*')]
        .filter(each => each.getBoundingClientRect().right > width + 1 && !clipped(each))
        .slice(0, 5)
        .map(each => `${each.tagName.toLowerCase()}.${each.className} to ${each.getBoundingClientRect().right}`)
        .concat(`the page is ${document.documentElement.scrollWidth} wide`);
}"""


@dataclass
class Watch:
    """What went wrong in the pages of one context. ``expected`` are statuses that a test provokes on purpose.

    ``may_be_cut`` are ends of addresses whose answers a test cuts on purpose.
    """

    origin: str
    found: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    may_be_cut: tuple[str, ...] = ()
    transferred: dict[str, int] = field(default_factory=dict)
    """URL path of each script and style sheet → bytes of its body as sent."""

    def follow(self, context: BrowserContext) -> None:
        """Watch every page of a context, also those that open later."""
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.found.append(f"script error: {error.error}"))
        context.on("request", self._requested)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    def complaints(self) -> str:
        """Return everything that went wrong, with one fault on each line, and forget it."""
        text = "\n".join(self.found)
        self.found.clear()
        return text

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # Statuses are judged in _answered, which knows the expected ones and names the address. A request
        # that htmx cuts, because more was typed or the page was left, is none that failed.
        if "Failed to load resource" in message.text or message.text.startswith(_CUT_BY_HTMX):
            return
        self.found.append(f"console {message.type}: {message.text}")

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.found.append(f"foreign request: {request.url}")

    def _failed(self, request: Request) -> None:
        # An aborted request is a page left while something was loading, which is allowed.
        is_cut = urlsplit(request.url).path.endswith(self.may_be_cut) if self.may_be_cut else False
        if request.failure and "ERR_ABORTED" not in request.failure and not is_cut:
            self.found.append(f"failed request: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.found.append(f"status {response.status}: {response.request.method} {response.url}")
        if response.request.resource_type in ("script", "stylesheet"):
            self.transferred[urlsplit(response.url).path] = int(response.headers.get("content-length", 0))


@asynccontextmanager
async def opened(
    browser: Browser,
    url: str,
    *,
    key: str = "",
    size: str = "desk",
    dark: bool = False,
    scripts: bool = True,
    first_visit: bool = False,
    **options: Any,
) -> AsyncIterator[tuple[Page, Watch]]:
    """Open a page of an installation in a fresh context, signed in with ``key`` if given. Fails on complaints.

    ``size`` is a name of WIDTHS; ``first_visit``: the server does not know the browser's time zone yet.
    Time zone and language are fixed, so that texts are the same on every machine.
    """
    width, height = WIDTHS[size]
    context = await browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        locale="en-GB",
        timezone_id=TIME_ZONE,
        reduced_motion="reduce",
        has_touch=size == "phone",
        **options,
    )
    watch = Watch(url)
    try:
        if not first_visit:
            await _know_zone(context, url)
        if key:
            await sign_in_with(context, url, key)
        if scripts:
            await context.add_init_script(_REPORT_VIOLATIONS)
        watch.follow(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        yield page, watch
        complaints = watch.complaints()
        assert not complaints, complaints
    finally:
        await context.close()


async def _know_zone(context: BrowserContext, url: str) -> None:
    """Give a context the cookie of its time zone, so that the first page is not read twice."""
    await context.add_cookies([{"name": "slm_zone", "value": TIME_ZONE, "url": url}])


async def sign_in_with(context: BrowserContext, url: str, key: str) -> None:
    """Give a context the session cookie, as a sign-in would."""
    cookie = {"name": SESSION_COOKIE, "value": key, "url": url, "httpOnly": True, "sameSite": "Lax"}
    await context.add_cookies([cookie])  # type: ignore[list-item]


async def open_drawer(page: Page) -> Locator:
    """Show beside a target's page how its figure is worked out; return the drawer."""
    await page.get_by_role("link", name="How is this worked out?").last.click()
    await page.locator("#drawer .worked-out").wait_for()
    return page.locator("#drawer")


async def sideways(page: Page) -> list[str]:
    """Return the elements that make a page wider than its window; empty where nothing does."""
    found: list[str] = await page.evaluate(_SIDEWAYS)
    return found
