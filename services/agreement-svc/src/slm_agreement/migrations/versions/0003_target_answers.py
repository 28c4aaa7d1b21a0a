"""Answers to single targets, and the party whose answer is awaited."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    """
    CREATE TABLE target_answer (
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        party_id TEXT NOT NULL,
        target_key TEXT NOT NULL,
        answer TEXT NOT NULL,
        reason TEXT NOT NULL,
        revision_hash TEXT NOT NULL,
        terms_hash TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        name TEXT NOT NULL,
        answered_at BIGINT NOT NULL,
        PRIMARY KEY (agreement_id, version, ordinal),
        FOREIGN KEY(agreement_id, version) REFERENCES agreement_version (agreement_id, number)
    )
    """,
    """
    ALTER TABLE agreement_version
        ADD COLUMN awaited_party_id TEXT,
        ADD COLUMN answer_by BIGINT,
        ADD COLUMN answer_missed_at BIGINT
    """,
    # Until now the answer to a proposed revision was always the other party's.
    """
    UPDATE agreement_version AS version
    SET awaited_party_id = CASE
        WHEN version.tabled_by_party_id = agreement.provider_party_id THEN agreement.customer_party_id
        ELSE agreement.provider_party_id
    END
    FROM agreement
    WHERE agreement.agreement_id = version.agreement_id AND version.state IN ('proposed', 'countered')
    """,
)


def upgrade() -> None:
    """Create the table of answers, and fill in the awaited party of every proposed revision."""
    for statement in _STATEMENTS:
        op.execute(statement)
