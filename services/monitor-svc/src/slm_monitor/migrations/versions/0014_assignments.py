"""The person of a party to whom a breach, risk or cause is assigned, and until when a person has snoozed it."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

_STATEMENTS = """
    CREATE TABLE assignment (
        kind TEXT NOT NULL,
        item_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        assigned_to TEXT,
        note TEXT NOT NULL,
        by_principal_id TEXT NOT NULL,
        by_name TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (kind, item_id, party_id)
    );
    CREATE INDEX assignment_party ON assignment (party_id, assigned_to);

    CREATE TABLE snooze (
        kind TEXT NOT NULL,
        item_id TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        until BIGINT,
        mark TEXT,
        at BIGINT NOT NULL,
        PRIMARY KEY (kind, item_id, principal_id)
    )
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
