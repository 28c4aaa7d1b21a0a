"""Columns for whether an invitation was mailed, and whether the holder of an account reads its mailbox."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the columns. Existing invitations count as not mailed, and addresses of existing accounts as not proven."""
    op.execute("ALTER TABLE invitation ADD COLUMN IF NOT EXISTS is_mailed BOOLEAN NOT NULL DEFAULT false")
    op.execute("ALTER TABLE account ADD COLUMN IF NOT EXISTS is_proven BOOLEAN NOT NULL DEFAULT false")
