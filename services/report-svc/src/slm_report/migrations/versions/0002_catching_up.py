"""Adds the table of signed versions whose past monitor-svc is evaluating."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_CATCH_UP = """
    CREATE TABLE catch_up_heard (
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        breach_events INTEGER NOT NULL,
        expected INTEGER,
        since TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (agreement_id, version)
    )
"""


def upgrade() -> None:
    """Create the table ``catch_up_heard``."""
    op.execute(_CATCH_UP)
