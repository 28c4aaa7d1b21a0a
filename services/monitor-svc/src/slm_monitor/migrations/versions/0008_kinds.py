"""Indexes that find the readings of a counter by its stream, and the scales of ratings."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_STATEMENTS = """
    CREATE INDEX fact_reading ON fact (subject, (body -> 'labels'), at) WHERE body ? 'cumulative';
    CREATE INDEX fact_superseded_reading ON fact_superseded (subject, (body -> 'labels'), at)
     WHERE body ? 'cumulative';

    ALTER TABLE indicator ADD COLUMN lowest TEXT, ADD COLUMN highest TEXT
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
