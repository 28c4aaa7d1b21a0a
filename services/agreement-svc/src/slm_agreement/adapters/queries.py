"""Queries for lists and single rows, limited to what the caller's party may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, Table, and_, exists, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from slm_agreement.adapters import tables
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_chassis.tables import audit

Rows = Sequence[RowMapping]


@dataclass(frozen=True, slots=True)
class Listing:
    """A table that can be listed by id, and the condition that selects the rows a caller may see."""

    table: Table
    seen_by: Callable[[Principal], ColumnElement[bool]]

    @property
    def id(self) -> Column[str]:
        """The column of the ids."""
        return next(iter(self.table.primary_key))


async def page_of(
    database: Database, listing: Listing, caller: Principal, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Return one page of the rows that the caller may see, and one more row."""
    statement = (
        select(listing.table)
        .where(page.beyond(listing.id), listing.seen_by(caller), *conditions)
        .order_by(listing.id)
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return (await connection.execute(statement)).mappings().all()


async def one_of(database: Database, listing: Listing, caller: Principal, identity: str) -> RowMapping | None:
    """Return the row with that id; None if the caller may not see it."""
    statement = select(listing.table).where(listing.id == identity, listing.seen_by(caller))
    async with database.read() as connection:
        return (await connection.execute(statement)).mappings().one_or_none()


async def agreements(database: Database, caller: Principal, page: Page, *conditions: ColumnElement[bool]) -> Rows:
    """Return a page of the caller's agreements, each with the version signed last or, if none is signed, the newest."""
    agreement, version = tables.agreement, tables.agreement_version
    shown = (
        select(version)
        .join(agreement, agreement.c.agreement_id == version.c.agreement_id)
        .where(_sees_agreement(caller), _sees_version(caller))
        .ext(distinct_on(version.c.agreement_id))
        .order_by(version.c.agreement_id, version.c.finalized_at.desc().nulls_last(), version.c.number.desc())
        .subquery()
    )
    statement = (
        select(agreement, shown.c.number.label("version"), *(shown.c[name] for name in _SHOWN_OF_VERSION))
        .join(shown, shown.c.agreement_id == agreement.c.agreement_id)
        .where(page.beyond(agreement.c.agreement_id), *conditions)
        .order_by(agreement.c.agreement_id)
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return (await connection.execute(statement)).mappings().all()


async def history(database: Database, caller: Principal, agreement_id: str, page: Page) -> Rows:
    """Return a page of what was done to an agreement, oldest first, without another party's private drafts."""
    private = audit.c.detail["private"].as_boolean()
    may_see = true() if caller.is_operator else or_(private.isnot(True), audit.c.party_id == caller.party_id)
    statement = (
        select(audit)
        .where(audit.c.subject == agreement_id, may_see, page.beyond(audit.c.seq))
        .order_by(audit.c.seq)
        .limit(page.fetch)
    )
    async with database.read() as connection:
        return (await connection.execute(statement)).mappings().all()


def having_reference(table: Table, system: str, identity: str) -> ColumnElement[bool]:
    """Return the condition that a row has this id in another system."""
    return table.c.external_refs.contains([{"system": system, "id": identity}])


_SHOWN_OF_VERSION = ("state", "title", "effective_at", "ends_at", "finalized_at", "ended_at")


def _own(caller: Principal, party_id: ColumnElement[Any]) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    # Without this, "party_id IS NULL" would show a caller without party the rows of operators.
    return false() if caller.party_id is None else party_id == caller.party_id


def _sees_party(caller: Principal) -> ColumnElement[bool]:
    """Select the caller's own party and the parties related to it."""
    party_id = tables.party.c.party_id
    return or_(_own(caller, party_id), _knows(caller, party_id))


def _sees_service(caller: Principal) -> ColumnElement[bool]:
    """Select the services of the caller's own party and of the parties related to it."""
    provider = tables.service.c.provider_party_id
    return or_(_own(caller, provider), _knows(caller, provider))


def _knows(caller: Principal, party_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Select rows of parties that are related to the caller's."""
    relation = tables.party_relation
    together = or_(
        and_(relation.c.first_party_id == party_id, relation.c.second_party_id == caller.party_id),
        and_(relation.c.second_party_id == party_id, relation.c.first_party_id == caller.party_id),
    )
    return exists().where(together)


def _sees_requirement(caller: Principal) -> ColumnElement[bool]:
    """Select the requirements of the caller's party, and those that others have of its services."""
    service, requirement = tables.service, tables.requirement
    provided = and_(service.c.service_id == requirement.c.service_id, service.c.provider_party_id == caller.party_id)
    return or_(_own(caller, requirement.c.customer_party_id), exists().where(provided))


def _sees_relation(caller: Principal) -> ColumnElement[bool]:
    """Select the relations of the caller's party. Operators see all."""
    relation = tables.party_relation
    return or_(_own(caller, relation.c.first_party_id), _own(caller, relation.c.second_party_id))


def _sees_agreement(caller: Principal) -> ColumnElement[bool]:
    agreement = tables.agreement
    return or_(_own(caller, agreement.c.provider_party_id), _own(caller, agreement.c.customer_party_id))


def _sees_version(caller: Principal) -> ColumnElement[bool]:
    """Select the versions that ``Version.visible_to`` allows: a draft is visible only to its author until it is
    proposed.
    """
    version = tables.agreement_version
    shared = func.coalesce(version.c.drafted_by_party_id, caller.party_id) == caller.party_id
    return or_(true() if caller.is_operator else shared, version.c.tabled.isnot(None))


def _of_party(table: Table) -> Callable[[Principal], ColumnElement[bool]]:
    """Return a condition that selects the rows of the caller's party. Operators see all."""
    return lambda caller: _own(caller, table.c.party_id)


PARTIES = Listing(tables.party, _sees_party)
PEOPLE = Listing(tables.person, _of_party(tables.person))
PRINCIPALS = Listing(tables.principal, _of_party(tables.principal))
INVITATIONS = Listing(tables.invitation, _of_party(tables.invitation))
RELATIONS = Listing(tables.party_relation, _sees_relation)
SERVICES = Listing(tables.service, _sees_service)
REQUIREMENTS = Listing(tables.requirement, _sees_requirement)
