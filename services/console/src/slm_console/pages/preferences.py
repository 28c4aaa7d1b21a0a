"""Pages of a reader's preferences (theme, language, time zone, shortcuts), the company scope, and the phone's menu."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.locales import LANGUAGE, PSEUDO, ZONE, languages, zone_of
from slm_console.web.rendering import KEYBOARD, THEME, render
from slm_console.web.visit import AnyVisit, SignedIn, safe_next

router = APIRouter()


@router.get("/scope")
async def choose_scope(visit: SignedIn) -> Response:
    """List the companies to which the pages can be narrowed."""
    parts = await visit.api.gather(**WHO)
    directory = directory_from(parts)
    companies = sorted((name, party_id) for party_id, name in directory.parties.items() if party_id != directory.own)
    back = safe_next(visit.request.query_params.get("next", "/")).partition("?")[0]
    return render(visit, "scope.html", {"companies": companies, "back": back})


@router.get("/more")
async def more(visit: SignedIn) -> Response:
    """Show the phone's menu: who is signed in, the areas that the bottom bar leaves out, the theme and the sign-out."""
    await visit.api.gather(me=WHO["me"])
    return render(visit, "more.html")


_YEAR = 365 * 86_400


@router.post("/preferences")
async def prefer(visit: AnyVisit, form: Fields) -> Response:
    """Store the chosen preferences in cookies, which do not identify the reader."""
    answer = go(visit, form.next)
    known = {
        THEME: {"light", "dark"},
        KEYBOARD: {"on", "off"},
        LANGUAGE: {*languages(), PSEUDO},
    }
    chosen = {
        name: value
        for name, field in ((THEME, "theme"), (KEYBOARD, "keyboard"), (LANGUAGE, "language"))
        if (value := form.text(field)) in known[name]
    }
    if zone_of(form.text("zone")) is not None:
        chosen[ZONE] = form.text("zone")
    for name, value in chosen.items():
        answer.set_cookie(name, value, max_age=_YEAR, path=visit.prefix or "/", samesite="lax")
    return answer
