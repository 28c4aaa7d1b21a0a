"""The ledger in PostgreSQL: values as rows, one advisory lock for each thing that is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from slm_chassis import tracing
from slm_chassis.access import Principal
from slm_chassis.database import Transaction
from slm_chassis.ledger import NO_DETAIL
from slm_chassis.tables import audit

T = TypeVar("T")


class SqlRepository(Generic[T]):
    """A table as a collection of values of one class, whose fields are its columns and whose id is its key.

    ``load`` makes a value of a row. ``dump`` makes a row of a value that has other values inside; without it the
    fields are the columns as they are.
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
        found = await self.find(**{self._key.name: key})
        return found[0] if found else None

    async def find(self, **equal: Any) -> list[T]:
        given = {name: value for name, value in equal.items() if value is not None}
        statement = _select(self._table, tuple(given), tuple(equal.keys() - given.keys()))
        return [self._load(**row) for row in (await self._transaction.execute(statement, given)).mappings()]

    async def put(self, *values: T) -> None:
        if values:
            await self._transaction.execute(_upsert(self._table), [self._dump(value) for value in values])

    def _columns_of(self, value: T) -> dict[str, Any]:
        return {column.name: getattr(value, column.name) for column in self._table.c}


# Building these statements took a third of the time of handling an event; there are some thirty of them in all.
@cache
def _select(table: Table, given: tuple[str, ...], absent: tuple[str, ...]) -> Select[Any]:
    equal = [table.c[name] == bindparam(name, type_=table.c[name].type) for name in given]
    return select(table).where(*equal, *(table.c[name].is_(None) for name in absent)).order_by(*table.primary_key)


@cache
def _upsert(table: Table) -> Insert:
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


class SqlLedgerOfTransaction:
    """What the ledgers of all services share: the clock, the lock, and what leaves with the commit."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.now = transaction.now

    async def lock(self, subject: str) -> None:
        await self._transaction.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))

    def publish(self, event: Any, *, at: int | None = None, event_id: str | None = None) -> None:
        self._transaction.publish(event, at=at, event_id=event_id)

    async def note(
        self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any] = NO_DETAIL
    ) -> None:
        row = {
            "at": self.now,
            "principal_id": by.principal_id if by else None,
            "party_id": by.party_id if by else None,
            "action": action,
            "subject": subject,
            "correlation_id": tracing.correlation_id.get(),
            "detail": dict(detail),
        }
        await self._transaction.execute(insert(audit).values(row))
