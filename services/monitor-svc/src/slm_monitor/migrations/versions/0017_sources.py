"""What each source sends: its last fact, the number of its items in each ten minutes, and the last refused items."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

_STATEMENTS = """
    CREATE TABLE source (
        source_id TEXT PRIMARY KEY,
        owner_party_id TEXT NOT NULL,
        topic TEXT NOT NULL,
        source TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        principal_name TEXT NOT NULL,
        first_seen_at BIGINT NOT NULL,
        last_fact_at BIGINT,
        last_refused_at BIGINT
    );
    CREATE INDEX source_owner ON source (owner_party_id);

    CREATE TABLE source_slot (
        source_id TEXT NOT NULL,
        slot BIGINT NOT NULL,
        code TEXT NOT NULL,
        items BIGINT NOT NULL,
        PRIMARY KEY (source_id, slot, code)
    );

    CREATE TABLE source_refusal (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        source_id TEXT NOT NULL,
        at BIGINT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX source_refusal_source ON source_refusal (source_id, seq)
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
