"""Exclusions, and the staleness of indicators."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = """
    CREATE TABLE exclusion (
        exclusion_id TEXT PRIMARY KEY,
        agreement_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        services JSONB NOT NULL,
        indicators JSONB NOT NULL,
        targets JSONB NOT NULL,
        stretches JSONB NOT NULL,
        recurrence JSONB,
        text TEXT NOT NULL,
        evidence JSONB NOT NULL,
        requested_by_party_id TEXT NOT NULL,
        requested_by_principal_id TEXT NOT NULL,
        requested_at BIGINT NOT NULL,
        announced_at BIGINT NOT NULL,
        decide_by BIGINT,
        if_silent TEXT,
        decided_by_party_id TEXT,
        decided_by_principal_id TEXT,
        decided_at BIGINT,
        decision_reason TEXT,
        revoked_by_party_id TEXT,
        revoked_by_principal_id TEXT,
        revoked_at BIGINT,
        revocation_reason TEXT
    );
    CREATE INDEX exclusion_agreement ON exclusion (agreement_id, requested_at);
    CREATE INDEX exclusion_silent ON exclusion (decide_by) WHERE state = 'requested' AND decide_by IS NOT NULL;

    ALTER TABLE indicator ADD COLUMN stale_after BIGINT;
    CREATE TABLE silence (
        subject TEXT PRIMARY KEY,
        partition INTEGER NOT NULL,
        since BIGINT NOT NULL
    );
    CREATE INDEX silence_partition ON silence (partition);
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
