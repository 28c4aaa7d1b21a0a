"""Targets that are set aside because their evaluation fails, and sources whose facts cannot be evaluated."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_STATEMENTS = """
    CREATE TABLE unjudgeable (
        target_id TEXT PRIMARY KEY,
        partition INTEGER NOT NULL,
        reason TEXT NOT NULL,
        since_at BIGINT NOT NULL
    );
    CREATE INDEX unjudgeable_partition ON unjudgeable (partition);

    CREATE TABLE source_aside (
        owner_party_id TEXT NOT NULL,
        topic TEXT NOT NULL,
        source TEXT NOT NULL,
        reason TEXT NOT NULL,
        since_at BIGINT NOT NULL,
        PRIMARY KEY (owner_party_id, topic, source)
    )
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
