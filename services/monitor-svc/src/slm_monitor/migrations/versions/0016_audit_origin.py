"""How and from where somebody acted, in the audit trail."""

from __future__ import annotations

from alembic import op

from slm_chassis import tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the columns."""
    tables.add_origin_to_audit(op.get_bind())
