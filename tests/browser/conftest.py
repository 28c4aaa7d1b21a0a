"""Fixtures of the browser tests: one browser, one installation with data, and pages that fail on any complaint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import chromium, watching
from tests.browser.journeys import Cost, check_waiting, table
from tests.browser.scenario import Scene, staged
from tests.browser.watching import Watch
from tests.support import real

Opening = Callable[..., AbstractAsyncContextManager[tuple[Page, Watch]]]
expect.set_options(timeout=watching.PATIENCE_SECONDS * 1000)
_COSTS = pytest.StashKey[list[Cost]]()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The session's browser."""
    try:
        chromium.executable()
    except chromium.NoBrowser as cause:
        real.unavailable("Chromium", cause)
    async with chromium.started() as started:
        yield started


@pytest.fixture(scope="session")
async def scene(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """The installation with data that the tests of pages share. They must not change what others look at."""
    async with staged(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture
def open_as(browser: Browser, scene: Scene) -> Opening:
    """Open a page as a person, ``async with open_as("ada") as (page, watch)``; ``""`` is nobody, or ``"operator"``."""

    def opened(who: str, **options: Any) -> AbstractAsyncContextManager[tuple[Page, Watch]]:
        known = {"": "", "operator": scene.world.operator_key}
        key = known[who] if who in known else scene.world.keys[who]
        return watching.opened(browser, scene.url, key=key, **options)

    return opened


@pytest.fixture
def costs(request: pytest.FixtureRequest) -> Iterator[list[Cost]]:
    """The costs of journeys, which are printed as a table at the end of the run.

    Those that a test adds are held to the longest waits, where ``SLM_JUDGE_WAITING=1`` wants that.
    """
    known = request.config.stash.setdefault(_COSTS, [])
    earlier = len(known)
    yield known
    for cost in known[earlier:]:
        check_waiting(cost)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what the journeys cost."""
    if known := config.stash.get(_COSTS, []):
        terminalreporter.section("journeys")
        terminalreporter.write_line(table(known))
