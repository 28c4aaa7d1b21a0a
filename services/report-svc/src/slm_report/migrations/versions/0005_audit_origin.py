"""Adds to the audit trail how and from where a person or system acted."""

from __future__ import annotations

from alembic import op

from slm_chassis import tables

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns to the audit trail."""
    tables.add_origin_to_audit(op.get_bind())
