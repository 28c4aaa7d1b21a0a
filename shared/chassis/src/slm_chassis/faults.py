"""The one place that tells a fault of the machinery (wait, try again) from a fault of the work (set it aside)."""

from __future__ import annotations

import asyncpg
import httpx
import sqlalchemy.exc

from slm_chassis.log.port import LogUnavailable

READ_ONLY = "25006"
"""What a former primary answers to writes after a failover, while ``SELECT 1`` still succeeds."""

_CLASSES = ("08", "40", "53", "57P", "58")
"""SQLSTATE: connection lost, serialization or deadlock, out of resources, server shutting down, its system failing."""

_STATES = frozenset({READ_ONLY, "25P03", "25P04", "55P03"})
"""And: read-only, idle or too long in a transaction, lock not available in time."""


def sqlstate(error: BaseException) -> str | None:
    """The five characters PostgreSQL gave, however the error was wrapped."""
    origin = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
    state = getattr(origin, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_infrastructure_fault(error: BaseException) -> bool:
    """Whether the same work may succeed later, unchanged: nothing is to be parked, only to be tried again.

    Covers database, log and network being away, read-only after a failover, deadlocks, and an unknown outcome of a
    commit. False for everything the work itself brought about.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_infrastructure_fault(each) for each in error.exceptions)
    state = sqlstate(error)
    if state is not None:
        return state in _STATES or state.startswith(_CLASSES)
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        origin = error.orig.__cause__ if error.orig is not None else None
        return error.connection_invalidated or (origin is not None and is_infrastructure_fault(origin))
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error) or "released" in str(error)
    return isinstance(error, (OSError, LogUnavailable, sqlalchemy.exc.TimeoutError, httpx.TransportError))
