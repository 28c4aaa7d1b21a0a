"""``/problems/{code}``: a page for each type of problem, with its cause and its remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from slm_chassis.http.problem_types import PREFIX, ProblemType
from slm_chassis.http.problems import not_found
from slm_chassis.http.reference import POLICY, STYLE

_CODE = re.compile(r"`([^`]+)`")
_DAY = "public, max-age=86400"


def router(types: Mapping[str, ProblemType]) -> APIRouter:
    """Return the pages of these types of problem. They need no key, because a problem's type is a public URL."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(PREFIX + "{code}")
    async def problem_page(code: str) -> HTMLResponse:
        if code not in types:
            raise not_found("type of problem", code)
        return HTMLResponse(
            render_problem_page(types[code]), headers={"Content-Security-Policy": POLICY, "Cache-Control": _DAY}
        )

    return routes


def render_problem_page(problem: ProblemType) -> str:
    """Return the page of one type of problem as HTML."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(problem.title)}</title><style>{STYLE}</style>"
        f"<h1>{escape(problem.title)}</h1><p><code>{escape(problem.uri)}</code>, HTTP status {problem.status}</p>"
        f"<h2>Cause</h2><p>{_prose(problem.cause)}</p><h2>Remedy</h2><p>{_prose(problem.remedy)}</p></html>"
    )


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
