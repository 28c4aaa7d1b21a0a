"""Agreements on record, and the companies that parties name in them."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Create the table of named companies and the columns of records. All known agreements are negotiated."""
    op.execute(
        """
        CREATE TABLE named_company (
            party_id TEXT NOT NULL PRIMARY KEY,
            named_by_party_id TEXT NOT NULL,
            key TEXT NOT NULL,
            name TEXT NOT NULL,
            external_refs JSONB NOT NULL DEFAULT '[]'::jsonb,
            UNIQUE (named_by_party_id, key)
        )
        """
    )
    op.execute("CREATE INDEX named_company_external_refs ON named_company USING gin (external_refs jsonb_path_ops)")
    op.execute("ALTER TABLE agreement ADD COLUMN recorded_by_party_id TEXT")
    op.execute("ALTER TABLE agreement_version ADD COLUMN record JSONB")
