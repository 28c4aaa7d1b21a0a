"""axe-core on a page: the findings about accessibility that are serious or worse."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

FOLDER = Path(__file__).resolve().parent
SCRIPT = FOLDER / "node_modules/axe-core/axe.min.js"
_RUN = "() => axe.run(document, {resultTypes: ['violations'], preload: false})"
_SERIOUS = {"serious", "critical"}


class NoAxe(Exception):
    """axe-core is not installed; the text says how to install it."""


@cache
def script() -> str:
    """Return the text of axe-core, in the version that package-lock.json pins. Raises NoAxe."""
    if not SCRIPT.exists():
        raise NoAxe("axe-core is not installed: tools/setup-browser installs it with npm")
    return SCRIPT.read_text(encoding="utf-8")


async def serious(page: Page) -> list[str]:
    """Return one line for each serious finding: rule, what it means, and the first places. Raises NoAxe."""
    # Evaluated from outside, so that the page's content security policy does not refuse it.
    await page.evaluate(script())
    result: dict[str, Any] = await page.evaluate(_RUN)
    return [_line(found) for found in result["violations"] if found["impact"] in _SERIOUS]


def _line(found: dict[str, Any]) -> str:
    places = "; ".join(_place(node) for node in found["nodes"][:3])
    return f"{found['id']} ({found['impact']}), {len(found['nodes'])} times: {found['help']}: {places}"


def _place(node: dict[str, Any]) -> str:
    said = " ".join(check["message"] for check in node.get("any", [])[:1])
    return f"{' '.join(map(str, node['target']))} {said}".strip()
