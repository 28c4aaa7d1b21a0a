"""The search for agreements, targets, services, parties and people among those that the caller may see."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, true

from slm_agreement.adapters import agreement_tables, register_tables, search_tables
from slm_agreement.adapters.queries import Rows, fetch_rows
from slm_agreement.adapters.search_words import split_search_words
from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page

KINDS = ("agreement", "service", "party", "target", "person")
"""The kinds of search results. Of results that match equally well, earlier kinds come first."""


async def search_entries(database: Database, caller: Principal, page: Page, text: str, kind: str | None) -> Rows:
    """Return a page of the search entries that match a text, the best first. If ``kind`` is given, only entries of that
    kind.

    Each word of the text must be the beginning of a word of the entry. Entries whose title equals the text come first,
    then titles that begin with the text, then titles with all its words, then all others. An agreement is also found by
    the names of its parties.
    """
    words = split_search_words(text)
    if not words:
        return []
    entry, agreement = search_tables.search_entry, agreement_tables.agreement
    provider, customer = entry.alias("provider"), entry.alias("customer")
    is_agreement = entry.c.kind == "agreement"
    names = func.coalesce(provider.c.words, "") + func.coalesce(customer.c.words, "")
    other = case((provider.c.id == caller.party_id, customer.c.title), else_=provider.c.title)
    wanted = [(entry.c.words + names).contains(f" {word}", autoescape=True) for word in words]
    found = (
        select(
            entry.c.kind,
            entry.c.id,
            entry.c.agreement_id,
            entry.c.title,
            case((is_agreement, func.coalesce(other, entry.c.subtitle)), else_=entry.c.subtitle).label("subtitle"),
            entry.c.title_words,
            _rank(entry.c.title_words, words).label("rank"),
            case({each: place for place, each in enumerate(KINDS)}, value=entry.c.kind).label("place"),
        )
        .select_from(
            entry.outerjoin(agreement, and_(is_agreement, agreement.c.agreement_id == entry.c.id))
            .outerjoin(provider, and_(provider.c.kind == "party", provider.c.id == agreement.c.provider_party_id))
            .outerjoin(customer, and_(customer.c.kind == "party", customer.c.id == agreement.c.customer_party_id))
        )
        .where(_visible(caller), *wanted, true() if kind is None else entry.c.kind == kind)
        .subquery("found")
    )
    order = (found.c.rank, found.c.place, found.c.title_words, found.c.id)
    statement = select(found).where(page.beyond(*order)).order_by(*order).limit(page.fetch)
    return await fetch_rows(database, statement)


def _rank(title: ColumnElement[str], words: list[str]) -> ColumnElement[int]:
    text = " ".join(words)
    return case(
        (title == f" {text} ", literal(0)),
        (title.startswith(f" {text}", autoescape=True), literal(1)),
        (and_(*(title.contains(f" {word}", autoescape=True) for word in words)), literal(2)),
        else_=literal(3),
    )


def _visible(caller: Principal) -> ColumnElement[bool]:
    """Return the condition for search entries that the caller may see.

    These are the agreements of the caller's party, the services and names of related parties, and the party's own
    people.
    """
    if caller.is_operator:
        return true()
    entry, relation = search_tables.search_entry, register_tables.party_relation
    related = (
        select(relation.c.second_party_id)
        .where(relation.c.first_party_id == caller.party_id)
        .union(select(relation.c.first_party_id).where(relation.c.second_party_id == caller.party_id))
    )
    return or_(
        entry.c.party_id == caller.party_id,
        entry.c.other_party_id == caller.party_id,
        and_(entry.c.kind.in_(("party", "service")), entry.c.party_id.in_(related)),
    )
