"""The tables of this service. Instants are microseconds UTC; ids are text."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def _refs(table: str) -> tuple[Column[object], Index]:
    """Return the column of the ids in other systems, and its index."""
    column: Column[object] = Column("external_refs", JSONB, nullable=False)
    return column, Index(
        f"{table}_external_refs", column, postgresql_using="gin", postgresql_ops={"external_refs": "jsonb_path_ops"}
    )


party = Table(
    "party",
    metadata,
    Column("party_id", Text, primary_key=True),
    # Not unique: operators' keys and the keys chosen by invited parties are in different namespaces.
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    *_refs("party"),
)

party_relation = Table(
    "party_relation",
    metadata,
    Column("relation_id", Text, primary_key=True),
    Column("first_party_id", Text, nullable=False),
    Column("second_party_id", Text, nullable=False),
    Column("made_how", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Index("party_relation_first", "first_party_id", "second_party_id"),
    Index("party_relation_second", "second_party_id", "first_party_id"),
)

invitation = Table(
    "invitation",
    metadata,
    Column("invitation_id", Text, primary_key=True),
    Column("party_id", Text),
    Column("principal_id", Text),
    Column("alias", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by_principal_id", Text, nullable=False),
    Column("created_by_name", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("accepted_party_id", Text),
    Index("invitation_party_id", "party_id", "invitation_id"),
)

person = Table(
    "person",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("party_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("mandates", JSONB, nullable=False),
    *_refs("person"),
    UniqueConstraint("party_id", "key"),
)

principal = Table(
    "principal",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("party_id", Text),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", JSONB, nullable=False),
    Column("person_id", Text),
    Column("keys", JSONB, nullable=False),
    Index("principal_party_id", "party_id", "principal_id"),
    Index("principal_person_id", "person_id", unique=True, postgresql_where=text("person_id IS NOT NULL")),
)
"""``keys`` holds only hashes: a key is shown once and not stored."""

service = Table(
    "service",
    metadata,
    Column("service_id", Text, primary_key=True),
    Column("provider_party_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("description", Text, nullable=False),
    *_refs("service"),
    UniqueConstraint("provider_party_id", "key"),
)

requirement = Table(
    "requirement",
    metadata,
    Column("requirement_id", Text, primary_key=True),
    Column("customer_party_id", Text, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    *_refs("requirement"),
    UniqueConstraint("customer_party_id", "key"),
    Index("requirement_service_id", "service_id"),
)

agreement = Table(
    "agreement",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("drafting_party_id", Text, nullable=False),
    Column("provider_party_id", Text, nullable=False),
    Column("customer_party_id", Text, nullable=False),
    Column("service_id", Text, nullable=False),
    *_refs("agreement"),
    UniqueConstraint("drafting_party_id", "key"),
    Index("agreement_provider_party_id", "provider_party_id"),
    Index("agreement_customer_party_id", "customer_party_id"),
)

agreement_version = Table(
    "agreement_version",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("drafted_by_party_id", Text),
    Column("proposal_id", Text),
    Column("tabled", Integer),
    Column("tabled_by_party_id", Text),
    Column("effective_at", BigInteger),
    Column("ends_at", BigInteger),
    Column("finalized_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("end_reason", Text, nullable=False),
    Column("ending", JSONB(none_as_null=True)),
    Column("edits", Integer, nullable=False),
    Column("next_turn_at", BigInteger),
    ForeignKeyConstraint(["agreement_id"], ["agreement.agreement_id"]),
    # A proposal that is delivered twice must not make two drafts.
    UniqueConstraint("agreement_id", "proposal_id"),
    Index("agreement_version_next_turn_at", "next_turn_at", postgresql_where=text("next_turn_at IS NOT NULL")),
)

_VERSION = (["agreement_id", "version"], ["agreement_version.agreement_id", "agreement_version.number"])

revision = Table(
    "revision",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    # Bytes, not JSON: these bytes are what is signed, and the database would normalize JSON.
    Column("canonical", LargeBinary, nullable=False),
    Column("author_principal_id", Text, nullable=False),
    Column("author_party_id", Text),
    Column("author_person_id", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("base_version", Integer),
    Column("tabled_at", BigInteger),
    ForeignKeyConstraint(*_VERSION),
)

acceptance = Table(
    "acceptance",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("party_id", Text, nullable=False),
    Column("revision_hash", Text, nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    ForeignKeyConstraint(*_VERSION),
)

signature = Table(
    "signature",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("person_id", Text, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("revision_hash", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mandate", Text, nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("key_issued_how", Text, nullable=False),
    Column("key_issued_by", Text, nullable=False),
    Column("key_issued_at", BigInteger, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("waivers", JSONB, nullable=False),
    ForeignKeyConstraint(*_VERSION),
)
