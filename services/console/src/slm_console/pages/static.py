"""Static files under addresses with a hash of their content, so that browsers may cache them for ever."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from slm_console.web.rendering import fingerprint

router = APIRouter()
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_STATIC = files("slm_console") / "static"


@router.get("/static/{mark}/{name}")
async def static_file(mark: str, name: str) -> Response:
    """Return a static file; 404 if ``mark`` is not the hash of its present content."""
    kind = KINDS.get(name.rpartition(".")[2])
    if kind is None or "/" in name or not (_STATIC / name).is_file() or mark != fingerprint(name):
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response((_STATIC / name).read_bytes(), media_type=kind, headers=headers)
