"""The first tables: received facts, agendas and reports."""

from __future__ import annotations

from alembic import op

from slm_chassis import tables

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE agreement_version (
    agreement_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    finalized JSONB NOT NULL,
    PRIMARY KEY (agreement_id, version)
);

CREATE TABLE agreement_end (
    agreement_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    event JSONB NOT NULL,
    PRIMARY KEY (agreement_id, version, type)
);

CREATE TABLE target_window (
    agreement_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    window_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    end_at BIGINT NOT NULL,
    type TEXT NOT NULL,
    event JSONB NOT NULL,
    PRIMARY KEY (agreement_id, target_id, window_id, revision)
);
CREATE INDEX target_window_end ON target_window (agreement_id, end_at);

CREATE TABLE breach (
    breach_id TEXT NOT NULL,
    agreement_id TEXT NOT NULL,
    certain_at BIGINT,
    calendar_end_at BIGINT,
    recovered_at BIGINT,
    breached JSONB,
    withdrawn JSONB,
    recovered JSONB,
    PRIMARY KEY (breach_id)
);
CREATE INDEX breach_certain_at ON breach (agreement_id, certain_at);

CREATE TABLE risk (
    risk_id TEXT NOT NULL,
    agreement_id TEXT NOT NULL,
    raised_at BIGINT,
    cleared_at BIGINT,
    raised JSONB,
    cleared JSONB,
    PRIMARY KEY (risk_id)
);
CREATE INDEX risk_raised_at ON risk (agreement_id, raised_at);

CREATE TABLE ticket_clock (
    target_id TEXT NOT NULL,
    source TEXT NOT NULL,
    ticket TEXT NOT NULL,
    agreement_id TEXT NOT NULL,
    stopped_at BIGINT NOT NULL,
    stopped JSONB NOT NULL,
    PRIMARY KEY (target_id, source, ticket)
);
CREATE INDEX ticket_clock_stopped_at ON ticket_clock (agreement_id, stopped_at);

CREATE TABLE action_plan (
    plan_id TEXT NOT NULL,
    agreement_id TEXT NOT NULL,
    risk_id TEXT NOT NULL,
    opened JSONB,
    ended JSONB,
    PRIMARY KEY (plan_id)
);
CREATE INDEX action_plan_risk ON action_plan (agreement_id, risk_id);

CREATE TABLE improvement_action (
    action_id TEXT NOT NULL,
    agreement_id TEXT NOT NULL,
    opened_at BIGINT,
    completed_at BIGINT,
    opened JSONB,
    completed JSONB,
    PRIMARY KEY (action_id)
);
CREATE INDEX improvement_action_opened_at ON improvement_action (agreement_id, opened_at);

CREATE TABLE exclusion (
    exclusion_id TEXT NOT NULL,
    agreement_id TEXT NOT NULL,
    decided JSONB,
    revoked JSONB,
    PRIMARY KEY (exclusion_id)
);
CREATE INDEX exclusion_agreement_id ON exclusion (agreement_id);

CREATE TABLE import_heard (
    agreement_id TEXT NOT NULL,
    import_id TEXT NOT NULL,
    breach_events INTEGER NOT NULL,
    expected INTEGER,
    PRIMARY KEY (agreement_id, import_id)
);

CREATE TABLE agenda (
    agreement_id TEXT NOT NULL,
    stale_from BIGINT,
    settled_until BIGINT,
    due_at BIGINT,
    stale_since TIMESTAMP WITH TIME ZONE,
    touched_at TIMESTAMP WITH TIME ZONE,
    not_before TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (agreement_id)
);
CREATE INDEX agenda_due_at ON agenda (due_at);
CREATE INDEX agenda_stale_since ON agenda (stale_since) WHERE stale_from IS NOT NULL;

CREATE TABLE report (
    report_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    newest BOOLEAN NOT NULL,
    agreement_id TEXT NOT NULL,
    provider_party_id TEXT NOT NULL,
    customer_party_id TEXT NOT NULL,
    period TEXT NOT NULL,
    period_start_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    verdict TEXT NOT NULL,
    digest TEXT NOT NULL,
    document JSONB NOT NULL,
    changes JSONB NOT NULL,
    built_at BIGINT NOT NULL,
    figures BYTEA,
    PRIMARY KEY (report_id, revision)
);
CREATE INDEX report_newest ON report (period_start_at, report_id) WHERE newest;
"""


def upgrade() -> None:
    """Create the tables for received facts, agendas and reports."""
    tables.create_technical_tables(op.get_bind())
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
