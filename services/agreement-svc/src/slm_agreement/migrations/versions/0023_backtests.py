"""The newest back-test of each revision."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0027"


def upgrade() -> None:
    """Create the table of back-tests."""
    op.execute(
        """
        CREATE TABLE revision_backtest (
            revision_hash TEXT NOT NULL PRIMARY KEY,
            agreement_id TEXT NOT NULL,
            version INTEGER NOT NULL,
            backtest_id TEXT NOT NULL,
            requested_at BIGINT NOT NULL,
            withheld JSONB NOT NULL,
            results JSONB NOT NULL
        )
        """
    )
