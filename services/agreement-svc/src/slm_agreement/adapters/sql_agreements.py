"""Agreements in PostgreSQL: one row per version, and tables of its revisions, acceptances, answers and signatures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert

from slm_agreement.adapters import agreement_tables, sql_search
from slm_agreement.domain.contracting import deadlines, needs
from slm_agreement.domain.documents.supports import SupportReference
from slm_agreement.domain.versions.agreement import (
    Acceptance,
    Actor,
    Identity,
    Revision,
    Signature,
    TargetAnswer,
    Version,
    VersionState,
)
from slm_agreement.domain.versions.records import Record
from slm_agreement.domain.versions.term import LIVE, last_notice_at
from slm_chassis.database import Transaction
from slm_chassis.sql_ledger import upsert
from slm_events import instants

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
    "recorded_by_party_id",
    "confirms_agreement_id",
)
_PLAIN = (
    "drafted_by_party_id",
    "proposal_id",
    "tabled",
    "tabled_by_party_id",
    "awaited_party_id",
    "answer_by",
    "answer_missed_at",
    "effective_at",
    "ends_at",
    "finalized_at",
    "ended_at",
    "end_reason",
    "ending",
    "edits",
)
_ACCEPTANCE = ("party_id", "revision_hash", "principal_id", "accepted_at")
_ANSWER = (
    "party_id",
    "target_key",
    "answer",
    "reason",
    "revision_hash",
    "terms_hash",
    "principal_id",
    "name",
    "answered_at",
)
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
    "identified_by",
    "signed_at",
    "findings",
    "waivers",
)


class SqlAgreements:
    """The agreements within one database transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def identity(self, agreement_id: str) -> Identity | None:
        """Return an agreement's ids, kind, scope, parties and service, which all its versions share; None if there is
        no such agreement.
        """
        table = agreement_tables.agreement
        statement = select(*(table.c[name] for name in _IDENTITY)).where(table.c.agreement_id == agreement_id)
        row = (await self._transaction.execute(statement)).mappings().one_or_none()
        return None if row is None else Identity(**row)

    async def signed_customers_and_services(self, provider_party_id: str, kind: str) -> list[tuple[str, str]]:
        """Return each pair (customer party id, service id) for which the provider has an agreement of this kind with at
        least one signed version that has not ended.
        """
        table, version = agreement_tables.agreement, agreement_tables.agreement_version
        live = select(version.c.agreement_id).where(version.c.state.in_([str(state) for state in LIVE]))
        statement = (
            select(table.c.customer_party_id, table.c.service_id)
            .distinct()
            .where(table.c.provider_party_id == provider_party_id, table.c.kind == kind, table.c.agreement_id.in_(live))
            .order_by(table.c.customer_party_id, table.c.service_id)
        )
        rows = (await self._transaction.execute(statement)).mappings()
        return [(row["customer_party_id"], row["service_id"]) for row in rows]

    async def count_signed_about(self, service_id: str) -> int:
        """Return how many agreements about a service have a signed version that has not ended."""
        table, version = agreement_tables.agreement, agreement_tables.agreement_version
        live = select(version.c.agreement_id).where(version.c.state.in_([str(state) for state in LIVE]))
        counted = select(func.count()).where(table.c.service_id == service_id, table.c.agreement_id.in_(live))
        return int((await self._transaction.execute(counted)).scalar_one())

    async def confirming(self, record_id: str) -> list[str]:
        """Return the ids of the agreements in which a record was offered to its other party, ordered by id."""
        table = agreement_tables.agreement
        statement = select(table.c.agreement_id).where(table.c.confirms_agreement_id == record_id)
        return list((await self._transaction.execute(statement.order_by(table.c.agreement_id))).scalars())

    async def add(self, identity: Identity) -> None:
        """Insert an agreement without versions."""
        await self._transaction.execute(insert(agreement_tables.agreement).values(_attributes(identity, _IDENTITY)))

    async def versions(self, agreement_id: str) -> list[Version]:
        """Return every version of an agreement, in ascending order."""
        identity = await self.identity(agreement_id)
        if identity is None:
            return []
        revisions = await self._grouped(agreement_tables.revision, agreement_id, "number")
        acceptances = await self._grouped(agreement_tables.acceptance, agreement_id, "ordinal")
        answers = await self._grouped(agreement_tables.target_answer, agreement_id, "ordinal")
        signatures = await self._grouped(agreement_tables.signature, agreement_id, "ordinal")
        table = agreement_tables.agreement_version
        statement = select(table).where(table.c.agreement_id == agreement_id).order_by(table.c.number)
        return [
            Version(
                identity,
                row["number"],
                VersionState(row["state"]),
                revisions=[_revision(each) for each in revisions[row["number"]]],
                acceptances=[Acceptance(**_picked(each, _ACCEPTANCE)) for each in acceptances[row["number"]]],
                answers=[TargetAnswer(**_picked(each, _ANSWER)) for each in answers[row["number"]]],
                signatures=[Signature(**_picked(each, _SIGNATURE)) for each in signatures[row["number"]]],
                record=None if row["record"] is None else Record.from_document(row["record"]),
                **_picked(row, _PLAIN),
            )
            for row in (await self._transaction.execute(statement)).mappings()
        ]

    async def supports(self, agreement_id: str) -> list[SupportReference]:
        """Return every reference to a supporting agreement that a party ever named in a document of this agreement."""
        table = agreement_tables.support
        statement = select(table).where(table.c.agreement_id == agreement_id).order_by(table.c.support_id)
        return [SupportReference(**row) for row in (await self._transaction.execute(statement)).mappings()]

    async def add_support(self, reference: SupportReference) -> None:
        """Insert a reference to a supporting agreement."""
        await self._transaction.execute(insert(agreement_tables.support).values(asdict(reference)))

    async def save(self, version: Version) -> None:
        """Insert or update a version with its revisions, acceptances, answers and signatures."""
        key = {"agreement_id": version.identity.agreement_id, "version": version.number}
        row = {
            "agreement_id": version.identity.agreement_id,
            "number": version.number,
            "state": str(version.state),
            "title": version.current.document["title"],
            "next_turn_at": deadlines.next_automatic_change_at(version),
            "timezone": version.current.document["timezone"],
            "target_count": len(version.current.document["targets"]),
            "starts_at": _starts_at(version),
            "last_notice_at": last_notice_at(version),
            "needs": [
                {**asdict(need), "roles": list(need.roles), "not_by": list(need.not_by)}
                for need in needs.required_acts(version)
            ],
            "record": None if version.record is None else version.record.document(),
            **{name: getattr(version, name) for name in _PLAIN},
        }
        await self._upsert(agreement_tables.agreement_version, [row])
        await self._upsert(agreement_tables.revision, [{**key, **_revision_row(each)} for each in version.revisions])
        acceptances = [
            {**key, "ordinal": ordinal, **_attributes(each, _ACCEPTANCE)}
            for ordinal, each in enumerate(version.acceptances)
        ]
        await self._upsert(agreement_tables.acceptance, acceptances)
        answers = [
            {**key, "ordinal": ordinal, **_attributes(each, _ANSWER)} for ordinal, each in enumerate(version.answers)
        ]
        await self._upsert(agreement_tables.target_answer, answers)
        signatures = [
            {**key, "ordinal": ordinal, **_attributes(each, _SIGNATURE)}
            for ordinal, each in enumerate(version.signatures)
        ]
        await self._upsert(agreement_tables.signature, signatures)
        await sql_search.index_version(self._transaction, version)

    async def _grouped(self, table: Table, agreement_id: str, order: str) -> Mapping[int, Sequence[Mapping[str, Any]]]:
        statement = select(table).where(table.c.agreement_id == agreement_id).order_by(table.c[order])
        grouped: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for row in (await self._transaction.execute(statement)).mappings():
            grouped[row["version"]].append(dict(row))
        return grouped

    async def _upsert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            await self._transaction.execute(upsert(table), rows)


def _starts_at(version: Version) -> int | None:
    written = version.current.document["term"]["effective_at"]
    return None if written is None else instants.from_text(written)


def _picked(row: Mapping[Any, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _attributes(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _revision(row: Mapping[str, Any]) -> Revision:
    # The author's roles at that time are not stored, because no rule needs them later.
    author = Actor(row["author_principal_id"], row["author_party_id"], frozenset(), row["author_person_id"])
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
