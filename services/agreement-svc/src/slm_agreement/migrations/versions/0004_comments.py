"""A table of comments on revisions."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    """
    CREATE TABLE comment (
        comment_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        revision_number INTEGER NOT NULL,
        revision_hash TEXT NOT NULL,
        target TEXT,
        clause TEXT,
        text TEXT NOT NULL,
        internal BOOLEAN NOT NULL,
        party_id TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        name TEXT NOT NULL,
        written_at BIGINT NOT NULL,
        resolved_at BIGINT,
        resolved_by_party_id TEXT,
        resolved_by_principal_id TEXT,
        resolved_by_name TEXT,
        PRIMARY KEY (comment_id),
        FOREIGN KEY(agreement_id, version) REFERENCES agreement_version (agreement_id, number)
    )
    """,
    "CREATE INDEX comment_agreement_id ON comment (agreement_id, written_at, comment_id)",
)


def upgrade() -> None:
    """Create the table of comments."""
    for statement in _STATEMENTS:
        op.execute(statement)
