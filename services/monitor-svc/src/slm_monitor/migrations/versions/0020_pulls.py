"""Pulls: the tools that are asked for their tickets, how far each has been read, and the latest runs."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

_STATEMENTS = """
    CREATE TABLE pull (
        pull_id TEXT PRIMARY KEY,
        party_id TEXT NOT NULL,
        title TEXT NOT NULL,
        connector TEXT NOT NULL,
        source TEXT NOT NULL,
        address TEXT NOT NULL,
        path TEXT NOT NULL,
        filter TEXT NOT NULL,
        mapping TEXT NOT NULL,
        authentication_kind TEXT NOT NULL,
        authentication_user TEXT NOT NULL,
        every_seconds INTEGER NOT NULL,
        reconcile_at TEXT NOT NULL,
        zone TEXT NOT NULL,
        cancels_missing BOOLEAN NOT NULL,
        is_paused BOOLEAN NOT NULL,
        version INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        created_by_principal_id TEXT NOT NULL,
        secret TEXT NOT NULL,
        progress TEXT NOT NULL,
        due_at BIGINT NOT NULL,
        lease_id TEXT,
        leased_until BIGINT
    );
    CREATE UNIQUE INDEX pull_party_id_source ON pull (party_id, source);
    CREATE INDEX pull_due_at ON pull (due_at) WHERE NOT is_paused;

    CREATE TABLE pull_run (
        run_id TEXT PRIMARY KEY,
        pull_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        ended_at BIGINT,
        outcome TEXT NOT NULL,
        requests INTEGER NOT NULL,
        tickets INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        refused INTEGER NOT NULL,
        problem TEXT NOT NULL,
        errors TEXT NOT NULL,
        missing TEXT NOT NULL
    );
    CREATE INDEX pull_run_pull_id ON pull_run (pull_id, started_at, run_id)
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
