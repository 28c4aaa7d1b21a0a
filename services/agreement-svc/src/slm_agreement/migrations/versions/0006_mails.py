"""A table of outgoing mails."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_TABLES = """
    CREATE TABLE mail (
        mail_id TEXT NOT NULL,
        recipient TEXT NOT NULL,
        subject TEXT NOT NULL,
        text TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        next_try_at BIGINT,
        tries INTEGER NOT NULL,
        trouble TEXT NOT NULL,
        PRIMARY KEY (mail_id)
    );
    CREATE INDEX mail_next_try_at ON mail (next_try_at) WHERE next_try_at IS NOT NULL;
"""


def upgrade() -> None:
    """Create the table."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
