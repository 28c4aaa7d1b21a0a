"""The search index: an entry for each agreement, target, service, party and person, updated with each change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Table, and_, delete, or_, select

from slm_agreement.adapters import agreement_tables, search_tables
from slm_agreement.adapters.search_words import reference_texts, searchable_text
from slm_agreement.domain.documents.templates import KINDS
from slm_agreement.domain.people.named_companies import NamedCompany
from slm_agreement.domain.people.people import Party, Person, Service
from slm_agreement.domain.versions.agreement import Version
from slm_chassis.database import Transaction
from slm_chassis.sql_ledger import SqlRepository, upsert

T = TypeVar("T")
SearchEntry = dict[str, Any]


class SearchedRepository(SqlRepository[T]):
    """A repository that also keeps the search entry of each value that it stores."""

    def __init__(
        self,
        transaction: Transaction,
        table: Table,
        load: Callable[..., T],
        dump: Callable[[T], dict[str, Any]] | None,
        entry_of: Callable[[T], SearchEntry],
    ) -> None:
        super().__init__(transaction, table, load, dump)
        self._searched = transaction
        self._entry_of = entry_of

    async def put(self, *values: T) -> None:
        """Insert or replace the values and their search entries."""
        await super().put(*values)
        await _upsert_entries(self._searched, [self._entry_of(value) for value in values])


def party_entry(party: Party) -> SearchEntry:
    """Return the search entry of a party. The party itself and the parties related to it can find it."""
    words = searchable_text(party.name, party.key, *reference_texts(party.external_refs))
    return _entry("party", party.party_id, party.party_id, party.name, party.key, words)


def named_company_entry(company: NamedCompany) -> SearchEntry:
    """Return the search entry of a named company. Only the party that named it can find it."""
    return {**party_entry(company.as_party()), "party_id": company.named_by_party_id}


def person_entry(person: Person) -> SearchEntry:
    """Return the search entry of a person. Only the person's own party can find it."""
    words = searchable_text(person.name, person.key, person.email, *reference_texts(person.external_refs))
    return _entry("person", person.person_id, person.party_id, person.name, person.email or "", words)


def service_entry(service: Service) -> SearchEntry:
    """Return the search entry of a service. Its provider and the parties related to the provider can find it."""
    words = searchable_text(service.name, service.key, service.outcome, *reference_texts(service.external_refs))
    return _entry("service", service.service_id, service.provider_party_id, service.name, service.outcome, words)


async def index_version(transaction: Transaction, version: Version) -> None:
    """Replace the search entries of an agreement and of its targets, if ``version`` is the source of these entries.

    The source is the version signed last. If no version is signed, it is the newest version that both parties see. If
    there is no such version, it is the newest draft. Only parties that may see the source can find its entries.
    """
    table, identity = agreement_tables.agreement_version, version.identity
    shared = or_(table.c.tabled.isnot(None), table.c.drafted_by_party_id.is_(None))
    statement = (
        select(table.c.number, shared.label("shared"))
        .where(table.c.agreement_id == identity.agreement_id)
        .order_by(shared.desc(), table.c.finalized_at.desc().nulls_last(), table.c.number.desc())
        .limit(1)
    )
    found_by = (await transaction.execute(statement)).mappings().one()
    if found_by["number"] != version.number:
        return
    entry = search_tables.search_entry
    await transaction.execute(
        delete(entry).where(and_(entry.c.kind == "target", entry.c.agreement_id == identity.agreement_id))
    )
    owners = (identity.provider_party_id, identity.customer_party_id)
    if not found_by["shared"]:
        owners = (str(version.drafted_by_party_id), "")
    await _upsert_entries(transaction, _entries(version, owners))


def _entries(version: Version, owners: tuple[str, str]) -> list[SearchEntry]:
    identity, document = version.identity, version.current.document
    title = document["title"]
    words = searchable_text(
        title, identity.key, identity.kind, KINDS[identity.kind], *reference_texts(identity.external_refs)
    )
    more = {"party_id": owners[0], "other_party_id": owners[1] or None, "agreement_id": identity.agreement_id}
    found = [_entry("agreement", identity.agreement_id, owners[0], title, "", words) | more]
    for target in document["targets"]:
        words = searchable_text(target["title"], target["key"])
        found.append(_entry("target", target["target_id"], owners[0], target["title"], title, words) | more)
    return found


def _entry(kind: str, identity: str, party_id: str, title: str, subtitle: str, words: str) -> SearchEntry:
    return {
        "kind": kind,
        "id": identity,
        "party_id": party_id,
        "other_party_id": None,
        "agreement_id": None,
        "title": title,
        "subtitle": subtitle,
        "title_words": searchable_text(title),
        "words": words,
    }


async def _upsert_entries(transaction: Transaction, entries: list[SearchEntry]) -> None:
    if entries:
        await transaction.execute(upsert(search_tables.search_entry), entries)
