"""The demonstration's page "Show me": its stories, the people to sign in as, and a button that plays the next hour.

These pages answer 404 unless a demonstration runs.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Api
from slm_console.pages import sign_in
from slm_console.views import show_me
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import AnyVisit, Visit

router = APIRouter()
_SESSIONS = "/api/v1/sessions"


@router.get("/show-me")
async def show_stories(visit: AnyVisit) -> Response:
    """Show the stories and the people of the demonstration, also to somebody who has not signed in."""
    told = await visit.api.get("/demo/stories")
    return render(visit, "show_me/stories.html", show_me.page(visit.reader, told))


@router.post("/show-me/play")
async def play_next_hour(visit: AnyVisit, form: Fields) -> Response:
    """Play the next hour of the demonstration's events within a minute."""
    await visit.api.post("/demo/play", {})
    return go(visit, form.next)


@router.post("/show-me/be")
async def be_somebody(visit: AnyVisit, form: Fields) -> Response:
    """Sign in as a person of the demonstration and go to the page of a story."""
    link = await visit.api.post("/demo/sign-in-links", {"person": form.text("person")})
    return await _begin(visit, str(link["code"]), form.next)


async def _begin(visit: Visit, code: str, back: str) -> Response:
    """Exchange a sign-in code for a new session; the key of the browser's present session is not sent along."""
    client = sign_in.browser_in_words(visit.request.headers.get("user-agent", ""))
    body: dict[str, Any] = {"code": code, "client": client}
    session = await Api(visit.api.services, "", visit.api.now).post(_SESSIONS, body)
    answer = go(visit, back)
    sign_in.keep(visit, answer, session)
    return answer
