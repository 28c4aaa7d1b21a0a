"""Files that no single service can serve: the OpenAPI document of the product, and a page for each problem type.

If all services run in one process, the application in ``face`` serves both. If each service is a process of its own,
the gateway in front of them serves the files written here.
"""

from __future__ import annotations

import json
from pathlib import Path

from slm import openapi
from slm.contexts import CONTEXTS, problems_of
from slm_chassis.http import problem_pages

OPENAPI = "openapi.json"


def write_documents(folder: Path) -> None:
    """Write ``openapi.json`` and ``problems/<code>.html`` to the folder. Raises OSError."""
    for name, text in document_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def document_files() -> dict[str, str]:
    """Return the files to write as path in the folder → content."""
    whole = json.dumps(openapi.product_document(), ensure_ascii=False, separators=(",", ":"))
    types = {code: each for context in CONTEXTS for code, each in problems_of(context).items()}
    pages = {f"problems/{code}.html": problem_pages.render_problem_page(each) for code, each in sorted(types.items())}
    return {OPENAPI: whole, **pages}
