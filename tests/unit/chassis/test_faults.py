"""Which errors mean: wait and try again, and which mean that the work itself is at fault."""

from __future__ import annotations

import asyncpg
import httpx
import pytest
import sqlalchemy.exc

from slm_chassis.faults import is_infrastructure_fault, spoils_connection, sqlstate
from slm_chassis.log.port import LogUnavailable, OffsetVanished, UnknownTopic


def wrapped(error: Exception) -> sqlalchemy.exc.DBAPIError:
    """As SQLAlchemy wraps it: its own error around a driver-shaped one around the driver's."""
    adapted = Exception(str(error))
    adapted.__cause__ = error
    return sqlalchemy.exc.DBAPIError("SELECT 1", None, adapted)


TRY_AGAIN = [
    asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE in a read-only transaction"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.DiskFullError("no space left on device"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    asyncpg.SerializationError("could not serialize access"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
    ConnectionRefusedError(),
    TimeoutError(),
    FileNotFoundError("no socket: the server is down"),
    LogUnavailable("no broker"),
    httpx.ConnectError("refused"),
    sqlalchemy.exc.TimeoutError("QueuePool limit reached"),
    ExceptionGroup("appends", [LogUnavailable("no broker"), TimeoutError()]),
]

GIVE_UP = [
    asyncpg.UniqueViolationError("duplicate key"),
    asyncpg.UndefinedTableError("no such table"),
    asyncpg.InFailedSQLTransactionError("a handler swallowed an error"),
    asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
    asyncpg.InvalidPasswordError("password authentication failed"),
    UnknownTopic("slm.nothing"),
    OffsetVanished("gone"),
    ValueError("wrong"),
    KeyError("missing"),
    ExceptionGroup("appends", [LogUnavailable("no broker"), UnknownTopic("slm.nothing")]),
]


@pytest.mark.parametrize("error", TRY_AGAIN, ids=repr)
def test_a_fault_of_the_machinery_is_tried_again(error: Exception) -> None:
    assert is_infrastructure_fault(error)
    assert is_infrastructure_fault(wrapped(error)) or isinstance(error, ExceptionGroup)


@pytest.mark.parametrize("error", GIVE_UP, ids=repr)
def test_a_fault_of_the_work_is_not(error: Exception) -> None:
    assert not is_infrastructure_fault(error)
    assert not is_infrastructure_fault(wrapped(error))


def test_a_former_primary_costs_its_connection_and_a_deadlock_does_not() -> None:
    read_only, deadlock = asyncpg.ReadOnlySQLTransactionError("x"), asyncpg.DeadlockDetectedError("x")
    assert sqlstate(wrapped(read_only)) == "25006"
    assert spoils_connection(wrapped(read_only)) and spoils_connection(TimeoutError())
    assert not spoils_connection(wrapped(deadlock))
