"""The status of services, and what else a provider's catalogue records about them."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns. A service without a history of statuses is live since an unknown instant."""
    op.execute(
        """
        ALTER TABLE service
            ADD COLUMN status_history JSONB NOT NULL DEFAULT '[]'::jsonb,
            ADD COLUMN planned_on TEXT,
            ADD COLUMN further_outcomes JSONB NOT NULL DEFAULT '[]'::jsonb,
            ADD COLUMN moments_of_truth JSONB NOT NULL DEFAULT '[]'::jsonb,
            ADD COLUMN owner TEXT NOT NULL DEFAULT '',
            ADD COLUMN priority INTEGER,
            ADD COLUMN weight INTEGER,
            ADD COLUMN configuration_items JSONB NOT NULL DEFAULT '[]'::jsonb
        """
    )
