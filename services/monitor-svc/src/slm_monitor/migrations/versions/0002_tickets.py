"""The present state of each ticket, the names by which tickets name services and parties, and snapshots of tickets."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = """
    ALTER TABLE ticket
        ADD COLUMN due_at BIGINT,
        ADD COLUMN type TEXT,
        ADD COLUMN priority TEXT,
        ADD COLUMN state TEXT,
        ADD COLUMN held_by TEXT,
        ADD COLUMN opened_at BIGINT,
        ADD COLUMN last_at BIGINT,
        ADD COLUMN ended_at BIGINT,
        ADD COLUMN team TEXT,
        ADD COLUMN unmatched BOOLEAN,
        ADD COLUMN unmatched_because TEXT,
        ADD COLUMN readers JSONB,
        ADD COLUMN inconsistent JSONB,
        ADD COLUMN unjudgeable JSONB;
    CREATE INDEX ticket_due ON ticket (partition) WHERE due_at IS NOT NULL;
    CREATE INDEX ticket_source ON ticket (source, number);
    CREATE INDEX ticket_readers ON ticket USING gin (readers);
    CREATE INDEX ticket_inconsistent ON ticket USING gin ((inconsistent -> 'targets')) WHERE inconsistent IS NOT NULL;
    CREATE INDEX ticket_unmatched ON ticket (owner_party_id, subject) WHERE unmatched;
    UPDATE ticket SET due_at = (SELECT min(clock.due_at) FROM clock WHERE clock.ticket = ticket.subject);
    UPDATE ticket SET waiting = TRUE;

    ALTER TABLE clock
        ADD COLUMN target_key TEXT NOT NULL DEFAULT '',
        ADD COLUMN service_id TEXT NOT NULL DEFAULT '',
        ADD COLUMN at_risk_at BIGINT,
        ADD COLUMN past_due BOOLEAN NOT NULL DEFAULT FALSE,
        ADD COLUMN is_stint BOOLEAN NOT NULL DEFAULT FALSE,
        ADD COLUMN net_calendar BIGINT NOT NULL DEFAULT 0,
        ADD COLUMN net_service BIGINT NOT NULL DEFAULT 0,
        ADD COLUMN told JSONB NOT NULL DEFAULT '{}';
    CREATE INDEX clock_running ON clock (deadline_at) WHERE state = 'running';
    CREATE INDEX clock_target ON clock (target_id, stopped_at);

    CREATE TABLE ticket_name (
        named_id TEXT PRIMARY KEY,
        external_refs JSONB NOT NULL
    );

    CREATE TABLE ticket_snapshot (
        subject TEXT PRIMARY KEY,
        facts JSONB NOT NULL,
        updated_at BIGINT NOT NULL,
        received_at BIGINT NOT NULL
    )
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
