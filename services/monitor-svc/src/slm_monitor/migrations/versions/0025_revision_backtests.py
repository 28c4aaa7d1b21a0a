"""The queue of revisions' back-tests."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0023"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE revision_backtest (
            backtest_id TEXT PRIMARY KEY,
            seq BIGINT GENERATED ALWAYS AS IDENTITY,
            agreement_id TEXT NOT NULL,
            version INTEGER NOT NULL,
            request JSONB NOT NULL,
            waiting JSONB NOT NULL,
            tested INTEGER NOT NULL DEFAULT 0,
            has_other_customers BOOLEAN NOT NULL,
            worker TEXT,
            leased_until TIMESTAMPTZ,
            UNIQUE (agreement_id, version)
        )
        """
    )
