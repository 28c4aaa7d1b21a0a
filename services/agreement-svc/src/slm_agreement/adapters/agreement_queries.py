"""Queries of agreements for lists and summaries: list rows, acts needed of a party, approaching ends, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    Text,
    and_,
    column,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, distinct_on

from slm_agreement.adapters import agreement_tables, register_tables
from slm_agreement.adapters.queries import Rows, caller_sees_agreement, caller_sees_version, fetch_rows
from slm_agreement.domain.contracting.needs import SIGNATURE
from slm_agreement.domain.versions.agreement import OPEN
from slm_agreement.domain.versions.term import LIVE
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page

MOST_NEEDS = MOST_ENDING = MOST_SIGNED = 200
"""The most rows of each list in a summary."""
_SHOWN_OF_VERSION = ("state", "title", "timezone", "ends_at", "finalized_at", "ended_at")
_NEED = ("need", "about", "deadline")


@dataclass(frozen=True, slots=True)
class AgreementFilter:
    """The conditions of a list of agreements. None and empty mean: no condition."""

    state: str | None = None
    needs: str | None = None
    conditions: Sequence[ColumnElement[bool]] = field(default_factory=tuple)
    """Further SQL conditions on the table of agreements."""


async def fetch_agreements(database: Database, caller: Principal, page: Page, wanted: AgreementFilter) -> Rows:
    """Return a page of the caller's agreements, each with the version signed last or, if none is signed, the newest.

    Each row also has the names of the parties and the service, and the version being negotiated if the caller may see
    one.
    """
    agreement = agreement_tables.agreement
    shown, open_ = select_shown_versions(caller), _negotiated(caller)
    conditions = [*wanted.conditions]
    conditions += [shown.c.state == wanted.state] if wanted.state is not None else []
    if wanted.needs is not None:
        needed = _needs(caller).subquery()
        mine = select(needed.c.agreement_id).where(needed.c.yours, needed.c.need == wanted.needs)
        conditions.append(agreement.c.agreement_id.in_(mine))
    statement = (
        _with_names(
            select(
                agreement,
                shown.c.number.label("version"),
                shown.c.starts_at.label("effective_at"),
                *(shown.c[name] for name in _SHOWN_OF_VERSION),
                *(open_.c[name].label(f"open_{name}") for name in _OPEN),
            ),
            agreement.join(shown, shown.c.agreement_id == agreement.c.agreement_id).outerjoin(
                open_, open_.c.agreement_id == agreement.c.agreement_id
            ),
        )
        .where(page.beyond(agreement.c.agreement_id), *conditions)
        .order_by(agreement.c.agreement_id)
        .limit(page.fetch)
    )
    return await fetch_rows(database, statement)


async def fetch_needs_of_agreements(database: Database, caller: Principal, agreement_ids: Sequence[str]) -> Rows:
    """Return the acts that these agreements need of the caller's party, the earliest deadline first."""
    needed = _needs(caller).subquery()
    statement = (
        select(needed)
        .where(needed.c.agreement_id.in_(agreement_ids))
        .order_by(needed.c.deadline.nulls_last(), needed.c.agreement_id, needed.c.version)
    )
    return await fetch_rows(database, statement)


async def fetch_all_needs(database: Database, caller: Principal) -> Rows:
    """Return the acts that all agreements need of the caller's party, with the names of parties and services.

    Acts that the caller may perform come first, then all other acts. Both groups begin with the earliest deadline.
    """
    needed, agreement = _needs(caller).subquery(), agreement_tables.agreement
    source = agreement.join(needed, needed.c.agreement_id == agreement.c.agreement_id)
    statement = (
        _with_names(select(agreement, *(each for each in needed.c if each.name != "agreement_id")), source)
        .order_by(needed.c.yours.desc(), needed.c.deadline.nulls_last(), agreement.c.agreement_id)
        .limit(MOST_NEEDS)
    )
    return await fetch_rows(database, statement)


async def count_agreements_by_state(database: Database, caller: Principal) -> dict[str, int]:
    """Return how many of the caller's agreements are in each state.

    An agreement counts by the version shown in lists: the one signed last or, if none is signed, the newest.
    """
    shown = select_shown_versions(caller)
    statement = select(shown.c.state, func.count()).group_by(shown.c.state)
    async with database.read() as connection:
        return {str(state): int(number) for state, number in await connection.execute(statement)}


async def count_needs_by_kind(database: Database, caller: Principal) -> dict[str, int]:
    """Return how many acts of each kind the caller may perform."""
    needed = _needs(caller).subquery()
    statement = select(needed.c.need, func.count()).where(needed.c.yours).group_by(needed.c.need)
    async with database.read() as connection:
        return {str(need): int(number) for need, number in await connection.execute(statement)}


async def fetch_ending_versions(database: Database, caller: Principal, now: int, until: int) -> Rows:
    """Return signed versions that end, or can be given notice for the last time, between ``now`` and ``until``.

    The earliest come first. Instants are microseconds UTC.
    """
    agreement, version = agreement_tables.agreement, agreement_tables.agreement_version
    ahead = or_(version.c.ends_at.between(now, until), version.c.last_notice_at.between(now, until))
    first = func.least(
        func.nullif(func.greatest(version.c.last_notice_at, now), now), func.greatest(version.c.ends_at, now)
    )
    statement = (
        _with_names(
            select(
                agreement,
                version.c.number.label("version"),
                version.c.title,
                version.c.timezone,
                version.c.state,
                version.c.ends_at,
                version.c.last_notice_at,
                version.c.end_reason,
            ),
            agreement.join(version, version.c.agreement_id == agreement.c.agreement_id),
        )
        .where(caller_sees_agreement(caller), version.c.state.in_([str(state) for state in LIVE]), ahead)
        .order_by(first, agreement.c.agreement_id, version.c.number)
        .limit(MOST_ENDING)
    )
    return await fetch_rows(database, statement)


async def fetch_signed_versions(database: Database, caller: Principal, since: int) -> Rows:
    """Return versions that have not ended and got their last signature at or after ``since``, the latest first.

    ``since`` is microseconds UTC.
    """
    agreement, version = agreement_tables.agreement, agreement_tables.agreement_version
    statement = (
        _with_names(
            select(
                agreement,
                version.c.number.label("version"),
                version.c.title,
                version.c.timezone,
                version.c.state,
                version.c.finalized_at,
                version.c.starts_at.label("effective_at"),
            ),
            agreement.join(version, version.c.agreement_id == agreement.c.agreement_id),
        )
        .where(
            caller_sees_agreement(caller),
            version.c.state.in_([str(state) for state in LIVE]),
            version.c.finalized_at >= since,
        )
        .order_by(version.c.finalized_at.desc(), agreement.c.agreement_id, version.c.number)
        .limit(MOST_SIGNED)
    )
    return await fetch_rows(database, statement)


async def fetch_sides_of_party(database: Database, caller: Principal) -> tuple[bool, bool]:
    """Return whether the caller's party is the provider of any agreement, and whether it is the customer of any.

    Only agreements that the caller may see count.
    """
    if caller.party_id is None:
        return False, False
    agreement, version = agreement_tables.agreement, agreement_tables.agreement_version
    is_side = [
        exists().where(
            column_ == caller.party_id,
            version.c.agreement_id == agreement.c.agreement_id,
            caller_sees_version(caller),
        )
        for column_ in (agreement.c.provider_party_id, agreement.c.customer_party_id)
    ]
    async with database.read() as connection:
        row = (await connection.execute(select(*is_side))).one()
    return bool(row[0]), bool(row[1])


_OPEN = ("number", "state", "title", "timezone", "awaited_party_id", "answer_by", "answer_missed_at")


def select_shown_versions(caller: Principal) -> FromClause:
    """Return a subquery with one version of each of the caller's agreements: the one shown in lists.

    That is the version signed last or, if none is signed, the newest that the caller may see.
    """
    agreement, version = agreement_tables.agreement, agreement_tables.agreement_version
    return (
        select(version)
        .join(agreement, agreement.c.agreement_id == version.c.agreement_id)
        .where(caller_sees_agreement(caller), caller_sees_version(caller))
        .ext(distinct_on(version.c.agreement_id))
        .order_by(version.c.agreement_id, version.c.finalized_at.desc().nulls_last(), version.c.number.desc())
        .subquery("shown")
    )


def _negotiated(caller: Principal) -> FromClause:
    """Return a subquery with one version of each agreement: the newest of those that are being negotiated.

    Versions that the caller may not see are left out.
    """
    agreement, version = agreement_tables.agreement, agreement_tables.agreement_version
    return (
        select(version)
        .join(agreement, agreement.c.agreement_id == version.c.agreement_id)
        .where(
            caller_sees_agreement(caller),
            caller_sees_version(caller),
            version.c.state.in_([str(state) for state in OPEN]),
        )
        .ext(distinct_on(version.c.agreement_id))
        .order_by(version.c.agreement_id, version.c.number.desc())
        .subquery("negotiated")
    )


def _needs(caller: Principal) -> Select[Any]:
    """Return the query of the acts that versions need of the caller's party.

    The column ``yours`` says whether the caller may perform the act personally.
    """
    agreement, version = agreement_tables.agreement, agreement_tables.agreement_version
    need = (
        func.jsonb_to_recordset(version.c.needs)
        .table_valued(
            column("need", Text),
            column("about", Text),
            column("party_id", Text),
            column("roles", JSONB),
            column("person_id", Text),
            column("not_by", JSONB),
            column("deadline", BigInteger),
        )
        .render_derived(name="need", with_types=True)
    )
    own = false() if caller.party_id is None else need.c.party_id == caller.party_id
    yours = and_(
        need.c.roles.has_any(literal(sorted(caller.roles), ARRAY(Text))),
        or_(need.c.person_id.is_(None), need.c.person_id == literal(caller.person_id, Text)),
        ~need.c.not_by.contains([caller.person_id]),
    )
    signature, revision = agreement_tables.signature, agreement_tables.revision
    signed_by_other = (
        select(func.max(signature.c.signed_at))
        .where(
            need.c.need == SIGNATURE,
            signature.c.agreement_id == version.c.agreement_id,
            signature.c.version == version.c.number,
            signature.c.party_id != caller.party_id,
            revision.c.agreement_id == version.c.agreement_id,
            revision.c.version == version.c.number,
            revision.c.number == version.c.tabled,
            revision.c.hash == signature.c.revision_hash,
        )
        .correlate(version, need)
        .scalar_subquery()
    )
    return (
        select(
            version.c.agreement_id,
            version.c.number.label("version"),
            version.c.title,
            version.c.timezone,
            version.c.state,
            *(need.c[name] for name in _NEED),
            signed_by_other.label("other_signed_at"),
            yours.label("yours"),
        )
        .select_from(version.join(agreement, agreement.c.agreement_id == version.c.agreement_id).join(need, true()))
        .where(caller_sees_agreement(caller), caller_sees_version(caller), own)
    )


def _sides() -> CompoundSelect[Any]:
    """Return the query of the ids and names of all that can be a side of an agreement: parties and named companies."""
    party, company = register_tables.party, register_tables.named_company
    return union_all(select(party.c.party_id, party.c.name), select(company.c.party_id, company.c.name))


def _with_names(statement: Select[Any], source: FromClause) -> Select[Any]:
    """Return the statement with the names of the parties and the service of each agreement in ``source``."""
    agreement, service = agreement_tables.agreement, register_tables.service
    provider, customer = (_sides().subquery(side) for side in ("provider", "customer"))
    named = (
        source.join(provider, provider.c.party_id == agreement.c.provider_party_id)
        .join(customer, customer.c.party_id == agreement.c.customer_party_id)
        .join(service, service.c.service_id == agreement.c.service_id)
    )
    return statement.add_columns(
        provider.c.name.label("provider_name"),
        customer.c.name.label("customer_name"),
        service.c.name.label("service_name"),
        service.c.outcome.label("service_outcome"),
    ).select_from(named)
