"""The ledger in PostgreSQL: values are rows of tables, and each thing that may be changed has an advisory lock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ARRAY, Select, Table, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from slm_chassis import tracing
from slm_chassis.access import Principal
from slm_chassis.database import Transaction
from slm_chassis.ledger import NO_DETAIL
from slm_chassis.tables import audit
from slm_events.instants import UtcMicroseconds

T = TypeVar("T")


class SqlRepository(Generic[T]):
    """A table as a collection of values of one class. The class's fields are its columns; the first one is its primary
    key.

    ``load`` makes a value from a row. ``dump`` makes a row from a value with nested values; without it every field is
    stored as it is.
    """

    def __init__(
        self,
        transaction: Transaction,
        table: Table,
        load: Callable[..., T],
        dump: Callable[[T], dict[str, Any]] | None = None,
    ) -> None:
        self._transaction = transaction
        self._table = table
        self._load = load
        self._dump = dump or self._columns_of
        self._key = next(iter(table.primary_key))

    async def get(self, key: str) -> T | None:
        """Return the value with the id ``key``; None if there is none."""
        found = await self.find(**{self._key.name: key})
        return found[0] if found else None

    async def get_all(self, keys: Collection[str]) -> dict[str, T]:
        """Return {id: value} of the values with these ids; an id without a value is left out. One statement reads them
        all.
        """
        if not keys:
            return {}
        statement = select(self._table).where(self._key == any_(bindparam("keys", sorted(keys), ARRAY(self._key.type))))
        rows = (await self._transaction.execute(statement)).mappings()
        return {row[self._key.name]: self._load(**row) for row in rows}

    async def find(self, **equal: Any) -> list[T]:
        """Return the values whose fields equal the given ones, ordered by id. None matches NULL."""
        given = {name: value for name, value in equal.items() if value is not None}
        statement = _select(self._table, tuple(given), tuple(equal.keys() - given.keys()))
        return [self._load(**row) for row in (await self._transaction.execute(statement, given)).mappings()]

    async def put(self, *values: T) -> None:
        """Insert the values, or replace those with the same id."""
        if values:
            await self._transaction.execute(upsert(self._table), [self._dump(value) for value in values])

    def _columns_of(self, value: T) -> dict[str, Any]:
        return {column.name: getattr(value, column.name) for column in self._table.c}


# Cached: building these statements took a third of the time of handling an event. There are about thirty of them.
@cache
def _select(table: Table, given: tuple[str, ...], absent: tuple[str, ...]) -> Select[Any]:
    equal = [table.c[name] == bindparam(name, type_=table.c[name].type) for name in given]
    return select(table).where(*equal, *(table.c[name].is_(None) for name in absent)).order_by(*table.primary_key)


@cache
def upsert(table: Table) -> Insert:
    """Return the statement that inserts rows of a table, or replaces those with the same primary key."""
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


class SqlLedgerOfTransaction:
    """The part that the SQL ledgers of all services share: clock, locks, events and the audit trail."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.now = transaction.now

    async def lock(self, subject: str) -> None:
        """Wait for the advisory lock of this id and keep it until the transaction ends."""
        await self._transaction.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))

    def publish(self, event: Any, *, at: UtcMicroseconds | None = None, event_id: str | None = None) -> None:
        """Publish the event if the transaction commits. ``at`` is when it happened, by default now; ``event_id`` is by
        default a random id.
        """
        self._transaction.publish(event, at=at, event_id=event_id)

    async def note(
        self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any] = NO_DETAIL
    ) -> None:
        """Write to the audit trail who did what to which subject. Without a principal the product itself did it."""
        row = {
            "at": self.now,
            "principal_id": by.principal_id if by else None,
            "party_id": by.party_id if by else None,
            "name": by.name if by else None,
            "key_id": by.key_id if by else None,
            "identified_by": by.identified_by if by else None,
            "address": tracing.client_address.get() if by else None,
            "action": action,
            "subject": subject,
            "correlation_id": tracing.correlation_id.get(),
            "detail": dict(detail),
        }
        await self._transaction.execute(insert(audit).values(row))
