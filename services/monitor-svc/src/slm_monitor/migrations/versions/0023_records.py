"""The party that put an agreement on record, in a column of its own, so that lists do not read whole terms."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the column; it is NULL for all agreements that both parties signed."""
    op.execute(
        "ALTER TABLE agreement_terms ADD COLUMN recorded_by_party_id TEXT"
        " GENERATED ALWAYS AS (document ->> 'recorded_by_party_id') STORED"
    )
