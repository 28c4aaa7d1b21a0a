"""Connections to the PostgreSQL log's database, and the translation of their faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.port import LogUnavailable

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
READERS = 8


@contextmanager
def raise_log_unavailable() -> Iterator[None]:
    """In the body of the ``with`` statement, replace faults of an unreachable server by LogUnavailable."""
    try:
        yield
    except Exception as cause:
        if not is_infrastructure_fault(cause):
            raise
        raise LogUnavailable(f"the log's PostgreSQL cannot be reached: {cause or type(cause).__name__}") from cause


async def connect(url: str, client: str, **settings: str) -> asyncpg.Connection:
    """Return a new connection. ``settings`` are server settings, such as ``synchronous_commit="off"``."""
    return await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings={"application_name": client, "jit": "off", **settings},
    )


class Pool:
    """A pool of connections for reading and housekeeping. Infrastructure faults are raised as LogUnavailable."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, client: str) -> Pool:
        """Open the pool."""
        # A plan made while the tables were still empty would keep on scanning them.
        settings = {"application_name": client, "jit": "off", "enable_seqscan": "off", "enable_bitmapscan": "off"}
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=READERS,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings=settings,
            reset=_as_it_is,
        )
        return cls(pool)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Yield a connection, which returns to the pool afterwards; raises LogUnavailable."""
        with raise_log_unavailable():
            async with self._pool.acquire(timeout=COMMAND_SECONDS) as connection:
                yield connection

    async def rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Run one statement and return its rows; raises LogUnavailable."""
        async with self.connection() as connection:
            return list(await connection.fetch(statement, *values))

    async def close(self) -> None:
        """Close all connections, by force if that takes too long."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._pool.close()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._pool.terminate()


async def _as_it_is(_connection: asyncpg.Connection) -> None:
    """Leave the connection unchanged when it returns to the pool.

    A reset is not needed, because no use of the connection changes its state. It would cost a round trip for each read.
    """
