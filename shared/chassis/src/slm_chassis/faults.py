"""The distinction between infrastructure faults (wait and try again) and faults of the work (store as a dead
letter).
"""

from __future__ import annotations

import asyncpg
import httpx
import sqlalchemy.exc

from slm_chassis.log.port import LogUnavailable


class Overload(Exception):
    """Too much work is waiting. Nothing of this request was accepted; it may succeed after ``retry_after`` seconds."""

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(what)
        self.retry_after = retry_after


READ_ONLY = "25006"
"""SQLSTATE of a write to a read-only server, such as a former primary after a failover. Reads still succeed there."""

_CLASSES = ("08", "40", "53", "57P", "58")
"""SQLSTATE classes: connection lost, serialization failure or deadlock, out of resources, shutting down, system
failure.
"""

_OF_DATA = ("22", "54")
"""SQLSTATE classes: a value that cannot be stored, and a program limit that the value exceeds."""

_AWAY = (
    OSError,
    LogUnavailable,
    sqlalchemy.exc.TimeoutError,
    httpx.TransportError,
    # What asyncpg raises if the server's last message and the end of the connection arrive together.
    asyncpg.InternalClientError,
)

_STATES = frozenset({READ_ONLY, "25P03", "25P04", "55P03"})
"""Further SQLSTATE values: read-only, idle or too long in a transaction, lock not available in time."""


def original_error(error: BaseException) -> BaseException:
    """Return the original error of the driver or network inside SQLAlchemy's wrappers."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of PostgreSQL's error inside any wrapper; None if it has none."""
    state = getattr(original_error(error), "sqlstate", None)
    return state if isinstance(state, str) else None


def spoils_connection(error: BaseException) -> bool:
    """Whether the connection that raised the error must not be used again, even if it looks alive."""
    return sqlstate(error) == READ_ONLY or isinstance(original_error(error), (OSError, asyncpg.InternalClientError))


def is_fault_of_data(error: BaseException) -> bool:
    """Whether the error means that a value can never be stored: text with a NUL or half a surrogate pair, or a key too
    long for its index.
    """
    return (sqlstate(error) or "").startswith(_OF_DATA) or isinstance(error, UnicodeError)


def is_infrastructure_fault(error: BaseException) -> bool:
    """Whether the infrastructure caused the error, so that the same work may succeed later and must be tried again.

    Such faults are an unreachable database, log or network, a database that is read-only after a failover, a deadlock,
    and a commit whose outcome is unknown. False for every error that the work itself causes.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_infrastructure_fault(each) for each in error.exceptions)
    state = sqlstate(error)
    if state is not None:
        return state in _STATES or state.startswith(_CLASSES)
    cause = original_error(error)
    if isinstance(cause, asyncpg.InterfaceError):
        # By its text, because asyncpg raises the same class for wrong use.
        return "closed" in str(cause) or "released" in str(cause)
    return isinstance(cause, _AWAY)
