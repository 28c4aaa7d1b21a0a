"""The supporting agreements that each side of a signed version named."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE signed_supports (
            agreement_id TEXT NOT NULL,
            version INTEGER NOT NULL,
            side TEXT NOT NULL,
            supports JSONB NOT NULL,
            structure JSONB NOT NULL,
            PRIMARY KEY (agreement_id, version, side)
        )
        """
    )
