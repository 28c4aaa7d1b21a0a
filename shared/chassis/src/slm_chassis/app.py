"""A running service: its API, workers and connections, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from slm_chassis import logs, startup, tracing
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.addresses import hide_password
from slm_chassis.clock import Clock, parse_clock
from slm_chassis.database import Database
from slm_chassis.foundation import Foundation
from slm_chassis.http.connections import OpenConnections, protocol_factory
from slm_chassis.http.health import READINESS
from slm_chassis.http.limits import Limits
from slm_chassis.http.parts import KEY_USES, STREAMS
from slm_chassis.http.peers import Peer
from slm_chassis.key_uses import KeyUseWriter
from slm_chassis.log.connect import open_log
from slm_chassis.log.kafka_clients import KafkaSecurity
from slm_chassis.log.port import EventLog, LogError, TopicSpec
from slm_chassis.migrations import DatabaseTooNew, migrate
from slm_chassis.settings import ServiceSettings, Settings, service_settings
from slm_chassis.startup import StartupFailed, require_free_port, retry_until_reachable
from slm_chassis.workers import Supervisor, Worker
from slm_events.catalogue import TOPICS

GONE_MILLISECONDS = 60_000
"""How long a client may leave data unacknowledged before its connection is closed."""
_OTHER_FILES = 512
"""How many open files a process needs in addition to its connections."""
_TICKS_A_SECOND = 10
"""How many times a second uvicorn calls ``on_tick``."""
_logger = structlog.get_logger(__name__)


@dataclass
class ServiceApp:
    """One service that has been built: its parts, HTTP application and workers. ``start`` and ``stop`` run it."""

    foundation: Foundation
    http: FastAPI
    workers: list[Worker]
    peers: Sequence[Peer] = ()
    """The other services whose API this one reads."""
    _supervisor: Supervisor = field(init=False, repr=False)

    @property
    def context(self) -> str:
        """The service's short name, such as ``monitor``."""
        return self.foundation.context

    @property
    def database(self) -> Database:
        """The service's database."""
        return self.foundation.database

    @property
    def access(self) -> AccessRegistry:
        """The principals and keys that the service knows."""
        return self.foundation.access

    @property
    def log(self) -> EventLog:
        """The log that the service reads and writes."""
        return self.foundation.log

    def __post_init__(self) -> None:
        uses = KeyUseWriter(self.database, KEY_USES.find(self.http))
        self._supervisor = Supervisor([self.access, uses, *self.workers], self.database.clock)
        READINESS.find(self.http).append(self._supervisor.healthy)

    async def start(self) -> None:
        """Start the workers and return at once. ``/readyz`` answers 200 as soon as the service is ready."""
        self._supervisor.start()

    async def stop(self) -> None:
        """Stop the workers, then close the connections to other services and the database.

        Unfinished work continues at the next start.
        """
        self.end_streams()
        await self._supervisor.stop()
        for peer in self.peers:
            await peer.close()
        await self.database.close()

    def end_streams(self) -> None:
        """End all open event streams, which have no end of their own, so that the server can stop."""
        STREAMS.find(self.http).end()


class BuildFunction(Protocol):
    """The type of a service's ``bootstrap.build``, which builds the service from its settings and the shared parts."""

    def __call__(self, settings: ServiceSettings, log: EventLog, clock: Clock) -> Awaitable[ServiceApp]: ...


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would raise the signal again and so end the process before
    connections are closed.
    """

    def __init__(self, config: uvicorn.Config, watch: OpenConnections) -> None:
        super().__init__(config)
        self._watch = watch

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            self._watch.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address at which a process serves HTTP, its limits, and how long it waits for running requests when it stops.

    Port 0 means any free port.
    """

    host: str
    port: int
    limits: Limits = field(default_factory=Limits)
    graceful_seconds: int = 8


async def serve(
    apps: Sequence[ServiceApp], http: ASGIApp, endpoint: Endpoint, *, started: Callable[[int], None] = lambda port: None
) -> None:
    """Start the apps and serve until SIGTERM or SIGINT; then end streams, requests and workers in this order.

    ``started`` is called with the port. Raises OSError if the port is taken.
    """
    _allow_files(endpoint.limits.max_connections)
    server = _server(http, endpoint)

    def leave() -> None:
        # A second signal ends the requests that are still running.
        server.force_exit = server.should_exit
        server.should_exit = True
        for app in apps:
            app.end_streams()

    try:
        # Before the signal handlers: a service that cannot listen must not replace those of another one.
        listener = _listen(endpoint.host, endpoint.port)
    except OSError:
        await asyncio.gather(*(app.stop() for app in apps))
        raise
    with _signals(leave):
        try:
            for app in apps:
                await app.start()
            started(listener.getsockname()[1])
            await server.serve([listener])
        finally:
            # If serving was cancelled, uvicorn has not closed its listening sockets.
            for listening in getattr(server, "servers", []):
                listening.close()
            await asyncio.gather(*(app.stop() for app in apps))


def _server(http: ASGIApp, endpoint: Endpoint) -> _Server:
    limits = endpoint.limits
    watch = OpenConnections(limits)
    config = uvicorn.Config(
        http,
        endpoint.host,
        endpoint.port,
        loop="uvloop",
        http=protocol_factory(watch),  # type: ignore[arg-type]
        ws="none",
        timeout_keep_alive=limits.idle_seconds,
        proxy_headers=bool(limits.trusted_proxies),
        forwarded_allow_ips=limits.trusted_proxies or None,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=endpoint.graceful_seconds,
    )
    return _Server(config, watch)


def _allow_files(connections: int) -> None:
    """Raise the process's limit of open files to what the connections need, as far as the system allows.

    The usual limit of 1,024 files is too low for many connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        if raised < wanted:
            _logger.warning("too few open files allowed", allowed=raised, wanted=wanted, remedy="raise ulimit -n")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2_048)
    listener.setblocking(False)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections inherit it. A client that acknowledges nothing for so long is gone; its memory is freed.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MILLISECONDS)
    return listener


@contextlib.contextmanager
def _signals(leave: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    handled = (signal.SIGTERM, signal.SIGINT)
    for number in handled:
        loop.add_signal_handler(number, leave)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def topic_specs(partitions: int) -> list[TopicSpec]:
    """Return the specification of every topic of the event catalogue, each with this number of partitions."""
    return [TopicSpec(topic.name, partitions, topic.compacted, topic.retention_days) for topic in TOPICS.values()]


async def connect_log(settings: Settings, clock: Clock, client: str) -> EventLog:
    """Open the installation's log, create missing topics and wait for its server; raises StartupFailed."""
    url = settings.address(settings.log)

    async def attempt() -> EventLog:
        log = await open_log(url, clock=clock, client=client, security=kafka_security(settings))
        try:
            await log.ensure_topics(topic_specs(settings.partitions))
        except BaseException:
            await log.close()
            raise
        return log

    return await retry_until_reachable(
        f"the log (SLM_LOG, {hide_password(url)})", attempt, seconds=settings.start_seconds
    )


def kafka_security(settings: Settings) -> KafkaSecurity:
    """Return how to connect to the Kafka brokers, from the settings."""
    password = settings.kafka_password.get_secret_value() if settings.kafka_password else ""
    return KafkaSecurity(
        tls=settings.kafka_tls,
        root_certificate=settings.kafka_root_certificate,
        certificate=settings.kafka_certificate,
        certificate_key=settings.kafka_certificate_key,
        sasl=settings.kafka_sasl,
        user=settings.kafka_user,
        password=password,
    )


async def run_service(settings: ServiceSettings, build: BuildFunction) -> None:
    """Run one service alone: wait for database and log, migrate, serve until stopped. Raises StartupFailed."""
    context = settings.context
    own = f"SLM_{context.upper()}"
    missing = [
        name for name, url in ((f"{own}_DATABASE_URL", settings.database_url), ("SLM_LOG", settings.log)) if not url
    ]
    if missing:
        raise StartupFailed(f"set {' and '.join(missing)}: the addresses of this service's database and of the log")
    require_free_port(settings.host, settings.port, f"{own}_HOST and {own}_PORT")
    clock = parse_clock(settings.clock)
    url = settings.address(settings.database_url)
    settings = settings.model_copy(update={"database_url": url})
    database = f"{context}-svc's database ({own}_DATABASE_URL, {hide_password(url)})"
    await retry_until_reachable(database, lambda: migrate(url, f"slm_{context}"), seconds=settings.start_seconds)
    log = await connect_log(settings, clock, f"slm-{context}")
    try:
        app = await retry_until_reachable(database, lambda: build(settings, log, clock), seconds=settings.start_seconds)

        def say(port: int) -> None:
            _logger.info("serving", context=context, host=settings.host, port=port)

        endpoint = Endpoint(settings.host, settings.port, Limits.of(settings), settings.graceful_seconds)
        await serve([app], app.http, endpoint, started=say)
    finally:
        await log.close()


def main(context: str, build: BuildFunction, settings: Callable[[], ServiceSettings] | None = None) -> None:
    """Run one service as the program ``python -m slm_<context>``.

    ``settings`` is the service's own settings class if it has one.
    """
    kind = settings if isinstance(settings, type) else ServiceSettings
    try:
        given = startup.read_settings(settings or (lambda: service_settings(context)), kind)
        logs.configure_logs(given.log_level)
        tracing.configure_tracing(context)
        startup.warn_of_misspelled_variables(given.variables())
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(run_service(given, build))
    except (StartupFailed, DatabaseTooNew, LogError, ValueError) as failed:
        raise SystemExit(f"slm_{context}: {failed}") from None


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()
