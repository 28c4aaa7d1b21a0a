"""Periods that both parties accepted, disputes, who decides for whom, and how far back the record reaches."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

_STATEMENTS = """
    CREATE TABLE window_acceptance (
        target_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        agreement_id TEXT NOT NULL,
        acceptance_id TEXT NOT NULL,
        period TEXT NOT NULL,
        accepted_at BIGINT NOT NULL,
        PRIMARY KEY (target_id, window_id)
    );

    CREATE TABLE window_adjustment (
        target_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        booked_in TEXT,
        published_at BIGINT NOT NULL,
        status TEXT NOT NULL,
        figure TEXT,
        display TEXT NOT NULL,
        good BIGINT NOT NULL,
        total BIGINT NOT NULL,
        difference TEXT,
        cause TEXT NOT NULL,
        before JSONB NOT NULL,
        PRIMARY KEY (target_id, window_id, number)
    );
    CREATE INDEX window_adjustment_booked ON window_adjustment (target_id, booked_in);

    CREATE TABLE dispute (
        dispute_id TEXT PRIMARY KEY,
        breach_id TEXT NOT NULL,
        state TEXT NOT NULL,
        disputed JSONB,
        decided JSONB
    );
    CREATE INDEX dispute_breach ON dispute (breach_id);

    ALTER TABLE clock ADD COLUMN excused BOOLEAN NOT NULL DEFAULT FALSE;

    ALTER TABLE fact_segment ADD COLUMN received_to BIGINT;
    CREATE INDEX fact_segment_loose ON fact_segment (hour) WHERE received_to IS NULL;

    CREATE TABLE record_start (
        subject TEXT PRIMARY KEY,
        partition INTEGER NOT NULL,
        begins_at BIGINT NOT NULL,
        kept_from BIGINT NOT NULL,
        deleted_to BIGINT NOT NULL DEFAULT 0
    );

    CREATE TABLE party_relation (
        first_party_id TEXT NOT NULL,
        second_party_id TEXT NOT NULL,
        PRIMARY KEY (first_party_id, second_party_id)
    );
    CREATE TABLE exclusion_delegate (
        delegate_id TEXT PRIMARY KEY,
        agreement_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        delegate_party_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        appointed_by_principal_id TEXT NOT NULL,
        appointed_at BIGINT NOT NULL,
        ends_at BIGINT,
        dismissed_by_principal_id TEXT,
        dismissed_at BIGINT
    );
    CREATE INDEX exclusion_delegate_party ON exclusion_delegate (delegate_party_id, agreement_id);
    CREATE INDEX exclusion_delegate_agreement ON exclusion_delegate (agreement_id, appointed_at);
    ALTER TABLE exclusion ADD COLUMN decided_for_party_id TEXT
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
