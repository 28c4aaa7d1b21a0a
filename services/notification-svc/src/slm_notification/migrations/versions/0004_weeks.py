"""The Monday mails: the services that a person chose, and when the person's next mail is due."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_CHANGES = """
    ALTER TABLE mail_preference ADD COLUMN monday_service_ids JSONB NOT NULL DEFAULT '[]';
    CREATE TABLE mail_week (
        person_id TEXT NOT NULL,
        next_at BIGINT NOT NULL,
        PRIMARY KEY (person_id)
    );
    CREATE INDEX mail_week_next_at ON mail_week (next_at);
"""


def upgrade() -> None:
    """Add column and table."""
    for statement in _CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
