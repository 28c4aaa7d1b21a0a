"""What no single service can serve for all of them: the whole OpenAPI document, and a page for every type of problem.

In one process the face serves both. A gateway in front of four processes serves the files that are written here.
"""

from __future__ import annotations

import json
from pathlib import Path

from slm import openapi
from slm.contexts import CONTEXTS, problems_of
from slm_chassis.http import problem_pages

OPENAPI = "openapi.json"


def write(folder: Path) -> None:
    """Writes ``openapi.json`` and ``problems/<code>.html``. Raises OSError."""
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def files() -> dict[str, str]:
    """Path in the folder → content."""
    whole = json.dumps(openapi.document(), ensure_ascii=False, separators=(",", ":"))
    types = {code: each for context in CONTEXTS for code, each in problems_of(context).items()}
    pages = {f"problems/{code}.html": problem_pages.page(each) for code, each in sorted(types.items())}
    return {OPENAPI: whole, **pages}
