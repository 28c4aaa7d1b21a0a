"""The indicator of each series, and the instances of targets with ``group_by``."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_STATEMENTS = """
    CREATE INDEX fact_subject_at ON fact (subject, at);

    ALTER TABLE series_state ADD COLUMN indicator TEXT;
    UPDATE series_state SET tallies = '{}', indicator = subject;
    CREATE INDEX series_state_indicator ON series_state (indicator);

    ALTER TABLE target ADD COLUMN instance_of TEXT, ADD COLUMN labels JSONB NOT NULL DEFAULT '{}'
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
