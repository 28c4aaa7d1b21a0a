"""A column for the OpenID subjects whose access tokens are keys of a principal."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column. It is filled at the next log-in of each subject."""
    op.execute("ALTER TABLE principal ADD COLUMN IF NOT EXISTS subjects JSONB NOT NULL DEFAULT '[]'::jsonb")
