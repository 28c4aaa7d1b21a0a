"""The tables of the first release: parties, people, principals, catalogue, requirements, agreements."""

from __future__ import annotations

from alembic import op

from slm_chassis import tables

revision = "0001"
down_revision = None

_TABLES = """
    CREATE TABLE agreement (
        agreement_id TEXT NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        scope TEXT NOT NULL,
        drafting_party_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        service_id TEXT NOT NULL,
        external_refs JSONB NOT NULL,
        PRIMARY KEY (agreement_id),
        UNIQUE (drafting_party_id, key)
    );
    CREATE INDEX agreement_provider_party_id ON agreement (provider_party_id);
    CREATE INDEX agreement_customer_party_id ON agreement (customer_party_id);
    CREATE INDEX agreement_external_refs ON agreement USING gin (external_refs jsonb_path_ops);

    CREATE TABLE party (
        party_id TEXT NOT NULL,
        key TEXT NOT NULL,
        name TEXT NOT NULL,
        external_refs JSONB NOT NULL,
        PRIMARY KEY (party_id)
    );
    CREATE INDEX party_external_refs ON party USING gin (external_refs jsonb_path_ops);

    CREATE TABLE party_relation (
        relation_id TEXT NOT NULL,
        first_party_id TEXT NOT NULL,
        second_party_id TEXT NOT NULL,
        made_how TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        PRIMARY KEY (relation_id)
    );
    CREATE INDEX party_relation_first ON party_relation (first_party_id, second_party_id);
    CREATE INDEX party_relation_second ON party_relation (second_party_id, first_party_id);

    CREATE TABLE invitation (
        invitation_id TEXT NOT NULL,
        party_id TEXT,
        principal_id TEXT,
        alias TEXT NOT NULL,
        note TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        created_by_principal_id TEXT NOT NULL,
        created_by_name TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        state TEXT NOT NULL,
        ended_at BIGINT,
        accepted_party_id TEXT,
        PRIMARY KEY (invitation_id),
        UNIQUE (sha256)
    );
    CREATE INDEX invitation_party_id ON invitation (party_id, invitation_id);

    CREATE TABLE person (
        person_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        key TEXT NOT NULL,
        name TEXT NOT NULL,
        email TEXT,
        mandates JSONB NOT NULL,
        external_refs JSONB NOT NULL,
        PRIMARY KEY (person_id),
        UNIQUE (party_id, key)
    );
    CREATE INDEX person_external_refs ON person USING gin (external_refs jsonb_path_ops);

    CREATE TABLE principal (
        principal_id TEXT NOT NULL,
        party_id TEXT,
        key TEXT NOT NULL,
        name TEXT NOT NULL,
        roles JSONB NOT NULL,
        person_id TEXT,
        keys JSONB NOT NULL,
        PRIMARY KEY (principal_id)
    );
    CREATE INDEX principal_party_id ON principal (party_id, principal_id);
    CREATE UNIQUE INDEX principal_person_id ON principal (person_id) WHERE person_id IS NOT NULL;

    CREATE TABLE requirement (
        requirement_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        service_id TEXT NOT NULL,
        key TEXT NOT NULL,
        text TEXT NOT NULL,
        outcome TEXT NOT NULL,
        recorded_at BIGINT NOT NULL,
        external_refs JSONB NOT NULL,
        PRIMARY KEY (requirement_id),
        UNIQUE (customer_party_id, key)
    );
    CREATE INDEX requirement_external_refs ON requirement USING gin (external_refs jsonb_path_ops);
    CREATE INDEX requirement_service_id ON requirement (service_id);

    CREATE TABLE service (
        service_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        key TEXT NOT NULL,
        name TEXT NOT NULL,
        outcome TEXT NOT NULL,
        description TEXT NOT NULL,
        external_refs JSONB NOT NULL,
        PRIMARY KEY (service_id),
        UNIQUE (provider_party_id, key)
    );
    CREATE INDEX service_external_refs ON service USING gin (external_refs jsonb_path_ops);

    CREATE TABLE agreement_version (
        agreement_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        state TEXT NOT NULL,
        title TEXT NOT NULL,
        drafted_by_party_id TEXT,
        proposal_id TEXT,
        tabled INTEGER,
        tabled_by_party_id TEXT,
        effective_at BIGINT,
        ends_at BIGINT,
        finalized_at BIGINT,
        ended_at BIGINT,
        end_reason TEXT NOT NULL,
        ending JSONB,
        edits INTEGER NOT NULL,
        next_turn_at BIGINT,
        PRIMARY KEY (agreement_id, number),
        FOREIGN KEY(agreement_id) REFERENCES agreement (agreement_id),
        UNIQUE (agreement_id, proposal_id)
    );
    CREATE INDEX agreement_version_next_turn_at ON agreement_version (next_turn_at) WHERE next_turn_at IS NOT NULL;

    CREATE TABLE acceptance (
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        party_id TEXT NOT NULL,
        revision_hash TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        accepted_at BIGINT NOT NULL,
        PRIMARY KEY (agreement_id, version, ordinal),
        FOREIGN KEY(agreement_id, version) REFERENCES agreement_version (agreement_id, number)
    );

    CREATE TABLE revision (
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hash TEXT NOT NULL,
        canonical BYTEA NOT NULL,
        author_principal_id TEXT NOT NULL,
        author_party_id TEXT,
        author_person_id TEXT,
        created_at BIGINT NOT NULL,
        base_version INTEGER,
        tabled_at BIGINT,
        PRIMARY KEY (agreement_id, version, number),
        FOREIGN KEY(agreement_id, version) REFERENCES agreement_version (agreement_id, number)
    );

    CREATE TABLE signature (
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        person_id TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        revision_hash TEXT NOT NULL,
        side TEXT NOT NULL,
        party_id TEXT NOT NULL,
        identity TEXT NOT NULL,
        name TEXT NOT NULL,
        mandate TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        key_id TEXT NOT NULL,
        key_issued_how TEXT NOT NULL,
        key_issued_by TEXT NOT NULL,
        key_issued_at BIGINT NOT NULL,
        signed_at BIGINT NOT NULL,
        findings JSONB NOT NULL,
        waivers JSONB NOT NULL,
        PRIMARY KEY (agreement_id, version, person_id),
        FOREIGN KEY(agreement_id, version) REFERENCES agreement_version (agreement_id, number)
    );
"""


def upgrade() -> None:
    """Create the tables."""
    tables.create_technical_tables(op.get_bind())
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
