"""The interface of a ledger: the repositories of a use case in one transaction, and the publication of events."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from slm_chassis.access import Principal
from slm_events.instants import UtcMicroseconds

T = TypeVar("T")
NO_DETAIL: Mapping[str, Any] = MappingProxyType({})


class Repository(Protocol[T]):
    """All values of one class in a service's database. A value's first field is its id."""

    async def get(self, key: str) -> T | None:
        """Return the value with this id; None if there is none."""

    async def get_all(self, keys: Collection[str]) -> dict[str, T]:
        """Return {id: value} of the values with these ids; an id without a value is left out."""
        ...

    async def find(self, **equal: Any) -> list[T]:
        """Return the values whose fields equal the given ones, ordered by id."""
        ...

    async def put(self, *values: T) -> None:
        """Store each value, replacing the one with the same id."""
        ...


class LedgerOfTransaction(Protocol):
    """The methods that the ledgers of all services share. A use case that changes something calls ``lock`` first."""

    now: UtcMicroseconds
    """Installation time, microseconds UTC."""

    async def lock(self, subject: str) -> None:
        """Lock the subject with this id against other transactions until this one ends."""
        ...

    def publish(self, event: Any, *, at: UtcMicroseconds | None = None, event_id: str | None = None) -> None:
        """Publish the event if the transaction commits. ``at`` is when it happened, by default now; ``event_id`` is by
        default a random id.
        """
        ...

    async def note(
        self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any] = NO_DETAIL
    ) -> None:
        """Write to the audit trail who did what to which subject. Without a principal the product itself did it."""
        ...
