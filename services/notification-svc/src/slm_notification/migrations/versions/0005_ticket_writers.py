"""The tables of ticket writers, and of the clocks that they show."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = """
    CREATE TABLE ticket_writer (
        writer_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        title TEXT NOT NULL,
        connector TEXT NOT NULL,
        address TEXT NOT NULL,
        source TEXT NOT NULL,
        fields JSONB NOT NULL,
        clocks TEXT[] NOT NULL,
        time_zone TEXT NOT NULL,
        "user" TEXT NOT NULL,
        credential_kind TEXT NOT NULL,
        state TEXT NOT NULL,
        state_reason TEXT NOT NULL,
        state_at BIGINT NOT NULL,
        failures INTEGER NOT NULL,
        failing_since BIGINT,
        retry_at BIGINT,
        problem TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        created_by_principal_id TEXT NOT NULL,
        leased_until BIGINT,
        PRIMARY KEY (writer_id)
    );
    CREATE INDEX ticket_writer_source ON ticket_writer (party_id, source);
    CREATE TABLE ticket_writer_credential (
        writer_id TEXT NOT NULL,
        secret TEXT NOT NULL,
        PRIMARY KEY (writer_id)
    );
    CREATE TABLE ticket_clock (
        party_id TEXT NOT NULL,
        source TEXT NOT NULL,
        ticket TEXT NOT NULL,
        target_id TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        clock TEXT NOT NULL,
        state TEXT NOT NULL,
        deadline_at BIGINT,
        is_open BOOLEAN NOT NULL,
        stored_at BIGINT NOT NULL,
        PRIMARY KEY (party_id, source, ticket, target_id, ordinal)
    );
    CREATE INDEX ticket_clock_open ON ticket_clock (party_id, source) WHERE is_open;
    CREATE INDEX ticket_clock_ended ON ticket_clock (stored_at) WHERE NOT is_open;
    CREATE TABLE ticket_breach (
        breach_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        source TEXT NOT NULL,
        ticket TEXT NOT NULL,
        target_id TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        stands BOOLEAN NOT NULL,
        stored_at BIGINT NOT NULL,
        PRIMARY KEY (breach_id)
    );
    CREATE INDEX ticket_breach_ticket ON ticket_breach (party_id, source, ticket);
    CREATE INDEX ticket_breach_stored_at ON ticket_breach (stored_at);
    CREATE TABLE ticket_write (
        writer_id TEXT NOT NULL,
        ticket TEXT NOT NULL,
        party_id TEXT NOT NULL,
        source TEXT NOT NULL,
        wanted JSONB NOT NULL,
        written JSONB,
        reference JSONB,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        changed_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        first_attempt_at BIGINT,
        last_attempt_at BIGINT,
        written_at BIGINT,
        hour_from BIGINT NOT NULL,
        hour_writes INTEGER NOT NULL,
        status INTEGER,
        problem TEXT NOT NULL,
        excerpt TEXT NOT NULL,
        PRIMARY KEY (writer_id, ticket)
    );
    CREATE INDEX ticket_write_due ON ticket_write (writer_id, due_at) WHERE state = 'waiting';
    CREATE INDEX ticket_write_party ON ticket_write (party_id, changed_at, writer_id, ticket);
    CREATE INDEX ticket_write_writer ON ticket_write (writer_id, changed_at, ticket);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
