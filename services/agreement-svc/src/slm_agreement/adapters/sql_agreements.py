"""Agreements in PostgreSQL: one row for each version, and tables of its revisions, acceptances and signatures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert

from slm_agreement.adapters import tables
from slm_agreement.domain.versions.agreement import Acceptance, Identity, Mover, Revision, Signature, State, Version
from slm_agreement.domain.versions.term import LIVE, next_turn_at
from slm_chassis.database import Transaction

_IDENTITY = (
    "agreement_id",
    "key",
    "kind",
    "scope",
    "drafting_party_id",
    "provider_party_id",
    "customer_party_id",
    "service_id",
    "external_refs",
)
_PLAIN = (
    "drafted_by_party_id",
    "proposal_id",
    "tabled",
    "tabled_by_party_id",
    "effective_at",
    "ends_at",
    "finalized_at",
    "ended_at",
    "end_reason",
    "ending",
    "edits",
)
_ACCEPTANCE = ("party_id", "revision_hash", "principal_id", "accepted_at")
_SIGNATURE = (
    "revision_hash",
    "side",
    "party_id",
    "person_id",
    "identity",
    "name",
    "mandate",
    "principal_id",
    "key_id",
    "key_issued_how",
    "key_issued_by",
    "key_issued_at",
    "signed_at",
    "findings",
    "waivers",
)


class SqlAgreements:
    """The agreements within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def identity(self, agreement_id: str) -> Identity | None:
        """Return the identity of an agreement; None if there is none."""
        table = tables.agreement
        statement = select(*(table.c[name] for name in _IDENTITY)).where(table.c.agreement_id == agreement_id)
        row = (await self._transaction.execute(statement)).mappings().one_or_none()
        return None if row is None else Identity(**row)

    async def signed_of(self, provider_party_id: str) -> list[Identity]:
        """Return a provider's agreements with a version that is signed and has not ended."""
        table, version = tables.agreement, tables.agreement_version
        live = select(version.c.agreement_id).where(version.c.state.in_([str(state) for state in LIVE]))
        statement = (
            select(*(table.c[name] for name in _IDENTITY))
            .where(table.c.provider_party_id == provider_party_id, table.c.agreement_id.in_(live))
            .order_by(table.c.agreement_id)
        )
        return [Identity(**row) for row in (await self._transaction.execute(statement)).mappings()]

    async def add(self, identity: Identity) -> None:
        """Insert an agreement without versions."""
        await self._transaction.execute(insert(tables.agreement).values(_attributes(identity, _IDENTITY)))

    async def versions(self, agreement_id: str) -> list[Version]:
        """Return every version, in ascending order."""
        identity = await self.identity(agreement_id)
        if identity is None:
            return []
        revisions = await self._grouped(tables.revision, agreement_id, "number")
        acceptances = await self._grouped(tables.acceptance, agreement_id, "ordinal")
        signatures = await self._grouped(tables.signature, agreement_id, "ordinal")
        table = tables.agreement_version
        statement = select(table).where(table.c.agreement_id == agreement_id).order_by(table.c.number)
        return [
            Version(
                identity,
                row["number"],
                State(row["state"]),
                revisions=[_revision(each) for each in revisions[row["number"]]],
                acceptances=[Acceptance(**_picked(each, _ACCEPTANCE)) for each in acceptances[row["number"]]],
                signatures=[Signature(**_picked(each, _SIGNATURE)) for each in signatures[row["number"]]],
                **_picked(row, _PLAIN),
            )
            for row in (await self._transaction.execute(statement)).mappings()
        ]

    async def save(self, version: Version) -> None:
        """Insert or update a version with its revisions, acceptances and signatures."""
        key = {"agreement_id": version.identity.agreement_id, "version": version.number}
        row = {
            "agreement_id": version.identity.agreement_id,
            "number": version.number,
            "state": str(version.state),
            "title": version.current.document["title"],
            "next_turn_at": next_turn_at(version),
            **{name: getattr(version, name) for name in _PLAIN},
        }
        await self._upsert(tables.agreement_version, [row])
        await self._upsert(tables.revision, [{**key, **_revision_row(each)} for each in version.revisions])
        acceptances = [
            {**key, "ordinal": ordinal, **_attributes(each, _ACCEPTANCE)}
            for ordinal, each in enumerate(version.acceptances)
        ]
        await self._upsert(tables.acceptance, acceptances)
        signatures = [
            {**key, "ordinal": ordinal, **_attributes(each, _SIGNATURE)}
            for ordinal, each in enumerate(version.signatures)
        ]
        await self._upsert(tables.signature, signatures)

    async def _grouped(self, table: Table, agreement_id: str, order: str) -> Mapping[int, Sequence[Mapping[str, Any]]]:
        statement = select(table).where(table.c.agreement_id == agreement_id).order_by(table.c[order])
        grouped: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for row in (await self._transaction.execute(statement)).mappings():
            grouped[row["version"]].append(dict(row))
        return grouped

    async def _upsert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        statement = insert(table)
        others = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
        keys = list(table.primary_key)
        await self._transaction.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


def _picked(row: Mapping[Any, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _attributes(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _revision(row: Mapping[str, Any]) -> Revision:
    # The author's roles at that time are not stored, because no rule needs them later.
    author = Mover(row["author_principal_id"], row["author_party_id"], frozenset(), row["author_person_id"])
    return Revision(
        row["number"],
        row["hash"],
        bytes(row["canonical"]),
        author,
        row["created_at"],
        row["base_version"],
        row["tabled_at"],
    )


def _revision_row(revision: Revision) -> dict[str, Any]:
    return {
        "number": revision.number,
        "hash": revision.hash,
        "canonical": revision.canonical,
        "author_principal_id": revision.author.principal_id,
        "author_party_id": revision.author.party_id,
        "author_person_id": revision.author.person_id,
        "created_at": revision.created_at,
        "base_version": revision.base_version,
        "tabled_at": revision.tabled_at,
    }
