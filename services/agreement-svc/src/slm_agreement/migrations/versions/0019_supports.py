"""The opaque ids of supporting agreements, and the services on which a service depends."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the table of supporting agreements and the column of dependencies."""
    op.execute(
        """
        CREATE TABLE support (
            support_id TEXT NOT NULL PRIMARY KEY,
            agreement_id TEXT NOT NULL,
            party_id TEXT NOT NULL,
            supporting_agreement_id TEXT NOT NULL,
            UNIQUE (agreement_id, party_id, supporting_agreement_id)
        )
        """
    )
    op.execute("CREATE INDEX support_supporting_agreement_id ON support (supporting_agreement_id)")
    op.execute("ALTER TABLE service ADD COLUMN dependencies JSONB")
