"""Typed access to the parts of a service that its routes use, such as the database, the clock and the queries."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from fastapi import Depends, FastAPI, Request

from slm_chassis.access_registry import AccessRegistry
from slm_chassis.clock import Clock
from slm_chassis.database import Database
from slm_chassis.http.streams import Streams
from slm_chassis.key_uses import KeyUses
from slm_chassis.log.port import EventLog
from slm_chassis.metrics import Metrics

T = TypeVar("T")


class Part(Generic[T]):
    """The name and the type of one part of a service, such as its database.

    The service's bootstrap puts the part. A route asks for it by a parameter ``Annotated[T, Depends(PART.of)]``, and
    code outside a route finds it by ``PART.find(api)``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def put(self, api: FastAPI, value: T) -> T:
        """Make the part available to all routes of this API, and return it."""
        setattr(api.state, self.name, value)
        return value

    def find(self, api: FastAPI) -> T:
        """Return the part of this API; raises AttributeError if the bootstrap has not put it."""
        found: T = getattr(api.state, self.name)
        return found

    async def of(self, request: Request) -> T:
        """Return the part, as a FastAPI dependency. The method is a coroutine because FastAPI would run a plain
        function in a thread.
        """
        return self.find(request.app)


ACCESS = Part[AccessRegistry]("access")
DATABASE = Part[Database]("database")
CLOCK = Part[Clock]("clock")
KEY_USES = Part[KeyUses]("key_uses")
LOG = Part[EventLog]("log")
METRICS = Part[Metrics]("metrics")
STREAMS = Part[Streams]("streams")

TheAccess = Annotated[AccessRegistry, Depends(ACCESS.of)]
TheDatabase = Annotated[Database, Depends(DATABASE.of)]
TheClock = Annotated[Clock, Depends(CLOCK.of)]
TheLog = Annotated[EventLog, Depends(LOG.of)]
TheStreams = Annotated[Streams, Depends(STREAMS.of)]
