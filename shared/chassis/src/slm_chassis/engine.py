"""SQLAlchemy engines for PostgreSQL with the product's timeouts."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_SERVER_SETTINGS = {
    "timezone": "UTC",
    # A process frozen inside a transaction must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "60000",
}
_CONNECT_SECONDS = 10.0
_STATEMENT_SECONDS = 60.0


def open_engine(
    url: str, *, client: str, pool_size: int, statement_seconds: float | None = _STATEMENT_SECONDS
) -> AsyncEngine:
    """Return an engine for ``postgresql://…`` with the product's timeouts.

    The server lists its connections under the name ``client``. A statement may take ``statement_seconds``; if that is
    None, it may take any time.
    """
    # asyncpg parses the URL itself: it understands sslmode and the like, which SQLAlchemy would pass on unchanged.
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
        return await asyncpg.connect(
            address,
            timeout=_CONNECT_SECONDS,
            command_timeout=statement_seconds,
            server_settings={**_SERVER_SETTINGS, "application_name": client[:63]},
        )

    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=10.0,
        pool_use_lifo=True,
        # Error messages end in logs and dead letters, which must not contain what people wrote.
        hide_parameters=True,
        # Most data read are JSON documents; the standard library's decoder takes five times as long.
        json_deserializer=msgspec.json.decode,
    )
