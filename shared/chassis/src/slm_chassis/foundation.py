"""The parts that every service is built on: database, log, clock, access, metrics and limits."""

from __future__ import annotations

from dataclasses import dataclass, field

from slm_chassis.access_registry import AccessRegistry
from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_chassis.http.limits import Limits
from slm_chassis.log.port import EventLog
from slm_chassis.metrics import Metrics
from slm_chassis.openid.access_tokens import access_token_checker
from slm_chassis.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Foundation:
    """The parts that a service is built on. A service never closes ``log``: whoever opened the log closes it."""

    context: str
    database: Database
    log: EventLog
    clock: Clock
    access: AccessRegistry
    metrics: Metrics
    limits: Limits = field(default_factory=Limits)


async def open_foundation(
    context: str, settings: ServiceSettings, log: EventLog, clock: Clock, metrics: Metrics | None = None
) -> Foundation:
    """Open the parts that the settings describe, on a migrated database, and return them.

    ``metrics`` is None for a service that has only the metrics of every service. Raises OSError or DBAPIError if the
    database cannot be reached.
    """
    source = f"/slm/{settings.installation}/{context}"
    database = await Database.open(settings.database_url, clock=clock, source=source, pool_size=settings.pool_size)
    key = settings.bootstrap_key
    access = AccessRegistry(
        log,
        bootstrap_key=key.get_secret_value() if key else None,
        clock=clock,
        tokens=access_token_checker(settings, clock),
    )
    return Foundation(context, database, log, clock, access, metrics or Metrics(context), Limits.of(settings))
