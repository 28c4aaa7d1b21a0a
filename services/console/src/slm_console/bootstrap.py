"""Construction of the console's application from its parts."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from slm_chassis.clock import Clock
from slm_console.api_client import Services
from slm_console.pages import (
    agreements,
    breaches,
    catalogue,
    companies,
    connections,
    guests,
    inviting,
    joining,
    maintenance,
    openid,
    preferences,
    reviews,
    search,
    services,
    show_me,
    sign_in,
    static,
    targets,
    tickets,
    today,
)
from slm_console.pages import (
    settings as settings_pages,
)
from slm_console.settings import ConsoleSettings
from slm_console.web import errors
from slm_console.web.guard import Guard
from slm_console.web.visit import CONSOLE_CLOCK, SERVICES, SETTINGS

ROUTERS: tuple[APIRouter, ...] = (
    static.router,
    sign_in.router,
    openid.router,
    joining.router,
    inviting.router,
    guests.router,
    preferences.router,
    today.router,
    catalogue.router,  # before the services, whose ids match every word
    services.router,
    targets.router,
    breaches.router,
    maintenance.router,
    search.router,
    agreements.router,
    tickets.router,
    reviews.router,
    companies.router,
    settings_pages.router,
    connections.router,
    show_me.router,
)


def build(settings: ConsoleSettings, clock: Clock) -> FastAPI:
    """Return the console's FastAPI application, which calls the services at the addresses in ``settings``.

    To use services of the same process instead, pass them to ``SERVICES.find(app).lend(apps)``.
    """
    app = FastAPI(title="Console", openapi_url=None, docs_url=None, redoc_url=None)
    SERVICES.put(app, Services(settings.addresses(), settings.api_seconds))
    CONSOLE_CLOCK.put(app, clock)
    SETTINGS.put(app, settings)
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Guard, prefix=settings.prefix)
    return app
