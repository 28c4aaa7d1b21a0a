"""A table of the links that were mailed to guests."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_TABLE = """
    CREATE TABLE guest_link (
        link_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        person_id TEXT NOT NULL,
        email TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        created_by_principal_id TEXT NOT NULL,
        created_by_name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        code_sha256 TEXT NOT NULL,
        code_expires_at BIGINT NOT NULL,
        failures INTEGER NOT NULL,
        PRIMARY KEY (link_id),
        UNIQUE (sha256)
    )
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(_TABLE)
