"""The one page for people."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front() -> HTMLResponse:
    return HTMLResponse('<!doctype html><title>slm</title><p><a href="/docs">API documentation</a>')
