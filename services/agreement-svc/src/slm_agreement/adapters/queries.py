"""The read side: lists for a caller, filtered by what its party may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, and_, exists, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_agreement.adapters import tables
from slm_chassis.access import Principal
from slm_chassis.http.paging import Page
from slm_chassis.tables import audit

Rows = Sequence[RowMapping]


async def parties(connection: AsyncConnection, caller: Principal, page: Page, *conditions: ColumnElement[bool]) -> Rows:
    """The caller's own party and those it has a relation with."""
    return await _list(connection, tables.party, page, _sees_party(caller), *conditions)


async def people(connection: AsyncConnection, caller: Principal, page: Page, *conditions: ColumnElement[bool]) -> Rows:
    """People of the caller's party."""
    return await _list(connection, tables.person, page, _own(caller, tables.person.c.party_id), *conditions)


async def principals(
    connection: AsyncConnection, caller: Principal, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Principals of the caller's party."""
    return await _list(connection, tables.principal, page, _own(caller, tables.principal.c.party_id), *conditions)


async def relations(
    connection: AsyncConnection, caller: Principal, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Relations of the caller's party; operators see all."""
    table = tables.party_relation
    mine = or_(_own(caller, table.c.first_party_id), _own(caller, table.c.second_party_id))
    return await _list(connection, table, page, mine, *conditions)


async def invitations(
    connection: AsyncConnection, caller: Principal, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Invitations that the caller's party made; operators see all."""
    return await _list(connection, tables.invitation, page, _own(caller, tables.invitation.c.party_id), *conditions)


async def services(
    connection: AsyncConnection, caller: Principal, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Services of the caller's party, and of those it has a relation with."""
    return await _list(connection, tables.service, page, _sees_service(caller), *conditions)


async def requirements(
    connection: AsyncConnection, caller: Principal, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Requirements the caller's party recorded, or that others have of its services."""
    return await _list(connection, tables.requirement, page, _sees_requirement(caller), *conditions)


async def agreements(
    connection: AsyncConnection, caller: Principal, page: Page, *conditions: ColumnElement[bool]
) -> Rows:
    """Agreements of the caller's party, each with the version signed last, else the newest one it may see."""
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
    return (await connection.execute(statement)).mappings().all()


async def history(connection: AsyncConnection, caller: Principal, agreement_id: str, page: Page) -> Rows:
    """What was done to an agreement by whom, the first first; another party's private drafts left out."""
    private = audit.c.detail["private"].as_boolean()
    may_see = true() if caller.is_operator else or_(private.isnot(True), audit.c.party_id == caller.party_id)
    statement = (
        select(audit)
        .where(audit.c.subject == agreement_id, may_see, page.beyond(audit.c.seq))
        .order_by(audit.c.seq)
        .limit(page.fetch)
    )
    return (await connection.execute(statement)).mappings().all()


def having_reference(table: Table, system: str, identity: str) -> ColumnElement[bool]:
    """Things that are ``identity`` in another ``system``."""
    return table.c.external_refs.contains([{"system": system, "id": identity}])


def with_id(table: Table, identity: str) -> ColumnElement[bool]:
    key: ColumnElement[str] = next(iter(table.primary_key))
    return key == identity


_SHOWN_OF_VERSION = ("state", "title", "effective_at", "ends_at", "finalized_at", "ended_at")


async def _list(connection: AsyncConnection, table: Table, page: Page, *conditions: ColumnElement[bool]) -> Rows:
    key = next(iter(table.primary_key))
    statement = select(table).where(page.beyond(key), *conditions).order_by(key).limit(page.fetch)
    return (await connection.execute(statement)).mappings().all()


def _own(caller: Principal, party_id: ColumnElement[Any]) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    # Compared with no party at all, SQL would show what belongs to operators.
    return false() if caller.party_id is None else party_id == caller.party_id


def _sees_party(caller: Principal) -> ColumnElement[bool]:
    party_id = tables.party.c.party_id
    return or_(_own(caller, party_id), _knows(caller, party_id))


def _sees_service(caller: Principal) -> ColumnElement[bool]:
    provider = tables.service.c.provider_party_id
    return or_(_own(caller, provider), _knows(caller, provider))


def _knows(caller: Principal, party_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the caller's party has a relation with the party of a row."""
    relation = tables.party_relation
    together = or_(
        and_(relation.c.first_party_id == party_id, relation.c.second_party_id == caller.party_id),
        and_(relation.c.second_party_id == party_id, relation.c.first_party_id == caller.party_id),
    )
    return exists().where(together)


def _sees_requirement(caller: Principal) -> ColumnElement[bool]:
    service, requirement = tables.service, tables.requirement
    provided = and_(service.c.service_id == requirement.c.service_id, service.c.provider_party_id == caller.party_id)
    return or_(_own(caller, requirement.c.customer_party_id), exists().where(provided))


def _sees_agreement(caller: Principal) -> ColumnElement[bool]:
    agreement = tables.agreement
    return or_(_own(caller, agreement.c.provider_party_id), _own(caller, agreement.c.customer_party_id))


def _sees_version(caller: Principal) -> ColumnElement[bool]:
    """As ``Version.visible_to``: a draft is its author's alone until it is proposed."""
    version = tables.agreement_version
    shared = func.coalesce(version.c.drafted_by_party_id, caller.party_id) == caller.party_id
    return or_(true() if caller.is_operator else shared, version.c.tabled.isnot(None))
