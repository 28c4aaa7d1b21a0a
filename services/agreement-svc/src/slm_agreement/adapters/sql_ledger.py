"""The storage of agreement-svc in PostgreSQL: a ledger for each transaction, and the factory of ledgers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, delete, func, select, text, update

from slm_agreement.adapters import agreement_tables, register_tables, sign_in_tables
from slm_agreement.adapters.sql_agreements import SqlAgreements
from slm_agreement.adapters.sql_search import (
    SearchedRepository,
    named_company_entry,
    party_entry,
    person_entry,
    service_entry,
)
from slm_agreement.application.ledger import AttemptCount
from slm_agreement.domain.checks.revision_backtest import RevisionBacktest
from slm_agreement.domain.contracting.comments import Comment
from slm_agreement.domain.people.accounts import Account
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.guests import GuestLink
from slm_agreement.domain.people.invitations import Invitation
from slm_agreement.domain.people.mails import Mail
from slm_agreement.domain.people.named_companies import NamedCompany
from slm_agreement.domain.people.openid import OpenIdLink, OpenIdLogIn
from slm_agreement.domain.people.people import Mandate, Party, Person, Requirement, Service
from slm_agreement.domain.people.relations import Relation
from slm_agreement.domain.people.sign_in_links import InstallationState, SignInLink
from slm_chassis.access import hash_of
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.database import Database, Transaction
from slm_chassis.sql_ledger import SqlLedgerOfTransaction, SqlRepository
from slm_events.agreement import PrincipalEnrolled

_DUE_AT_ONCE = 100
_FORGOTTEN_AT_ONCE = 100
_ONCE = "INSERT INTO done_once (name, at) VALUES (:name, :now) ON CONFLICT DO NOTHING"
_COUNT_ATTEMPT = """
INSERT INTO attempt (subject, count, until) VALUES (:subject, 1, :until)
ON CONFLICT (subject) DO UPDATE SET
    count = CASE WHEN attempt.until <= :now THEN 1 ELSE attempt.count + 1 END,
    until = CASE WHEN attempt.until <= :now THEN excluded.until ELSE attempt.until END
RETURNING count, until
"""


def person_from_row(mandates: list[dict[str, Any]], **row: Any) -> Person:
    """Return the person that a database row describes."""
    return Person(mandates=[Mandate(**mandate) for mandate in mandates], **row)


def principal_from_row(keys: list[dict[str, Any]], **row: Any) -> EnrolledPrincipal:
    """Return the principal that a database row describes."""
    return EnrolledPrincipal(keys=[ApiKey(**key) for key in keys], **row)


class PublishedPeople(SearchedRepository[Person]):
    """The people of all parties. This class publishes every change of a person, so that no use case can forget it."""

    async def put(self, *values: Person) -> None:
        """Insert or replace people, and publish their present state."""
        await super().put(*values)
        for person in values:
            self._searched.publish(person.recorded())


class SqlLedger(SqlLedgerOfTransaction):
    """The storage within one database transaction, by kind of object."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.parties = SearchedRepository(transaction, register_tables.party, Party, None, party_entry)
        self.named_companies = SearchedRepository(
            transaction, register_tables.named_company, NamedCompany, None, named_company_entry
        )
        self.people = PublishedPeople(transaction, register_tables.person, person_from_row, asdict, person_entry)
        self.services = SearchedRepository(transaction, register_tables.service, Service, None, service_entry)
        self.requirements = SqlRepository(transaction, register_tables.requirement, Requirement)
        self.principals = SqlRepository(transaction, register_tables.principal, principal_from_row, asdict)
        self.relations = SqlRepository(transaction, register_tables.party_relation, Relation)
        self.invitations = SqlRepository(transaction, register_tables.invitation, Invitation)
        self.accounts = SqlRepository(transaction, sign_in_tables.account, Account)
        self.comments = SqlRepository(transaction, agreement_tables.comment, Comment)
        self.sign_in_links = SqlRepository(transaction, sign_in_tables.sign_in_link, SignInLink)
        self.installation = SqlRepository(transaction, sign_in_tables.installation, InstallationState)
        self.mails = SqlRepository(transaction, sign_in_tables.mail, Mail)
        self.guest_links = SqlRepository(transaction, sign_in_tables.guest_link, GuestLink)
        self.openid_log_ins = SqlRepository(transaction, sign_in_tables.openid_log_in, OpenIdLogIn)
        self.openid_links = SqlRepository(transaction, sign_in_tables.openid_link, OpenIdLink)
        self.backtests = SqlRepository(transaction, agreement_tables.revision_backtest, RevisionBacktest)
        self.agreements = SqlAgreements(transaction)
        self.enrolled: list[PrincipalEnrolled] = []
        """Events about principals, to be applied to this process's registry after the commit."""

    async def invitation_with(self, sha256: str) -> str | None:
        """Return the id of the invitation whose code has this hash; None if there is none."""
        table = register_tables.invitation
        return await self._first(select(table.c.invitation_id).where(table.c.sha256 == sha256))

    async def principal_of(self, person_id: str) -> str | None:
        """Return the id of the principal of a person; None if there is none."""
        table = register_tables.principal
        return await self._first(select(table.c.principal_id).where(table.c.person_id == person_id))

    async def delete_account(self, principal_id: str) -> None:
        """Delete the account of a principal."""
        table = sign_in_tables.account
        await self._transaction.execute(delete(table).where(table.c.principal_id == principal_id))

    async def due_mail(self) -> Mail | None:
        """Lock and return the due mail that has waited longest; None if none is due.

        Mails that another transaction is sending are passed over.
        """
        table = sign_in_tables.mail
        due = select(table).where(table.c.next_try_at <= self.now).order_by(table.c.next_try_at).limit(1)
        row = (await self._transaction.execute(due.with_for_update(skip_locked=True))).mappings().one_or_none()
        return None if row is None else Mail(**row)

    async def delete_mail(self, mail_id: str) -> None:
        """Delete a mail that was sent."""
        await self._transaction.execute(delete(sign_in_tables.mail).where(sign_in_tables.mail.c.mail_id == mail_id))

    async def is_first_time(self, name: str) -> bool:
        """Return whether no transaction has called this method with this name before; the commit stores the name."""
        row = {"name": name, "now": self.now}
        return (await self._transaction.execute(text(_ONCE), row)).rowcount > 0

    async def has_parties(self) -> bool:
        """Whether any party is registered."""
        return await self._first(select(register_tables.party.c.party_id).limit(1)) is not None

    async def people_with(self, party_id: str, email: str) -> list[str]:
        """Return the ids of a party's people with this mail address, ignoring upper and lower case."""
        table = register_tables.person
        statement = select(table.c.person_id).where(
            table.c.party_id == party_id, func.lower(func.trim(table.c.email)) == email.strip().lower()
        )
        return list((await self._transaction.execute(statement)).scalars())

    async def people_at(self, email: str) -> list[Person]:
        """Return the people of all parties with this mail address, ignoring upper and lower case."""
        table = register_tables.person
        statement = select(table).where(func.lower(func.trim(table.c.email)) == email.strip().lower())
        rows = (await self._transaction.execute(statement.order_by(table.c.person_id))).mappings()
        return [person_from_row(**row) for row in rows]

    async def take_openid_log_in(self, sha256: str) -> OpenIdLogIn | None:
        """Delete and return the log-in whose ``state`` has this hash; None if there is no such log-in.

        If two transactions try at the same time, only one of them gets the log-in.
        """
        table = sign_in_tables.openid_log_in
        taken = delete(table).where(table.c.sha256 == sha256).returning(table)
        row = (await self._transaction.execute(taken)).mappings().one_or_none()
        return None if row is None else OpenIdLogIn(**row)

    async def forget_openid_log_ins(self) -> None:
        """Delete log-ins that have expired, a hundred at most."""
        table = sign_in_tables.openid_log_in
        over = select(table.c.sha256).where(table.c.expires_at <= self.now).limit(_FORGOTTEN_AT_ONCE)
        over = over.with_for_update(skip_locked=True)
        await self._transaction.execute(delete(table).where(table.c.sha256.in_(over)))

    async def attempt(self, subject: str, within: int) -> AttemptCount:
        """Count one attempt of a subject; return the count in the present time window, and when the window ends.

        A time window lasts ``within`` microseconds.
        """
        statement = text(_COUNT_ATTEMPT)
        given = {"subject": hash_of(subject), "now": self.now, "until": self.now + within}
        row = (await self._transaction.execute(statement, given)).mappings().one()
        return AttemptCount(row["count"], row["until"])

    async def take_back_attempt(self, subject: str) -> None:
        """Reduce the count of a subject's attempts by one."""
        table = sign_in_tables.attempt
        less = update(table).where(table.c.subject == hash_of(subject), table.c.count > 0)
        await self._transaction.execute(less.values(count=table.c.count - 1))

    async def forget_attempts(self) -> None:
        """Delete the counts of time windows that have ended, a hundred at most."""
        table = sign_in_tables.attempt
        # Rows that another transaction has locked are left to the next call, so that this statement never waits.
        over = select(table.c.subject).where(table.c.until <= self.now).limit(_FORGOTTEN_AT_ONCE)
        over = over.with_for_update(skip_locked=True)
        await self._transaction.execute(delete(table).where(table.c.subject.in_(over)))

    async def _first(self, statement: Select[tuple[str]]) -> str | None:
        return (await self._transaction.execute(statement)).scalars().first()

    def publish(self, event: Any, *, at: int | None = None, event_id: str | None = None) -> None:
        """Publish the event with the commit.

        An event about a principal is also kept for this process's registry of API keys.
        """
        super().publish(event, at=at, event_id=event_id)
        if isinstance(event, PrincipalEnrolled):
            self.enrolled.append(event)


class SqlLedgerFactory:
    """A factory of ledgers of one database.

    After each commit this process applies the events about principals to its own registry of API keys.
    """

    def __init__(self, database: Database, access: AccessRegistry, space: str, console_url: str | None = None) -> None:
        self.space = space
        self.console_url = console_url
        self._database = database
        self._access = access

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlLedger]:
        """Begin a transaction and yield its ledger. The changes commit when the ``async with`` ends, unless its body
        raises.
        """
        async with self._database.begin() as transaction:
            ledger = SqlLedger(transaction)
            yield ledger
        # Not from the log, so that a key just issued or revoked takes effect in this process with the next request.
        for event in ledger.enrolled:
            self._access.learn(event)

    async def due(self) -> list[str]:
        """Return the ids of agreements that have an automatic change due now, the earliest first."""
        table = agreement_tables.agreement_version
        statement = (
            select(table.c.agreement_id)
            .where(table.c.next_turn_at <= self._database.clock.now())
            .group_by(table.c.agreement_id)
            .order_by(func.min(table.c.next_turn_at))
            .limit(_DUE_AT_ONCE)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(statement)).scalars())
