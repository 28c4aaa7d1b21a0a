"""The party that put an agreement on record."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; it is NULL for all agreements that both parties signed."""
    op.execute("ALTER TABLE agreement_version ADD COLUMN recorded_by_party_id TEXT")
