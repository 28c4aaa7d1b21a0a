"""Sign-in links, the set-up of an installation, and the mail address of an invitation."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = """
    CREATE TABLE sign_in_link (
        link_id TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        created_by_principal_id TEXT NOT NULL,
        created_by_name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT,
        PRIMARY KEY (link_id),
        UNIQUE (sha256)
    );

    CREATE TABLE installation (
        installation_id TEXT NOT NULL,
        name TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        set_up_at BIGINT,
        PRIMARY KEY (installation_id)
    );

    ALTER TABLE invitation ADD COLUMN email TEXT;
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
