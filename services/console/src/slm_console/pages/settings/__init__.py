"""HTTP handlers of the Settings pages: company, people, guest links, preferences, audit trail."""

from fastapi import APIRouter

from slm_console.pages.settings import audit_trail, company, guest_links, invitations, people

router = APIRouter()
for module in (company, people, invitations, guest_links, audit_trail):
    router.include_router(module.router)
