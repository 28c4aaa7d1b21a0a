"""HTTP handlers of the pages about agreements."""

from fastapi import APIRouter

from slm_console.pages.agreements import document, drafting, editing, ending, listing, negotiating, signing, tabs

router = APIRouter()
# Fixed paths first: "new" is no agreement's id.
for module in (listing, drafting, document, editing, ending, negotiating, signing, tabs):
    router.include_router(module.router)
