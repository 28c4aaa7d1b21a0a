"""Adds to each action plan how much of the plan the customer may see."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE action_plan ADD COLUMN IF NOT EXISTS customer_sees TEXT NOT NULL DEFAULT 'none'")
