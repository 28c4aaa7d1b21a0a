"""Accounts with a password, counted attempts to log in, and how a signatory was identified."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = """
    CREATE TABLE account (
        principal_id TEXT NOT NULL,
        email TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        may_sign BOOLEAN NOT NULL,
        set_how TEXT NOT NULL,
        set_by_name TEXT NOT NULL,
        set_at BIGINT NOT NULL,
        PRIMARY KEY (principal_id),
        UNIQUE (email)
    );

    CREATE TABLE attempt (
        subject TEXT NOT NULL,
        count INTEGER NOT NULL,
        until BIGINT NOT NULL,
        PRIMARY KEY (subject)
    );
    CREATE INDEX attempt_until ON attempt (until);

    ALTER TABLE signature ADD COLUMN identified_by TEXT NOT NULL DEFAULT 'key';
    ALTER TABLE signature ALTER COLUMN identified_by DROP DEFAULT;
"""


def upgrade() -> None:
    """Create the tables. Signatures that exist are marked as given with an API key."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
