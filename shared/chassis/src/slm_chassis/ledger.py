"""The ledger of a use case: collections of values in one transaction, and a way to tell of changes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from slm_chassis.access import Principal

T = TypeVar("T")
NO_DETAIL: Mapping[str, Any] = MappingProxyType({})


class Repository(Protocol[T]):
    """All values of one kind, each under the id that is its first field."""

    async def get(self, key: str) -> T | None: ...

    async def find(self, **equal: Any) -> list[T]:
        """The values whose fields equal those given, ordered by id."""
        ...

    async def put(self, *values: T) -> None:
        """Keep each value in place of the one with its id."""
        ...


class LedgerOfTransaction(Protocol):
    """What the ledgers of all services share. Whoever changes a thing begins with ``lock``."""

    now: int
    """Installation time, microseconds UTC."""

    async def lock(self, subject: str) -> None:
        """Nobody else changes what has this id until the transaction ends."""
        ...

    def publish(self, event: Any, *, at: int | None = None, event_id: str | None = None) -> None:
        """Publish the event if the transaction commits."""
        ...

    async def note(
        self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any] = NO_DETAIL
    ) -> None:
        """Write down who did what to what; without a principal it was the product itself."""
        ...
