"""Adds the table that stores when each API key was last used in this service."""

from __future__ import annotations

from alembic import op

from slm_chassis.tables import key_use

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    key_use.create(op.get_bind(), checkfirst=True)
