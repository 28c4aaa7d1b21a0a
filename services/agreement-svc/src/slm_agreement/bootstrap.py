"""The construction of agreement-svc from its parts: stores, workers, API routes and subscriptions."""

from __future__ import annotations

from typing import Any

from slm_agreement.adapters.argon2_passwords import Argon2Passwords
from slm_agreement.adapters.openid_connect import OpenIdConnect
from slm_agreement.adapters.smtp import MailSender
from slm_agreement.adapters.sql_ledger import SqlLedgerFactory
from slm_agreement.adapters.term_timer import TermTimer
from slm_agreement.api import (
    agreement_summaries,
    agreements,
    asked_backtests,
    audit_entries,
    chain_previews,
    comments,
    dependencies,
    guests,
    installation,
    invitations,
    me,
    moves,
    named_companies,
    oauth,
    openid_sessions,
    parties,
    party_summaries,
    people,
    principals,
    problems,
    recordings,
    relations,
    requirements,
    search,
    service_coverage,
    services,
    sessions,
    sign_in_links,
    term_checks,
)
from slm_agreement.api.document import DOCUMENT
from slm_agreement.application import announcing
from slm_agreement.application.access_tokens import TokenIssuer
from slm_agreement.domain.errors import Refusal
from slm_agreement.subscriptions import HANDLERS
from slm_chassis.app import ServiceApp
from slm_chassis.clock import Clock
from slm_chassis.foundation import open_foundation
from slm_chassis.http import dead_letter_routes, key_use_routes
from slm_chassis.http.api import build_api, openapi_of
from slm_chassis.http.problems import answer_refusals
from slm_chassis.identity import NAMESPACE, named_id
from slm_chassis.log.port import EventLog
from slm_chassis.outbox import OutboxRelay
from slm_chassis.settings import ServiceSettings
from slm_chassis.smtp import SmtpServer
from slm_chassis.subscriptions import Subscriptions
from slm_chassis.workers import Worker

CONTEXT = "agreement"
_TITLE = "Agreements: parties, catalogue, negotiation"
_ROUTERS = (
    *(
        each.router
        for each in (
            agreement_summaries,
            party_summaries,
            parties,
            named_companies,
            people,
            principals,
            invitations,
            sessions,
            sign_in_links,
            oauth,
            openid_sessions,
            guests,
            installation,
            me,
            relations,
            service_coverage,
            services,
            requirements,
            agreements,
            recordings,
            term_checks,
            asked_backtests,
            moves,
            comments,
            chain_previews,
            search,
            audit_entries,
        )
    ),
    dead_letter_routes.dead_letter_router(CONTEXT),
    key_use_routes.key_use_router(CONTEXT, "integrator", "service_level_manager", "auditor"),
)


async def build(settings: ServiceSettings, log: EventLog, clock: Clock) -> ServiceApp:
    """Return the agreement service, ready to start.

    The database is migrated first. Raises OSError if the database cannot be reached.
    """
    foundation = await open_foundation(CONTEXT, settings, log, clock)
    database = foundation.database
    ledgers = SqlLedgerFactory(
        database, foundation.access, named_id(NAMESPACE, "installation", settings.installation), settings.mails_to
    )
    await announcing.publish_known_people(ledgers)
    http = build_api(foundation, title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
    answer_refusals(http, Refusal, problems.problem_of)
    dependencies.LEDGERS.put(http, ledgers)
    dependencies.TOKEN_ISSUER.put(http, TokenIssuer(ledgers, foundation.access, clock))
    dependencies.PASSWORDS.put(http, Argon2Passwords())
    provider = OpenIdConnect(settings, settings.console_url) if settings.oidc_issuer else None
    dependencies.PROVIDER.put(http, provider)
    timer = TermTimer(ledgers)
    database.on_commit(timer.wake)
    workers: list[Worker] = [
        OutboxRelay(database, log),
        Subscriptions(f"slm-{CONTEXT}", database, log, HANDLERS),
        timer,
    ]
    if settings.smtp_url is not None:
        workers.append(MailSender(ledgers, SmtpServer(settings.smtp_url.get_secret_value(), settings.mail_from)))
    return ServiceApp(foundation, http, workers)


def document() -> dict[str, Any]:
    """Return the OpenAPI document of agreement-svc. Neither a database nor an event log is needed for it."""
    return openapi_of(title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
