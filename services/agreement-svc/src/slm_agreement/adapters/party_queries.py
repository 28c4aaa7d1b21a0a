"""Queries of the parties that the caller's party has agreements with, and of the people who may sign."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from slm_agreement.adapters import agreement_tables, register_tables
from slm_agreement.adapters.agreement_queries import select_shown_versions
from slm_agreement.adapters.queries import PARTIES, Rows, fetch_rows
from slm_agreement.domain.versions.agreement import OPEN
from slm_agreement.domain.versions.term import LIVE
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page

RELATIONS = ("customer", "supplier")


async def fetch_party_summaries(database: Database, caller: Principal, page: Page, relation: str | None) -> Rows:
    """Return a page of the parties related to the caller's party, in the order of their names.

    Each row counts the agreements between the two parties. ``relation`` selects parties that are a ``customer`` or
    ``supplier`` of the caller's party by an agreement; None selects all.
    """
    party = register_tables.party
    statement, agreed = _summary(caller)
    # The caller's party is no relation of its own.
    statement = statement.where(party.c.party_id.is_distinct_from(caller.party_id))
    if relation is not None:
        statement = statement.where(agreed.c[f"is_{relation}"])
    statement = (
        statement.where(page.beyond(party.c.name, party.c.party_id))
        .order_by(party.c.name, party.c.party_id)
        .limit(page.fetch)
    )
    return await fetch_rows(database, statement)


async def fetch_party_summary(database: Database, caller: Principal, party_id: str) -> Any:
    """Return the row of one party, with counts of its agreements with the caller's party; None if the caller may not
    see it.

    ``party_id`` may also be the caller's own party.
    """
    statement, _ = _summary(caller)
    async with database.read() as connection:
        return (
            (await connection.execute(statement.where(register_tables.party.c.party_id == party_id)))
            .mappings()
            .one_or_none()
        )


async def fetch_people_with_mandates(database: Database, party_id: str) -> Rows:
    """Return the people of a party who have a mandate to sign, in the order of their names."""
    person = register_tables.person
    statement = (
        select(person)
        .where(person.c.party_id == party_id, func.jsonb_array_length(person.c.mandates) > 0)
        .order_by(person.c.name, person.c.person_id)
    )
    return await fetch_rows(database, statement)


async def fetch_signers(database: Database, caller: Principal, party_id: str) -> Rows:
    """Return the people of another party who signed an agreement with the caller's party, each with the latest
    signature.
    """
    agreement, signature = agreement_tables.agreement, agreement_tables.signature
    between = or_(
        and_(agreement.c.provider_party_id == party_id, agreement.c.customer_party_id == caller.party_id),
        and_(agreement.c.customer_party_id == party_id, agreement.c.provider_party_id == caller.party_id),
    )
    statement = (
        select(signature)
        .join(agreement, agreement.c.agreement_id == signature.c.agreement_id)
        .where(between, signature.c.party_id == party_id)
        .ext(distinct_on(signature.c.person_id))
        .order_by(signature.c.person_id, signature.c.signed_at.desc())
    )
    return await fetch_rows(database, statement)


def _summary(caller: Principal) -> tuple[Select[Any], FromClause]:
    party = register_tables.party
    agreed = _agreed(caller)
    statement = (
        select(party, *(each for each in agreed.c if each.name != "other_party_id"))
        .outerjoin(agreed, agreed.c.other_party_id == party.c.party_id)
        .where(PARTIES.seen_by(caller))
    )
    return statement, agreed


def _agreed(caller: Principal) -> FromClause:
    """Return a subquery with one row for each party with which the caller has agreements: their counts and dates."""
    agreement, shown = agreement_tables.agreement, select_shown_versions(caller)
    provides = agreement.c.provider_party_id == caller.party_id
    receives = agreement.c.customer_party_id == caller.party_id
    other: ColumnElement[str] = case((provides, agreement.c.customer_party_id), else_=agreement.c.provider_party_id)

    def number_in(states: frozenset[Any]) -> ColumnElement[int]:
        return func.count().filter(shown.c.state.in_([str(state) for state in states]))

    live = shown.c.state.in_([str(state) for state in LIVE])
    return (
        select(
            other.label("other_party_id"),
            func.bool_or(provides).label("is_customer"),
            func.bool_or(receives).label("is_supplier"),
            func.count().label("agreements"),
            number_in(LIVE).label("signed"),
            number_in(OPEN).label("negotiated"),
            func.min(shown.c.ends_at).filter(live).label("next_end_at"),
            func.min(shown.c.last_notice_at).filter(live).label("next_notice_at"),
        )
        .join(shown, shown.c.agreement_id == agreement.c.agreement_id)
        .where(or_(provides, receives))
        .group_by(other)
        .subquery("agreed")
    )
