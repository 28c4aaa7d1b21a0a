"""Rules by which a party's time series become measurements, and the names of series that no rule matches."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

_STATEMENTS = """
    CREATE TABLE series_rules (
        party_id TEXT PRIMARY KEY,
        revision BIGINT NOT NULL,
        rules TEXT NOT NULL,
        changed_at BIGINT NOT NULL,
        changed_by TEXT NOT NULL
    );
    ALTER TABLE source ADD COLUMN ignored TEXT
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
