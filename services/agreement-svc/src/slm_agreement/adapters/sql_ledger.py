"""The ledger of agreement-svc in PostgreSQL, and the desk that opens one for each transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, func, select

from slm_agreement.adapters import tables
from slm_agreement.adapters.sql_agreements import SqlAgreements
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.invitations import Invitation
from slm_agreement.domain.people.people import Mandate, Party, Person, Requirement, Service
from slm_agreement.domain.people.relations import Relation
from slm_chassis.access import AccessRegistry
from slm_chassis.database import Database, Transaction
from slm_chassis.sql_ledger import SqlLedgerOfTransaction, SqlRepository
from slm_events.agreement import PrincipalEnrolled

_DUE_AT_ONCE = 100


def person(mandates: list[dict[str, Any]], **row: Any) -> Person:
    """Return the person of a row."""
    return Person(mandates=[Mandate(**mandate) for mandate in mandates], **row)


def principal(keys: list[dict[str, Any]], **row: Any) -> EnrolledPrincipal:
    """Return the principal of a row."""
    return EnrolledPrincipal(keys=[ApiKey(**key) for key in keys], **row)


class SqlLedger(SqlLedgerOfTransaction):
    """The storage within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.parties = SqlRepository(transaction, tables.party, Party)
        self.people = SqlRepository(transaction, tables.person, person, asdict)
        self.services = SqlRepository(transaction, tables.service, Service)
        self.requirements = SqlRepository(transaction, tables.requirement, Requirement)
        self.principals = SqlRepository(transaction, tables.principal, principal, asdict)
        self.relations = SqlRepository(transaction, tables.party_relation, Relation)
        self.invitations = SqlRepository(transaction, tables.invitation, Invitation)
        self.agreements = SqlAgreements(transaction)
        self.enrolled: list[PrincipalEnrolled] = []
        """Events about principals, to be applied to this process's registry after the commit."""

    async def invitation_with(self, sha256: str) -> str | None:
        """Return the id of the invitation whose code has this hash; None if there is none."""
        table = tables.invitation
        return await self._first(select(table.c.invitation_id).where(table.c.sha256 == sha256))

    async def principal_of(self, person_id: str) -> str | None:
        """Return the id of the principal of a person; None if there is none."""
        table = tables.principal
        return await self._first(select(table.c.principal_id).where(table.c.person_id == person_id))

    async def people_with(self, party_id: str, email: str) -> list[str]:
        """Return the ids of a party's people with this mail address, ignoring upper and lower case."""
        table = tables.person
        statement = select(table.c.person_id).where(
            table.c.party_id == party_id, func.lower(func.trim(table.c.email)) == email.strip().lower()
        )
        return list((await self._transaction.execute(statement)).scalars())

    async def _first(self, statement: Select[tuple[str]]) -> str | None:
        return (await self._transaction.execute(statement)).scalars().first()

    def publish(self, event: Any, *, at: int | None = None, event_id: str | None = None) -> None:
        """Publish the event with the commit, and remember it if it is about a principal."""
        super().publish(event, at=at, event_id=event_id)
        if isinstance(event, PrincipalEnrolled):
            self.enrolled.append(event)


class SqlDesk:
    """Opens ledgers of a database. After each commit this process applies the events about principals to its own
    registry.
    """

    def __init__(self, database: Database, access: AccessRegistry, space: str) -> None:
        self.space = space
        self._database = database
        self._access = access

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlLedger]:
        """Open a ledger whose changes commit at the end of the block."""
        async with self._database.begin() as transaction:
            ledger = SqlLedger(transaction)
            yield ledger
        # Not from the log, so that a key just issued or revoked takes effect in this process with the next request.
        for event in ledger.enrolled:
            self._access.learn(event)

    async def due(self) -> list[str]:
        """Return the ids of agreements with a version whose state must change now, the earliest first."""
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
