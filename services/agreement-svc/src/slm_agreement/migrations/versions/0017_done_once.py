"""A table of what an installation does once: publishing the people who were recorded before people were published."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the table."""
    op.execute("CREATE TABLE done_once (name TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL)")
