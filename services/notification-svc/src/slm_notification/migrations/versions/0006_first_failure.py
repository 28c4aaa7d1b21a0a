"""The instant of a delivery's first failed attempt. If the process ended during an attempt, the attempt has not
failed.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE webhook_delivery ADD COLUMN first_failed_at BIGINT")
    # Of older deliveries nobody knows whether the first attempt failed or ended with its process.
    op.execute("UPDATE webhook_delivery SET first_failed_at = first_attempt_at WHERE problem <> ''")
