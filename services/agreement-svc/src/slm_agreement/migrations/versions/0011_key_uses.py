"""A table of when each API key was last used in this service."""

from __future__ import annotations

from alembic import op

from slm_chassis.tables import key_use

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    key_use.create(op.get_bind(), checkfirst=True)
