"""The one place that tells a fault of the machinery (wait, try again) from a fault of the work (set it aside)."""

from __future__ import annotations

import asyncpg
import httpx
import sqlalchemy.exc

from slm_chassis.log.port import LogUnavailable


class Overload(Exception):
    """More waits than may: nothing of this was taken, and it may be in ``retry_after`` seconds."""

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(what)
        self.retry_after = retry_after


READ_ONLY = "25006"
"""What a former primary answers to writes after a failover, while ``SELECT 1`` still succeeds."""

_CLASSES = ("08", "40", "53", "57P", "58")
"""SQLSTATE: connection lost, serialization or deadlock, out of resources, server shutting down, its system failing."""

_OF_DATA = ("22", "54")
"""SQLSTATE: a value that cannot be stored, and a limit of the program that it exceeds."""

_AWAY = (
    OSError,
    LogUnavailable,
    sqlalchemy.exc.TimeoutError,
    httpx.TransportError,
    # What the driver raises where a server's last words and its hanging up arrive together.
    asyncpg.InternalClientError,
)

_STATES = frozenset({READ_ONLY, "25P03", "25P04", "55P03"})
"""And: read-only, idle or too long in a transaction, lock not available in time."""


def origin(error: BaseException) -> BaseException:
    """The driver's or the network's own error, however it was wrapped."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def sqlstate(error: BaseException) -> str | None:
    """The five characters PostgreSQL gave, however the error was wrapped."""
    state = getattr(origin(error), "sqlstate", None)
    return state if isinstance(state, str) else None


def spoils_connection(error: BaseException) -> bool:
    """Whether the connection that raised it must not be used again, though it may look alive."""
    return sqlstate(error) == READ_ONLY or isinstance(origin(error), (OSError, asyncpg.InternalClientError))


def is_fault_of_data(error: BaseException) -> bool:
    """Whether a value can never be stored: text with a NUL, half of a surrogate pair, a key that no index holds."""
    return (sqlstate(error) or "").startswith(_OF_DATA) or isinstance(error, UnicodeError)


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
    cause = origin(error)
    if isinstance(cause, asyncpg.InterfaceError):
        # By its words, as the same class tells of wrong use.
        return "closed" in str(cause) or "released" in str(cause)
    return isinstance(cause, _AWAY)
