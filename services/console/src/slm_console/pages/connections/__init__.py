"""HTTP handlers of the Connections pages: sources, measurements, quarantine, imports, API keys, webhooks."""

from fastapi import APIRouter

from slm_console.pages.connections import aside, imports, keys, measurements, sources, unread, webhooks

router = APIRouter()
for module in (sources, measurements, aside, unread, imports, keys, webhooks):
    router.include_router(module.router)
