"""The Kafka clients of one process: made at first use, closed after a fault, and made again."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, errors
from aiokafka.admin import AIOKafkaAdminClient

from slm_chassis.log.kafka_errors import translate_kafka_errors

MAX_RECORD_BYTES = 16 << 20
BATCH_BYTES = 1 << 20
REQUEST_MILLISECONDS = 10_000
START_SECONDS = 15.0
STOP_SECONDS = 5.0

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class KafkaSecurity:
    """How to connect to the brokers: with or without TLS, with or without a login."""

    tls: bool = False
    root_certificate: Path | None = None
    """File of the authority that signs the brokers' certificates. None means the authorities that the machine trusts.
    """
    certificate: Path | None = None
    certificate_key: Path | None = None
    sasl: str = ""
    """``PLAIN``, ``SCRAM-SHA-256`` or ``SCRAM-SHA-512``; empty for no login."""
    user: str = ""
    password: str = field(default="", repr=False)

    def options(self) -> dict[str, object]:
        """Return the security arguments for any aiokafka client; raises ValueError if the settings contradict each
        other.
        """
        if self.sasl and not (self.user and self.password):
            raise ValueError("SLM_KAFKA_SASL needs SLM_KAFKA_USER and SLM_KAFKA_PASSWORD; set both")
        if not self.sasl and (self.user or self.password):
            raise ValueError("SLM_KAFKA_USER is set without SLM_KAFKA_SASL; set PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
        if self.root_certificate and not self.tls:
            raise ValueError("SLM_KAFKA_ROOT_CERTIFICATE is set without SLM_KAFKA_TLS; set SLM_KAFKA_TLS=true")
        found: dict[str, object] = {
            "security_protocol": ("SASL_" if self.sasl else "") + ("SSL" if self.tls else "PLAINTEXT")
        }
        if self.tls:
            found["ssl_context"] = self._context()
        if self.sasl:
            found |= {
                "sasl_mechanism": self.sasl,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return found

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.root_certificate)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.certificate_key)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"the certificates that SLM_KAFKA_… name cannot be used: {error}") from error
        return context


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """The brokers' addresses, the client name that the brokers see, and the security options."""

    servers: str
    client: str
    security: Mapping[str, object] = field(default_factory=dict)

    def producer(self) -> AIOKafkaProducer:
        """Return a new aiokafka producer, not started yet."""
        return AIOKafkaProducer(
            bootstrap_servers=self.servers,
            client_id=self.client,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_RECORD_BYTES,
            request_timeout_ms=REQUEST_MILLISECONDS,
            **self.security,
        )

    def admin(self) -> AIOKafkaAdminClient:
        """Return a new aiokafka admin client, not started yet."""
        return AIOKafkaAdminClient(
            bootstrap_servers=self.servers,
            client_id=self.client,
            request_timeout_ms=REQUEST_MILLISECONDS,
            **self.security,
        )

    def consumer(self, **settings: object) -> AIOKafkaConsumer:
        """Return a new aiokafka consumer, not started yet; ``settings`` are further arguments of aiokafka."""
        return AIOKafkaConsumer(
            bootstrap_servers=self.servers,
            client_id=self.client,
            enable_auto_commit=False,
            # A position that Kafka no longer holds must raise an error. Kafka must not skip records silently.
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 << 20,
            fetch_max_bytes=16 << 20,
            request_timeout_ms=REQUEST_MILLISECONDS,
            metadata_max_age_ms=30_000,
            **self.security,
            **settings,
        )


class SharedClient(Generic[C]):
    """A Kafka client that many calls use at the same time. After a fault in one call it is closed; the next call makes
    a new one.
    """

    def __init__(self, make: Callable[[], C], drop: Callable[[C], Awaitable[None]]) -> None:
        self._make = make
        self._drop = drop
        self._client: C | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[C]:
        """Yield the started client. Errors of the client are raised as those of the log port."""
        with translate_kafka_errors():
            client = await self._started()
            try:
                yield client
            except errors.MessageSizeTooLargeError:
                # The record is at fault, not the client, which other appends are using.
                raise
            except (errors.KafkaError, OSError):
                await self.drop(client)
                raise

    async def drop(self, client: C | None = None) -> None:
        """Close the present client. If ``client`` is given and is no longer the present client, do nothing."""
        if self._client is None or client not in (None, self._client):
            return
        gone, self._client = self._client, None
        await self._drop(gone)

    async def _started(self) -> C:
        async with self._lock:
            if self._client is None:
                client = self._make()
                await start_client(client, self._drop)
                self._client = client
            return self._client


async def start_client(client: C, drop: Callable[[C], Awaitable[None]]) -> None:
    """Start a client within the time limit, or close it and raise. aiokafka's ``start`` can wait for ever."""
    try:
        async with asyncio.timeout(START_SECONDS):
            await client.start()  # type: ignore[attr-defined]
    except BaseException:
        await drop(client)
        raise


async def drop_producer(producer: AIOKafkaProducer) -> None:
    """Close a producer without calling its ``stop``.

    ``stop`` hangs while the brokers cannot be reached. Afterwards it delivers records whose append has failed already,
    behind records that were appended later.
    """
    producer._closed = True
    await _ended(producer.client.close())
    await _ended(producer._sender.close())


async def drop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer within the time limit."""
    await _ended(consumer.stop())


async def drop_admin(admin: AIOKafkaAdminClient) -> None:
    """Close an admin client within the time limit."""
    await _ended(admin.close())


async def _ended(ending: Awaitable[None]) -> None:
    with suppress(errors.KafkaError, OSError):
        async with asyncio.timeout(STOP_SECONDS):
            await ending
