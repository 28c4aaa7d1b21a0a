"""Links with which a guest may only read."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column. Existing links allow more than reading."""
    op.execute("ALTER TABLE guest_link ADD COLUMN reads_only BOOLEAN NOT NULL DEFAULT false")
