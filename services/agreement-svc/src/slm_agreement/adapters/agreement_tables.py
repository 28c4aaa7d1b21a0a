"""The tables of agreements: versions with their revisions, answers and signatures, and comments.

Instants are microseconds UTC; ids are text.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from slm_agreement.adapters.reference_columns import reference_column

metadata = MetaData()

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
    Column("recorded_by_party_id", Text),
    Column("confirms_agreement_id", Text),
    *reference_column("agreement"),
    UniqueConstraint("drafting_party_id", "key"),
    Index("agreement_provider_party_id", "provider_party_id"),
    Index("agreement_customer_party_id", "customer_party_id"),
    Index("agreement_service_id", "service_id"),
    Index("agreement_confirms_agreement_id", "confirms_agreement_id"),
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
    Column("awaited_party_id", Text),
    Column("answer_by", BigInteger),
    Column("answer_missed_at", BigInteger),
    Column("effective_at", BigInteger),
    Column("ends_at", BigInteger),
    Column("finalized_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("end_reason", Text, nullable=False),
    Column("ending", JSONB(none_as_null=True)),
    Column("edits", Integer, nullable=False),
    Column("next_turn_at", BigInteger),
    # Copied from the current revision and the rules, so that lists need not read documents.
    Column("timezone", Text, nullable=False),
    Column("target_count", Integer, nullable=False),
    Column("starts_at", BigInteger),
    Column("last_notice_at", BigInteger),
    Column("needs", JSONB, nullable=False),
    Column("record", JSONB(none_as_null=True)),
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

target_answer = Table(
    "target_answer",
    metadata,
    Column("agreement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("party_id", Text, nullable=False),
    Column("target_key", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("revision_hash", Text, nullable=False),
    Column("terms_hash", Text, nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("answered_at", BigInteger, nullable=False),
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
    Column("identified_by", Text, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("waivers", JSONB, nullable=False),
    ForeignKeyConstraint(*_VERSION),
)

# The opaque ids of supports in documents. It has no foreign key, as a support is named before its agreement is stored.
support = Table(
    "support",
    metadata,
    Column("support_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("supporting_agreement_id", Text, nullable=False),
    UniqueConstraint("agreement_id", "party_id", "supporting_agreement_id"),
    Index("support_supporting_agreement_id", "supporting_agreement_id"),
)

# The newest back-test of each revision. A hash covers the agreement, the version and the document.
revision_backtest = Table(
    "revision_backtest",
    metadata,
    Column("revision_hash", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("backtest_id", Text, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("withheld", JSONB, nullable=False),
    Column("results", JSONB, nullable=False),
)

comment = Table(
    "comment",
    metadata,
    Column("comment_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision_number", Integer, nullable=False),
    Column("revision_hash", Text, nullable=False),
    Column("target", Text),
    Column("clause", Text),
    Column("text", Text, nullable=False),
    Column("internal", Boolean, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("resolved_by_party_id", Text),
    Column("resolved_by_principal_id", Text),
    Column("resolved_by_name", Text),
    ForeignKeyConstraint(*_VERSION),
    Index("comment_agreement_id", "agreement_id", "written_at", "comment_id"),
)
