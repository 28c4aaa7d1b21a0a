"""Settings pages of the company's name and of the reader's preferences."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import RefusedRequest
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.locales import PSEUDO, languages
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()


@router.get("/settings")
async def show_company(visit: SignedIn) -> Response:
    """Show the reader's company; an operator sees all companies."""
    return await _company_page(visit, "")


@router.post("/settings/companies/{party_id}")
async def rename(visit: SignedIn, party_id: str, form: Fields) -> Response:
    """Change the name of a company."""
    name = form.text("name")
    try:
        await visit.api.change(
            f"/api/v1/parties/{party_id}",
            lambda party: {"name": name, "external_refs": party["external_refs"]},
        )
    except RefusedRequest as refused:
        return await _company_page(visit, str(refused))
    return go(visit, "/settings")


@router.get("/settings/preferences")
async def show_preferences(visit: SignedIn) -> Response:
    """Show the form with the reader's preferences: theme, shortcuts, language, time zone."""
    tags = sorted(languages())
    names = [(tag, (visit.reader.locale.languages.get(tag) or tag)) for tag in tags]
    model = {"tab": "preferences", "languages": names, "pseudo": PSEUDO, "zone": visit.reader.zone.key}
    return render(visit, "settings/preferences.html", model)


async def _company_page(visit: Visit, error: str) -> Response:
    parts = await visit.api.gather(**WHO, installation="/api/v1/installation")
    directory = directory_from(parts)
    is_operator = directory.has_role("operator")
    found = [each for each in parts["parties"].items if is_operator or each["party_id"] == directory.own]
    model = {
        "tab": "company",
        "companies": sorted(found, key=lambda each: str(each["name"]).casefold()),
        "may_rename": is_operator,
        "installation": parts["installation"].data or {},
        "part": parts["parties"],
        "error": error,
    }
    return render(visit, "settings/company.html", model, status=422 if error else 200)
