"""The construction of notification-svc from its settings, the event log and a clock."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from slm_chassis.app import ServiceApp
from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_chassis.foundation import open_foundation
from slm_chassis.http import dead_letter_routes, key_use_routes
from slm_chassis.http.api import build_api, openapi_of
from slm_chassis.http.peers import Peer
from slm_chassis.http.problems import answer_refusals
from slm_chassis.identity import new_id
from slm_chassis.lag import LagMeter
from slm_chassis.log.port import EventLog
from slm_chassis.outbox import OutboxRelay
from slm_chassis.outgoing import AddressRules, Resolve, parse_networks, system_resolve
from slm_chassis.reading_tokens import AnnouncedSigner
from slm_chassis.settings import ServiceSettings
from slm_chassis.smtp import SmtpServer
from slm_chassis.subscriptions import Subscriptions, topics_of
from slm_chassis.workers import Worker
from slm_events.access_tokens import TokenKeyAnnounced
from slm_mappings.connectors import SHIPPED, read_connectors
from slm_notification.adapters.product_answers import Peers, ProductAnswers
from slm_notification.adapters.reading_links import AgreementReadingLinks
from slm_notification.adapters.sql_desk import SqlNotificationDesk
from slm_notification.adapters.sql_mails import SqlMailDesk
from slm_notification.adapters.sql_weeks import SqlWeekDesk
from slm_notification.adapters.sql_writing import SqlWriterDesk
from slm_notification.adapters.tool_courier import HttpToolCourier
from slm_notification.adapters.web_courier import WebCourier
from slm_notification.api import (
    dependencies,
    mail_deliveries,
    preferences,
    problems,
    ticket_tools,
    ticket_writers,
    webhook_deliveries,
    webhook_endpoints,
)
from slm_notification.api.document import DOCUMENT
from slm_notification.application.mail_sending import NotificationMailer
from slm_notification.application.sending import WebhookSender
from slm_notification.application.ticket_sending import TicketWriterWorker
from slm_notification.application.ticket_writing import WriterOffice
from slm_notification.application.webhooks import WebhookOffice
from slm_notification.application.week_writing import WeekWriter
from slm_notification.domain.errors import Refusal
from slm_notification.settings import NotificationSettings
from slm_notification.subscriptions import EVENTS, projection

CONTEXT = "notification"
GROUP = "slm-notification"
RECORDS_AT_ONCE = 2_000
"""The most events of a partition that are handled in one transaction."""
_TITLE = "Notifications"
_ROUTERS = (
    webhook_endpoints.router,
    webhook_deliveries.router,
    mail_deliveries.router,
    preferences.router,
    ticket_writers.router,
    ticket_writers.writes_router,
    ticket_tools.router,
    dead_letter_routes.dead_letter_router(CONTEXT),
    key_use_routes.key_use_router(CONTEXT, "integrator", "service_level_manager", "auditor"),
)


async def build(
    settings: ServiceSettings, log: EventLog, clock: Clock, *, resolve: Resolve = system_resolve
) -> ServiceApp:
    """Migrate the database and return the service, not started; raises OSError or DBAPIError if the database cannot be
    reached. ``resolve`` finds the addresses of host names.
    """
    foundation = await open_foundation(CONTEXT, settings, log, clock)
    database = foundation.database
    own = settings if isinstance(settings, NotificationSettings) else NotificationSettings(**settings.model_dump())
    http = build_api(foundation, title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
    answer_refusals(http, Refusal, problems.problem_of)
    limits = own.sending_limits()
    rules = AddressRules(parse_networks(own.allowed_networks), "SLM_NOTIFICATION_ALLOWED_NETWORKS")
    desk = SqlNotificationDesk(database, own.parallel, own.repeat_microseconds)
    courier = WebCourier(rules, limits.attempt_seconds, resolve=resolve, console_url=own.console_url)
    dependencies.OFFICE.put(http, WebhookOffice(desk, courier, new_id, secrets.token_bytes, database.source))
    rules_of_mails = own.mail_rules()
    mail_age = None if own.smtp_url is None else rules_of_mails.give_up_after
    heard = projection(limits.keep_microseconds, mail_age)
    mails = SqlMailDesk(database)
    dependencies.PREFERENCES.put(http, mails)
    folders = [SHIPPED] if own.connectors is None else [SHIPPED, own.connectors]
    tools = HttpToolCourier(rules, limits.attempt_seconds, resolve=resolve)
    writers = WriterOffice(SqlWriterDesk(database), tools, new_id, read_connectors(*folders))
    dependencies.WRITERS.put(http, writers)
    sender = WebhookSender(desk, courier, own.retry_rules(), limits)
    subscriptions = Subscriptions(GROUP, database, log, heard, max_records=RECORDS_AT_ONCE)
    lag = LagMeter(GROUP, database, log, topics_of(EVENTS), foundation.metrics)
    writer = TicketWriterWorker(writers, own.retry_rules(), own.writing_limits())
    subscriptions.listeners += [sender.wake, writer.wake, lag.wake]
    workers: list[Worker] = [
        OutboxRelay(database, log),
        subscriptions,
        lag,
        sender,
        writer,
    ]
    peers = Peers(
        Peer("agreement", own.agreement_url, setting="SLM_NOTIFICATION_AGREEMENT_URL"),
        Peer("monitor", own.monitor_url, setting="SLM_NOTIFICATION_MONITOR_URL"),
        Peer("review", own.review_url, setting="SLM_NOTIFICATION_REVIEW_URL"),
    )
    if own.smtp_url is not None:
        server = SmtpServer(own.smtp_url.get_secret_value(), own.mail_from, own.mail_reply_seconds)
        signer = AnnouncedSigner(_publisher(database), foundation.access, clock)
        links = AgreementReadingLinks(peers.agreement, signer)
        workers.append(NotificationMailer(mails, server, links, rules_of_mails, own.mail_limits()))
        workers.append(WeekWriter(SqlWeekDesk(database), ProductAnswers(peers, signer)))
    return ServiceApp(foundation, http, workers, [peers.agreement, peers.monitor, peers.review])


def _publisher(database: Database) -> Callable[[TokenKeyAnnounced], Awaitable[None]]:
    async def publish(announced: TokenKeyAnnounced) -> None:
        async with database.begin() as transaction:
            transaction.publish(announced)

    return publish


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the service. It needs neither a database nor a log."""
    return openapi_of(title=_TITLE, routers=_ROUTERS, documentation=DOCUMENT)
