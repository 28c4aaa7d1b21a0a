"""Tables for facts and results as they were known at an earlier instant, and for the workflow of breaches."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = """
    CREATE TABLE fact_superseded (
        subject TEXT NOT NULL,
        key TEXT NOT NULL,
        at BIGINT NOT NULL,
        revision INTEGER NOT NULL,
        recorded_at BIGINT NOT NULL,
        received_at BIGINT NOT NULL,
        superseded_at BIGINT NOT NULL,
        body JSONB NOT NULL
    );
    CREATE INDEX fact_superseded_subject ON fact_superseded (subject, superseded_at);

    ALTER TABLE fact_blob ADD COLUMN received_at BIGINT NOT NULL DEFAULT 0;

    CREATE TABLE window_revision (
        target_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        published_at BIGINT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        figure TEXT,
        display TEXT NOT NULL,
        cause TEXT,
        before JSONB,
        PRIMARY KEY (target_id, window_id, published_at, revision)
    );

    CREATE TABLE breach_life (
        breach_id TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        number INTEGER NOT NULL,
        reached TEXT NOT NULL,
        contest TEXT,
        state TEXT NOT NULL
    );

    CREATE TABLE breach_step (
        breach_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        number INTEGER NOT NULL,
        step TEXT NOT NULL,
        at BIGINT NOT NULL,
        principal_id TEXT NOT NULL,
        principal_name TEXT NOT NULL,
        party_id TEXT,
        document JSONB NOT NULL,
        PRIMARY KEY (breach_id, revision, number)
    );

    ALTER TABLE quarantine ADD COLUMN state TEXT NOT NULL DEFAULT 'held';
    ALTER TABLE quarantine ADD COLUMN decided_at BIGINT;
    ALTER TABLE quarantine ADD COLUMN decided_by TEXT;

    CREATE TABLE backtest (
        backtest_id TEXT PRIMARY KEY,
        owner_party_id TEXT NOT NULL,
        requested_by TEXT NOT NULL,
        requested_at BIGINT NOT NULL,
        question JSONB NOT NULL,
        spans JSONB NOT NULL,
        state TEXT NOT NULL,
        judged JSONB NOT NULL DEFAULT '[]',
        failure TEXT,
        ended_at BIGINT,
        worker TEXT,
        leased_until TIMESTAMPTZ
    );
    CREATE INDEX backtest_waiting ON backtest (requested_at) WHERE state IN ('queued', 'running');
    CREATE INDEX backtest_owner ON backtest (owner_party_id, requested_at)
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
