"""Columns for the end of a principal, the origin of an audit entry, and who sent and withdrew a guest link."""

from __future__ import annotations

from alembic import op

from slm_chassis import tables

revision = "0012"
down_revision = "0011"


# Links that were sent before this migration belong to the party of the principal that sent them.
SENDERS = """
    UPDATE guest_link SET party_id = principal.party_id FROM principal
    WHERE principal.principal_id = guest_link.created_by_principal_id
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute("ALTER TABLE principal ADD COLUMN IF NOT EXISTS ends_at BIGINT")
    op.execute(
        "ALTER TABLE guest_link ADD COLUMN IF NOT EXISTS party_id TEXT, ADD COLUMN IF NOT EXISTS withdrawn_at BIGINT"
    )
    op.execute("CREATE INDEX IF NOT EXISTS guest_link_party_id ON guest_link (party_id, link_id)")
    op.execute(SENDERS)
    tables.add_origin_to_audit(op.get_bind())
