"""The tables of mails."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = """
    CREATE TABLE mail_person (
        person_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        name TEXT NOT NULL,
        email TEXT,
        PRIMARY KEY (person_id)
    );
    CREATE INDEX mail_person_party_id ON mail_person (party_id);
    CREATE TABLE mail_principal (
        principal_id TEXT NOT NULL,
        person_id TEXT NOT NULL,
        roles TEXT[] NOT NULL,
        ends_at BIGINT,
        PRIMARY KEY (principal_id)
    );
    CREATE INDEX mail_principal_person_id ON mail_principal (person_id);
    CREATE TABLE mail_agreement (
        agreement_id TEXT NOT NULL,
        title TEXT NOT NULL,
        PRIMARY KEY (agreement_id)
    );
    CREATE TABLE mail_cause (
        party_id TEXT NOT NULL,
        finding_id TEXT NOT NULL,
        cause_id TEXT NOT NULL,
        stored_at BIGINT NOT NULL,
        PRIMARY KEY (party_id, finding_id)
    );
    CREATE INDEX mail_cause_stored_at ON mail_cause (stored_at);
    CREATE TABLE mail_preference (
        person_id TEXT NOT NULL,
        rules JSONB NOT NULL,
        time_zone TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (person_id)
    );
    CREATE TABLE mail_delivery (
        delivery_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        person_id TEXT NOT NULL,
        channel TEXT NOT NULL,
        party_id TEXT NOT NULL,
        event_type TEXT NOT NULL,
        agreement_id TEXT,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        is_digest BOOLEAN NOT NULL,
        content JSONB NOT NULL,
        finding_id TEXT,
        bundle TEXT NOT NULL,
        state TEXT NOT NULL,
        message_id TEXT,
        created_at BIGINT NOT NULL,
        stored_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        PRIMARY KEY (delivery_id),
        UNIQUE (event_id, person_id, channel)
    );
    CREATE INDEX mail_delivery_message_id ON mail_delivery (message_id);
    CREATE INDEX mail_delivery_party ON mail_delivery (party_id, created_at, delivery_id);
    CREATE INDEX mail_delivery_person ON mail_delivery (person_id, created_at, delivery_id);
    CREATE INDEX mail_delivery_unbound ON mail_delivery (person_id, due_at)
        WHERE state = 'waiting' AND message_id IS NULL;
    CREATE TABLE mail_message (
        message_id TEXT NOT NULL,
        person_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        bundle TEXT NOT NULL,
        cause_id TEXT,
        is_digest BOOLEAN NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        is_away BOOLEAN NOT NULL,
        problem TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        made_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        leased_until BIGINT,
        first_attempt_at BIGINT,
        sent_at BIGINT,
        PRIMARY KEY (message_id)
    );
    CREATE INDEX mail_message_bundle ON mail_message (person_id, bundle, made_at);
    CREATE INDEX mail_message_due ON mail_message (due_at) WHERE state = 'waiting';
    CREATE INDEX mail_message_made_at ON mail_message (made_at);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
