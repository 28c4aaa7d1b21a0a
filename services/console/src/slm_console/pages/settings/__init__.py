"""HTTP handlers of the Settings pages: company, people, guest links, preferences, mails, audit trail."""

from fastapi import APIRouter

from slm_console.pages.settings import audit_trail, company, guest_links, invitations, mails, people

router = APIRouter()
for module in (company, people, invitations, guest_links, mails, audit_trail):
    router.include_router(module.router)
