"""HTTP handlers of the Connections pages: sources, measurements, facts and records set aside, imports, API keys."""

from fastapi import APIRouter

from slm_console.pages.connections import aside, imports, keys, measurements, sources, unread

router = APIRouter()
for module in (sources, measurements, aside, unread, imports, keys):
    router.include_router(module.router)
