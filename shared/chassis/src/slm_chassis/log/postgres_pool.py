"""Connections to the PostgreSQL log's database, and what a lost one means."""

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
def unavailable() -> Iterator[None]:
    """Turn every way in which the server can be away into LogUnavailable."""
    try:
        yield
    except Exception as cause:
        if not is_infrastructure_fault(cause):
            raise
        raise LogUnavailable(f"the log's PostgreSQL is away: {cause or type(cause).__name__}") from cause


async def connect(url: str, client: str, **settings: str) -> asyncpg.Connection:
    """A connection of its own; ``settings`` are the server's, e.g. ``synchronous_commit="off"``."""
    return await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings={"application_name": client, "jit": "off", **settings},
    )


class Pool:
    """A pool for reading and housekeeping; every fault of a connection leaves it as LogUnavailable."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, client: str) -> Pool:
        # A plan made while the tables were young and empty would scan them for ever.
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
        with unavailable():
            async with self._pool.acquire(timeout=COMMAND_SECONDS) as connection:
                yield connection

    async def rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        async with self.connection() as connection:
            return list(await connection.fetch(statement, *values))

    async def close(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._pool.close()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._pool.terminate()


async def _as_it_is(_connection: asyncpg.Connection) -> None:
    """Nothing of ours outlives its use of a connection; resetting it cost a round trip for each read."""
