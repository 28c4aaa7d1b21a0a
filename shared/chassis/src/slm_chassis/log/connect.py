"""Opening of the event log that a URL names: PostgreSQL, Kafka, or memory for tests."""

from __future__ import annotations

from slm_chassis.clock import Clock
from slm_chassis.log.kafka import KafkaEventLog
from slm_chassis.log.kafka_clients import KafkaSecurity
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import EventLog
from slm_chassis.log.postgres import PostgresEventLog


async def open_log(url: str, *, clock: Clock, client: str, security: KafkaSecurity | None = None) -> EventLog:
    """Open the event log at ``postgresql://…``, ``kafka://host:port[,host:port]`` or ``memory://``.

    ``client`` is the name under which the server lists the log's connections. ``security`` is used for Kafka only;
    if it is None, there is neither TLS nor a login. Raises ValueError for another scheme, and LogUnavailable.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "memory":
        return MemoryEventLog()
    if scheme in ("postgresql", "postgres"):
        return await PostgresEventLog.open(url, client=client)
    if scheme == "kafka":
        return await KafkaEventLog.open(rest.rstrip("/"), client=client, security=security or KafkaSecurity())
    raise ValueError(f"SLM_LOG is {url!r}; write postgresql://…, kafka://host:port or memory://")
