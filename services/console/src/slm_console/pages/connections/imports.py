"""Pages of history imports: the list, one import with its effect, and the handlers that complete or end an import."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, Whole
from slm_console.views.connections.aside import import_line
from slm_console.web.connections import listing, may_connect, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn

router = APIRouter()
_IMPORTS = "/api/v1/imports"
_COMMAND = "slm import tickets tickets.csv --mapping mapping.yaml --url {address} --key slm_… --dry-run"


@router.get("/connections/imports")
async def list_imports(visit: SignedIn) -> Response:
    """List the imports, the latest first, with the command that starts one."""
    parts = await visit.api.gather(**WHO, imports=(_IMPORTS, listing(visit)))
    directory = directory_from(parts)
    lines = [import_line(visit.reader, directory, each) for each in parts["imports"].items]
    base = visit.request.base_url
    command = _COMMAND.format(address=f"{base.scheme}://{base.netloc}")
    model = {**shell(directory, "imports", parts["imports"]), "lines": lines, "command": command}
    model["may_import"] = may_connect(directory)
    return render(visit, "connections/imports.html", model)


@router.get("/connections/imports/{import_id}")
async def show_import(visit: SignedIn, import_id: str) -> Response:
    """Show an import, and what it changed in each agreement."""
    found = await visit.api.known(f"{_IMPORTS}/{import_id}")
    parts = await visit.api.gather(**WHO, agreements=Whole("/api/v1/agreements", {"limit": "500"}))
    directory = directory_from(parts)
    titles = {str(each["agreement_id"]): str(each["title"]) for each in parts["agreements"].items}
    model = {
        **shell(directory, "imports", Part(found)),
        "line": import_line(visit.reader, directory, found),
        "changed": [
            {**each, "title": titles.get(str(each["agreement_id"]), str(each["agreement_id"]))}
            for each in found["agreements"]
        ],
    }
    return render(visit, "connections/import.html", model)


@router.post("/connections/imports/{import_id}/complete")
async def complete(visit: SignedIn, import_id: str, form: Fields) -> Response:
    """Complete an import: all of its facts were sent, and they are evaluated now."""
    await visit.api.post(f"{_IMPORTS}/{import_id}/complete")
    return go(visit, f"/connections/imports/{import_id}")


@router.post("/connections/imports/{import_id}/give-up")
async def give_up(visit: SignedIn, import_id: str, form: Fields) -> Response:
    """End an import early: the facts received so far are evaluated, and nothing waits for further ones."""
    await visit.api.delete(f"{_IMPORTS}/{import_id}")
    return go(visit, f"/connections/imports/{import_id}")
