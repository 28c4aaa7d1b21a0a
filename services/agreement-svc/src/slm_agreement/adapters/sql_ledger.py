"""The ledger in PostgreSQL: domain values as rows, one advisory lock for each thing that is changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Select, Table, func, select
from sqlalchemy.dialects.postgresql import insert

from slm_agreement.adapters import tables
from slm_agreement.adapters.sql_agreements import SqlAgreements
from slm_agreement.domain.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.invitations import Invitation
from slm_agreement.domain.people import Mandate, Party, Person, Requirement, Service
from slm_agreement.domain.relations import Relation
from slm_chassis import tracing
from slm_chassis.access import AccessRegistry, Principal
from slm_chassis.database import Database, Transaction
from slm_chassis.tables import audit
from slm_events.agreement import PrincipalEnrolled

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
_DUE_AT_ONCE = 100


class SqlKept(Generic[T]):
    """A table as a collection of values of one class, whose fields are its columns and whose id is its key."""

    def __init__(self, transaction: Transaction, table: Table, load: Callable[..., T]) -> None:
        self._transaction = transaction
        self._table = table
        self._load = load
        self._key = next(iter(table.primary_key))

    async def get(self, key: str) -> T | None:
        rows = await self._transaction.execute(select(self._table).where(self._key == key))
        row = rows.mappings().one_or_none()
        return None if row is None else self._load(**row)

    async def put(self, value: T) -> None:
        statement = insert(self._table)
        others = {column.name: statement.excluded[column.name] for column in self._table.c if column is not self._key}
        await self._transaction.execute(
            statement.on_conflict_do_update(index_elements=[self._key], set_=others), [asdict(value)]
        )


def person(mandates: list[dict[str, Any]], **row: Any) -> Person:
    """A row of ``person`` → the person."""
    return Person(mandates=[Mandate(**mandate) for mandate in mandates], **row)


def principal(keys: list[dict[str, Any]], **row: Any) -> EnrolledPrincipal:
    """A row of ``principal`` → the principal."""
    return EnrolledPrincipal(keys=[ApiKey(**key) for key in keys], **row)


class SqlLedger:
    """One transaction's ledger."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.now = transaction.now
        self.parties = SqlKept(transaction, tables.party, Party)
        self.people = SqlKept(transaction, tables.person, person)
        self.services = SqlKept(transaction, tables.service, Service)
        self.requirements = SqlKept(transaction, tables.requirement, Requirement)
        self.principals = SqlKept(transaction, tables.principal, principal)
        self.relations = SqlKept(transaction, tables.party_relation, Relation)
        self.invitations = SqlKept(transaction, tables.invitation, Invitation)
        self.agreements = SqlAgreements(transaction)
        self.enrolled: list[PrincipalEnrolled] = []
        """What was published about principals, for this process to learn after the commit."""

    async def invitation_with(self, sha256: str) -> str | None:
        table = tables.invitation
        return await self._first(select(table.c.invitation_id).where(table.c.sha256 == sha256))

    async def principal_of(self, person_id: str) -> str | None:
        table = tables.principal
        return await self._first(select(table.c.principal_id).where(table.c.person_id == person_id))

    async def people_with(self, party_id: str, email: str) -> list[str]:
        table = tables.person
        statement = select(table.c.person_id).where(
            table.c.party_id == party_id, func.lower(func.trim(table.c.email)) == email.strip().lower()
        )
        return list((await self._transaction.execute(statement)).scalars())

    async def _first(self, statement: Select[tuple[str]]) -> str | None:
        return (await self._transaction.execute(statement)).scalars().first()

    async def lock(self, subject: str) -> None:
        await self._transaction.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))

    def publish(self, event: Any, *, at: int | None = None, event_id: str | None = None) -> None:
        self._transaction.publish(event, at=at, event_id=event_id)
        if isinstance(event, PrincipalEnrolled):
            self.enrolled.append(event)

    async def note(self, by: Principal | None, action: str, subject: str, detail: Mapping[str, Any]) -> None:
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


class SqlDesk:
    """Ledgers from a database; what they publish about principals is learned here as soon as it is committed."""

    def __init__(self, database: Database, access: AccessRegistry, space: str) -> None:
        self.space = space
        self._database = database
        self._access = access

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlLedger]:
        async with self._database.begin() as transaction:
            ledger = SqlLedger(transaction)
            yield ledger
        # Without waiting for the log: a key just issued is good in the next request, one just revoked is not.
        for event in ledger.enrolled:
            self._access.learn(event)

    async def due(self) -> list[str]:
        table = tables.agreement_version
        statement = (
            select(table.c.agreement_id)
            .where(table.c.next_turn_at <= self._database.clock.now())
            .group_by(table.c.agreement_id)
            .order_by(func.min(table.c.next_turn_at))
            .limit(_DUE_AT_ONCE)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(statement)).scalars())
