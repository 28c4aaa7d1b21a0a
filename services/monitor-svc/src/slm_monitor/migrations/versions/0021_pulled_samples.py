"""Pulls of samples: their queries, and the samples that each run read."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

_STATEMENTS = """
    ALTER TABLE pull ADD COLUMN query TEXT NOT NULL DEFAULT '';
    ALTER TABLE pull_run ADD COLUMN samples INTEGER NOT NULL DEFAULT 0, ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        op.execute(statement)
