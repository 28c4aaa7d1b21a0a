"""The tables of the first release."""

from __future__ import annotations

from alembic import op

from slm_chassis import tables

revision = "0001"
down_revision = None

_TABLES = """
    CREATE TABLE webhook_endpoint (
        endpoint_id TEXT NOT NULL PRIMARY KEY,
        party_id TEXT NOT NULL,
        title TEXT NOT NULL,
        url TEXT NOT NULL,
        wanted JSONB NOT NULL,
        state TEXT NOT NULL,
        state_reason TEXT NOT NULL,
        state_at BIGINT NOT NULL,
        failures INTEGER NOT NULL,
        failing_since BIGINT,
        retry_at BIGINT,
        version INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        created_by_principal_id TEXT NOT NULL
    );
    CREATE INDEX webhook_endpoint_party_id ON webhook_endpoint (party_id, created_at);

    CREATE TABLE webhook_secret (
        secret_id TEXT NOT NULL PRIMARY KEY,
        endpoint_id TEXT NOT NULL,
        text TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        ends_at BIGINT
    );
    CREATE INDEX webhook_secret_endpoint_id ON webhook_secret (endpoint_id);

    CREATE TABLE heard_event (
        event_id TEXT NOT NULL PRIMARY KEY,
        event_type TEXT NOT NULL,
        agreement_id TEXT,
        service_id TEXT,
        party_ids TEXT[] NOT NULL,
        named_party_ids TEXT[] NOT NULL,
        recorded_at BIGINT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX heard_event_recorded_at ON heard_event (recorded_at, event_id);

    CREATE TABLE webhook_delivery (
        delivery_id TEXT NOT NULL PRIMARY KEY,
        endpoint_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        event_type TEXT NOT NULL,
        agreement_id TEXT,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        leased_until BIGINT,
        first_attempt_at BIGINT,
        last_attempt_at BIGINT,
        delivered_at BIGINT,
        status INTEGER,
        problem TEXT NOT NULL,
        excerpt TEXT NOT NULL
    );
    CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at) WHERE state = 'waiting';
    CREATE INDEX webhook_delivery_leased ON webhook_delivery (endpoint_id) WHERE leased_until IS NOT NULL;
    CREATE INDEX webhook_delivery_party ON webhook_delivery (party_id, created_at, delivery_id);
    CREATE INDEX webhook_delivery_endpoint ON webhook_delivery (endpoint_id, created_at, delivery_id);
    CREATE INDEX webhook_delivery_created_at ON webhook_delivery (created_at, delivery_id);
    CREATE INDEX webhook_delivery_event_id ON webhook_delivery (event_id);
"""


def upgrade() -> None:
    """Create the tables of notification-svc."""
    tables.create_technical_tables(op.get_bind())
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
