"""Connections to PostgreSQL with the product's time-outs."""

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
    """An engine for ``postgresql://…`` with the product's time-outs; ``client`` is the name the server shows."""
    # The driver reads the address itself: it knows sslmode and the like, which SQLAlchemy would hand on as they are.
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
        # Errors end in logs and dead letters, where what people wrote has no business.
        hide_parameters=True,
        # Documents are much of what is read; the standard library's reader takes five times as long.
        json_deserializer=msgspec.json.decode,
    )
