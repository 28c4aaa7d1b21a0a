"""Queries for lists and single rows, limited to what the caller's party may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, Select, Table, and_, exists, false, func, or_, select, true

from slm_agreement.adapters import agreement_tables, register_tables, sign_in_tables
from slm_agreement.domain.people import service_status
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_chassis.tables import audit

Rows = Sequence[RowMapping]


async def fetch_rows(database: Database, statement: Select[Any]) -> Rows:
    """Return all rows of a query."""
    async with database.read() as connection:
        rows: Rows = (await connection.execute(statement)).mappings().all()
        return rows


@dataclass(frozen=True, slots=True)
class Listing:
    """A table whose rows the API lists by id, with the condition for the rows that a caller may see."""

    table: Table
    seen_by: Callable[[Principal], ColumnElement[bool]]

    @property
    def id(self) -> Column[str]:
        """The column of the ids by which the rows are ordered."""
        return next(iter(self.table.primary_key))


async def fetch_page(
    database: Database, listing: Listing, caller: Principal, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Return one page of the rows that the caller may see, and one more row if there is a next page."""
    statement = (
        select(listing.table)
        .where(page.beyond(listing.id), listing.seen_by(caller), *conditions)
        .order_by(listing.id)
        .limit(page.fetch)
    )
    return await fetch_rows(database, statement)


async def fetch_row(database: Database, listing: Listing, caller: Principal, identity: str) -> RowMapping | None:
    """Return the row with this id; None if there is none, or the caller may not see it."""
    statement = select(listing.table).where(listing.id == identity, listing.seen_by(caller))
    async with database.read() as connection:
        return (await connection.execute(statement)).mappings().one_or_none()


async def fetch_agreement_history(database: Database, caller: Principal, agreement_id: str, page: Page) -> Rows:
    """Return a page of the audit entries about an agreement, oldest first.

    Entries about a draft that only the other party may see are left out.
    """
    private = audit.c.detail["private"].as_boolean()
    may_see = true() if caller.is_operator else or_(private.isnot(True), audit.c.party_id == caller.party_id)
    statement = (
        select(audit)
        .where(audit.c.subject == agreement_id, may_see, page.beyond(audit.c.seq))
        .order_by(audit.c.seq)
        .limit(page.fetch)
    )
    return await fetch_rows(database, statement)


async def fetch_comments(
    database: Database, caller: Principal, agreement_id: str, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Return a page of an agreement's comments, oldest first, without the other party's internal comments.

    Every comment that is not internal is on a revision that both parties may read.
    """
    comment = agreement_tables.comment
    statement = (
        select(comment)
        .where(
            comment.c.agreement_id == agreement_id,
            or_(comment.c.internal.is_(False), belongs_to_caller(caller, comment.c.party_id)),
            page.beyond(comment.c.written_at, comment.c.comment_id),
            *conditions,
        )
        .order_by(comment.c.written_at, comment.c.comment_id)
        .limit(page.fetch)
    )
    return await fetch_rows(database, statement)


def has_external_reference(table: Table, system: str, identity: str) -> ColumnElement[bool]:
    """Return the condition that a row has the external reference with this system and id."""
    return table.c.external_refs.contains([{"system": system, "id": identity}])


def service_has_status(status: str) -> ColumnElement[bool]:
    """Return the condition that a service has this status; a service without a history of statuses is live."""
    latest = register_tables.service.c.status_history[-1]["status"].as_string()
    return func.coalesce(latest, service_status.LIVE) == status


def has_configuration_item(caller: Principal, system: str, identity: str) -> ColumnElement[bool]:
    """Return the condition that a service of the caller's party has the configuration item with this reference.

    Only the provider can read configuration items, so services of others never match.
    """
    service = register_tables.service
    wanted = [{"external_refs": [{"system": system, "id": identity}]}]
    return and_(service.c.configuration_items.contains(wanted), service.c.provider_party_id == caller.party_id)


def belongs_to_caller(caller: Principal, party_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the caller's party; for an operator it is always true."""
    if caller.is_operator:
        return true()
    # Without this, "party_id IS NULL" would show a caller without party the rows of operators.
    return false() if caller.party_id is None else party_id == caller.party_id


def _sees_party(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for parties that the caller may see: its own and those related to it."""
    party_id = register_tables.party.c.party_id
    return or_(belongs_to_caller(caller, party_id), _knows(caller, party_id))


def _sees_service(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for services that the caller may see: those of its own party, of related parties, and of the
    companies that its party named.
    """
    provider, company = register_tables.service.c.provider_party_id, register_tables.named_company
    named = exists().where(company.c.party_id == provider, company.c.named_by_party_id == caller.party_id)
    return or_(belongs_to_caller(caller, provider), _knows(caller, provider), named)


def _knows(caller: Principal, party_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that the party in this column is related to the caller's party."""
    relation = register_tables.party_relation
    together = or_(
        and_(relation.c.first_party_id == party_id, relation.c.second_party_id == caller.party_id),
        and_(relation.c.second_party_id == party_id, relation.c.first_party_id == caller.party_id),
    )
    return exists().where(together)


def _sees_requirement(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for requirements of the caller's party, and requirements of others for its services."""
    service, requirement = register_tables.service, register_tables.requirement
    provided = and_(service.c.service_id == requirement.c.service_id, service.c.provider_party_id == caller.party_id)
    return or_(belongs_to_caller(caller, requirement.c.customer_party_id), exists().where(provided))


def _sees_relation(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for relations of the caller's party. Operators see all."""
    relation = register_tables.party_relation
    return or_(
        belongs_to_caller(caller, relation.c.first_party_id), belongs_to_caller(caller, relation.c.second_party_id)
    )


def caller_sees_agreement(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for agreements of the caller's party. Operators see all."""
    agreement = agreement_tables.agreement
    return or_(
        belongs_to_caller(caller, agreement.c.provider_party_id),
        belongs_to_caller(caller, agreement.c.customer_party_id),
    )


def caller_sees_version(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for versions that the caller may see, as ``Version.visible_to`` decides.

    A draft is visible only to its author's party until it is proposed.
    """
    version = agreement_tables.agreement_version
    shared = func.coalesce(version.c.drafted_by_party_id, caller.party_id) == caller.party_id
    return or_(true() if caller.is_operator else shared, version.c.tabled.isnot(None))


def _sees_invitation(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for invitations that the caller may see.

    These are the invitations that the caller's party made, and the invitations that are for people of this party. If an
    invited person may sign, the invitation counts as made by an operator: a manager of the person's party sees it, but
    cannot withdraw it.
    """
    invitation, principal = register_tables.invitation, register_tables.principal
    is_of_own_person = exists().where(
        principal.c.principal_id == invitation.c.principal_id, belongs_to_caller(caller, principal.c.party_id)
    )
    return or_(belongs_to_caller(caller, invitation.c.party_id), is_of_own_person)


def _of_party(table: Table) -> Callable[[Principal], ColumnElement[bool]]:
    """Return a function from a caller to the condition for rows of the caller's party. Operators see all."""
    return lambda caller: belongs_to_caller(caller, table.c.party_id)


PARTIES = Listing(register_tables.party, _sees_party)
NAMED_COMPANIES = Listing(
    register_tables.named_company,
    lambda caller: belongs_to_caller(caller, register_tables.named_company.c.named_by_party_id),
)
PEOPLE = Listing(register_tables.person, _of_party(register_tables.person))
PRINCIPALS = Listing(register_tables.principal, _of_party(register_tables.principal))
INVITATIONS = Listing(register_tables.invitation, _sees_invitation)
GUEST_LINKS = Listing(sign_in_tables.guest_link, _of_party(sign_in_tables.guest_link))
RELATIONS = Listing(register_tables.party_relation, _sees_relation)
SERVICES = Listing(register_tables.service, _sees_service)
REQUIREMENTS = Listing(register_tables.requirement, _sees_requirement)
