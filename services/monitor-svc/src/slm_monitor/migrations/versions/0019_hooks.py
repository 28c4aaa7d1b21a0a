"""Hooks: the addresses that other tools call, their secrets, and the latest calls with our answers."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"

_STATEMENTS = """
    CREATE TABLE hook (
        hook_id TEXT PRIMARY KEY,
        party_id TEXT NOT NULL,
        title TEXT NOT NULL,
        connector TEXT NOT NULL,
        source TEXT NOT NULL,
        mapping TEXT NOT NULL,
        authentication_kind TEXT NOT NULL,
        authentication_header TEXT NOT NULL,
        authentication_user TEXT NOT NULL,
        is_paused BOOLEAN NOT NULL,
        version INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        created_by_principal_id TEXT NOT NULL
    );
    CREATE INDEX hook_party_id ON hook (party_id, created_at, hook_id);

    CREATE TABLE hook_secret (
        secret_id TEXT PRIMARY KEY,
        hook_id TEXT NOT NULL,
        text TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        ends_at BIGINT
    );
    CREATE INDEX hook_secret_hook_id ON hook_secret (hook_id);

    CREATE TABLE hook_call (
        call_id TEXT PRIMARY KEY,
        hook_id TEXT NOT NULL,
        at BIGINT NOT NULL,
        status INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL,
        payload TEXT
    );
    CREATE INDEX hook_call_hook_id ON hook_call (hook_id, at, call_id)
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
