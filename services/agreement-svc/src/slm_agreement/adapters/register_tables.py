"""The tables of the register: parties, people, principals, invitations, relations, services, requirements.

Instants are microseconds UTC; ids are text.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB

from slm_agreement.adapters.reference_columns import reference_column

metadata = MetaData()


party = Table(
    "party",
    metadata,
    Column("party_id", Text, primary_key=True),
    # Not unique: operators' keys and the keys chosen by invited parties are in different namespaces.
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    *reference_column("party"),
)

named_company = Table(
    "named_company",
    metadata,
    Column("party_id", Text, primary_key=True),
    Column("named_by_party_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    *reference_column("named_company"),
    Column("joined_party_id", Text),
    UniqueConstraint("named_by_party_id", "key"),
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
    Column("email", Text),
    Column("is_mailed", Boolean, nullable=False, server_default=false()),
    Column("named_company_id", Text),
    Index("invitation_named_company_id", "named_company_id"),
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
    *reference_column("person"),
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
    Column("subjects", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("ends_at", BigInteger),
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
    *reference_column("service"),
    Column("dependencies", JSONB(none_as_null=True)),
    Column("status_history", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("planned_on", Text),
    Column("further_outcomes", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("moments_of_truth", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("owner", Text, nullable=False, server_default=text("''")),
    Column("priority", Integer),
    Column("weight", Integer),
    Column("configuration_items", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
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
    *reference_column("requirement"),
    UniqueConstraint("customer_party_id", "key"),
    Index("requirement_service_id", "service_id"),
)

done_once = Table(
    "done_once", metadata, Column("name", Text, primary_key=True), Column("at", BigInteger, nullable=False)
)
"""Names of tasks that run once in the life of an installation and are done, such as publishing known people."""
