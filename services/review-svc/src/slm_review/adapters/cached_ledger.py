"""The storage for a batch of events: values are read in a few queries, changed in memory and written in bulk.

Values are read by *paths*: combinations of fields that select few rows. Once a path has been read for certain values,
later searches by it are answered from memory and include the changes of this batch.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Integer, Table
from sqlalchemy.dialects.postgresql import JSONB

from slm_chassis import bulk
from slm_chassis.database import Transaction
from slm_chassis.sql_ledger import SqlLedgerOfTransaction
from slm_events.monitor import (
    BreachWithdrawn,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetResultEvent,
    WindowClosed,
)
from slm_review.adapters import tables
from slm_review.domain.agenda import AgendaItem
from slm_review.domain.agreements import Agreement
from slm_review.domain.decisions import Action, Lesson
from slm_review.domain.findings import AttainedWindow, Breach, PublishedReport, attained_window_id
from slm_review.domain.plans import ActionPlan, plan_id
from slm_review.domain.proposed import Amendment, Proposal
from slm_review.domain.reviews import Review

T = TypeVar("T")
Path = tuple[str, ...]
Point = tuple[Any, ...]
"""The values of a path's fields, in the order of the fields."""

_PATHS: dict[str, tuple[Path, ...]] = {
    "agreement_version": (("version_id",), ("agreement_id",)),
    "action_plan": (
        ("plan_id",),
        ("agreement_id", "target_id", "window_id"),
        ("agreement_id", "agreement_version", "state"),
    ),
    "breach": (("breach_id",), ("agreement_id", "target_id", "window_id"), ("agreement_id",)),
    "attained_window": (("attained_id",), ("agreement_id", "target_id"), ("agreement_id",)),
    "published_report": (("report_id",), ("agreement_id",)),
    "review": (("review_id",), ("agreement_id", "state"), ("agreement_id",)),
    "agenda_item": (("item_id",), ("ref_id",), ("review_id",)),
    "lesson": (("lesson_id",), ("agreement_id",)),
    "action": (("action_id",), ("agreement_id",)),
    "proposal": (("proposal_id",), ("agreement_id",)),
    "amendment": (("amendment_id",), ("proposal_id",)),
}
"""Table name → the paths of the table, the most selective first. Each path has an index."""


class CachedRepository(Generic[T]):
    """The values of one table, with the changes that this batch has made to them in memory."""

    def __init__(self, transaction: Transaction, table: Table, kind: type[T]) -> None:
        self._transaction = transaction
        self._table = table
        self._kind = kind
        self._key = next(iter(table.primary_key)).name
        self._columns = tuple(column.name for column in table.c)
        self._row_of = _reader(self._columns)
        self._documents = [column.name for column in table.c if isinstance(column.type, JSONB)]
        self._paths = _PATHS[table.name]
        self._values: dict[str, T] = {}
        self._dirty: dict[str, T] = {}
        self._loaded: dict[Path, set[Point]] = {path: set() for path in self._paths}
        self._index: dict[Path, dict[Point, set[str]]] = {path: {} for path in self._paths}
        self._indexed = [(_reader(path), self._index[path]) for path in self._paths]

    async def get(self, key: str) -> T | None:
        """Return the value with this id; None if there is none."""
        if key not in self._values:
            await self.read((self._key,), [(key,)])
        return self._values.get(key)

    async def get_all(self, keys: Collection[str]) -> dict[str, T]:
        """Return {id: value} of the values with these ids; an id without a value is left out."""
        await self.read((self._key,), [(key,) for key in keys if key not in self._values])
        return {key: self._values[key] for key in keys if key in self._values}

    async def find(self, **equal: Any) -> list[T]:
        """Return the values whose fields equal the given ones, ordered by id.

        All fields of at least one path must be given.
        """
        usable = _usable(self._paths, tuple(name for name, value in equal.items() if value is not None))
        for path in usable:
            point = tuple([equal[name] for name in path])
            if point in self._loaded[path]:
                break
        else:
            path = usable[0]
            point = tuple([equal[name] for name in path])
            await self.read(path, [point])
        keys = self._index[path].get(point)
        if not keys:
            return []
        found = [self._values[key] for key in (sorted(keys) if len(keys) > 1 else keys)]
        for name in equal.keys() - path:
            found = [value for value in found if getattr(value, name) == equal[name]]
        return found

    async def put(self, *values: T) -> None:
        """Store values in memory; ``flush`` writes them."""
        for value in values:
            key = getattr(value, self._key)
            self._keep(key, value)
            self._dirty[key] = value

    async def read(self, path: Path, points: Iterable[Point]) -> None:
        """Read the values whose fields of the path equal one of ``points`` into memory, in one query.

        A point has one value for each field of the path. Points that were read before are skipped.
        """
        loaded = self._loaded[path]
        missing = sorted({point for point in points if point not in loaded})
        if not missing:
            return
        loaded.update(missing)
        arrays = ", ".join(f"${number}::{self._array(name)}" for number, name in enumerate(path, 1))
        names = ", ".join(f'"{name}"' for name in path)
        listed = ", ".join(f'kept."{name}"' for name in self._columns)
        query = (
            f'SELECT {listed} FROM "{self._table.name}" AS kept JOIN unnest({arrays}) AS row ({names}) USING ({names})'
        )
        driver = await self._transaction.driver()
        for row in await driver.fetch(query, *([point[place] for point in missing] for place in range(len(path)))):
            if row[self._key] not in self._values:
                self._keep(row[self._key], self._kind(**self._decoded(row)))

    async def flush(self) -> None:
        """Write all values that were put, in one statement."""
        rows = [self._encoded(value) for value in self._dirty.values()]
        self._dirty.clear()
        await bulk.upsert(self._transaction, self._table, rows)

    def _keep(self, key: str, value: T) -> None:
        known = self._values.get(key)
        self._values[key] = value
        for point_of, index in self._indexed:
            point = point_of(value)
            if known is not None:
                if (before := point_of(known)) == point:
                    continue
                index[before].discard(key)
            index.setdefault(point, set()).add(key)

    def _array(self, name: str) -> str:
        kind = self._table.c[name].type
        return "bigint[]" if isinstance(kind, BigInteger) else "int[]" if isinstance(kind, Integer) else "text[]"

    def _decoded(self, row: Any) -> dict[str, Any]:
        values = dict(row)
        for name in self._documents:
            # asyncpg returns documents as text, or decoded if the connection has a codec for them.
            if isinstance(values[name], str):
                values[name] = bulk.from_json(values[name])
        return values

    def _encoded(self, value: T) -> dict[str, Any]:
        values = dict(zip(self._columns, self._row_of(value), strict=True))
        for name in self._documents:
            values[name] = bulk.to_json(values[name])
        return values


def _reader(names: Path) -> Callable[[Any], Point]:
    """Return a function that reads these fields of a value as a tuple."""
    read = attrgetter(*names)
    return read if len(names) > 1 else lambda value: (read(value),)


@cache
def _usable(paths: tuple[Path, ...], given: tuple[str, ...]) -> list[Path]:
    """Return the paths whose fields are all given."""
    return [path for path in paths if set(path) <= set(given)]


class CachedWindows(CachedRepository[AttainedWindow]):
    """The closed windows, with the changes of this batch. It also finds the latest windows of a target."""

    _PATH = ("agreement_id", "target_id")

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, tables.attained_window, AttainedWindow)
        self._ended: dict[Point, list[tuple[int, str]]] = {}

    async def latest(self, agreement_id: str, target_id: str, until_at: int | None, count: int) -> list[AttainedWindow]:
        """Return the latest ``count`` windows of a target, or fewer, that ended by ``until_at``.

        ``until_at`` is in microseconds UTC; None: no limit. The earliest window comes first. Windows with the
        verdict ``not_applicable`` are skipped: they have no service time.
        """
        point = (agreement_id, target_id)
        await self.read(self._PATH, [point])
        ended = self._ended.get(point, [])
        place = len(ended) if until_at is None else bisect_right(ended, (until_at, "\U0010ffff"))
        found: list[AttainedWindow] = []
        while place and len(found) < count:
            place -= 1
            window = self._values[ended[place][1]]
            if window.verdict != "not_applicable":
                found.append(window)
        return found[::-1]

    def _keep(self, key: str, value: AttainedWindow) -> None:
        if key not in self._values and value.window_end_at is not None:
            insort(self._ended.setdefault((value.agreement_id, value.target_id), []), (value.window_end_at, key))
        super()._keep(key, value)


class CachedLedger(SqlLedgerOfTransaction):
    """The storage that is used while a batch of events is handled. Nothing is written before ``flush``."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.agreements: CachedRepository[Agreement] = CachedRepository(
            transaction, tables.agreement_version, Agreement
        )
        self.plans: CachedRepository[ActionPlan] = CachedRepository(transaction, tables.action_plan, ActionPlan)
        self.breaches: CachedRepository[Breach] = CachedRepository(transaction, tables.breach, Breach)
        self.windows: CachedWindows = CachedWindows(transaction)
        self.reports: CachedRepository[PublishedReport] = CachedRepository(
            transaction, tables.published_report, PublishedReport
        )
        self.reviews: CachedRepository[Review] = CachedRepository(transaction, tables.review, Review)
        self.agenda: CachedRepository[AgendaItem] = CachedRepository(transaction, tables.agenda_item, AgendaItem)
        self.lessons: CachedRepository[Lesson] = CachedRepository(transaction, tables.lesson, Lesson)
        self.actions: CachedRepository[Action] = CachedRepository(transaction, tables.action, Action)
        self.proposals: CachedRepository[Proposal] = CachedRepository(transaction, tables.proposal, Proposal)
        self.amendments: CachedRepository[Amendment] = CachedRepository(transaction, tables.amendment, Amendment)
        self._locked: set[str] = set()

    @classmethod
    async def opened(cls, transaction: Transaction, events: Sequence[Any]) -> CachedLedger:
        """Lock the events' agreements, read what the handlers will probably need, and return the ledger."""
        ledger = cls(transaction)
        await ledger._lock_all({event.agreement_id for event in events})
        await ledger._read_ahead(events)
        return ledger

    async def lock(self, subject: str) -> None:
        """Lock a subject (an agreement's id) until the transaction ends, unless this batch has locked it already."""
        if subject not in self._locked:
            await super().lock(subject)
            self._locked.add(subject)

    async def latest_windows(
        self, agreement_id: str, target_id: str, until_at: int | None, count: int
    ) -> list[AttainedWindow]:
        """Return the latest ``count`` windows of a target, or fewer, that ended by ``until_at``.

        ``until_at`` is in microseconds UTC; None: no limit. The earliest window comes first. Windows with the
        verdict ``not_applicable`` are skipped: they have no service time.
        """
        return await self.windows.latest(agreement_id, target_id, until_at, count)

    async def flush(self) -> None:
        """Write all values that were put, in one statement for each table."""
        for kept in (
            self.agreements,
            self.plans,
            self.breaches,
            self.windows,
            self.reports,
            self.reviews,
            self.agenda,
            self.lessons,
            self.actions,
            self.proposals,
            self.amendments,
        ):
            await kept.flush()

    async def _lock_all(self, agreement_ids: set[str]) -> None:
        """Lock agreements in one statement and in a fixed order, to prevent deadlocks between two consumers."""
        driver = await self._transaction.driver()
        await driver.execute(_LOCK_ALL, list(agreement_ids))
        self._locked |= agreement_ids

    async def _read_ahead(self, events: Sequence[Any]) -> None:
        judged = [event for event in events if isinstance(event, TargetResultEvent)]
        agreements = {(event.agreement_id,) for event in events}
        places = {(event.agreement_id, event.target_id, event.window_id) for event in judged}
        of_breaches = {(event.breach_id,) for event in judged if isinstance(event, TargetBreached | BreachWithdrawn)}
        of_risks = [event for event in judged if isinstance(event, TargetAtRisk | RiskCleared)]
        await self.agreements.read(("agreement_id",), agreements)
        await self.reviews.read(("agreement_id",), agreements)
        await self.proposals.read(("agreement_id",), agreements)
        await self.plans.read(("agreement_id", "target_id", "window_id"), places)
        await self.plans.read(("plan_id",), {(plan_id(e.agreement_id, e.risk_id),) for e in of_risks})
        await self.breaches.read(("agreement_id", "target_id", "window_id"), places)
        await self.breaches.read(("breach_id",), of_breaches)
        await self.agenda.read(("ref_id",), of_breaches)
        attained = {
            (attained_window_id(event.agreement_id, event.agreement_version, event.target_id, event.window_id),)
            for event in judged
        }
        await self.windows.read(("attained_id",), attained)
        closed = {(event.agreement_id, event.target_id) for event in judged if isinstance(event, WindowClosed)}
        await self.windows.read(("agreement_id", "target_id"), closed)


_LOCK_ALL = """
SELECT pg_advisory_xact_lock(number)
FROM (SELECT DISTINCT hashtextextended(id, 0) AS number FROM unnest($1::text[]) AS row (id) ORDER BY number) AS numbers
"""
