"""The tables of the first release."""

from __future__ import annotations

from alembic import op

from slm_chassis import tables

revision = "0001"
down_revision = None

_TABLES = """
    CREATE TABLE action (
        action_id TEXT NOT NULL,
        review_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        target_id TEXT,
        target_key TEXT,
        text TEXT NOT NULL,
        owner TEXT NOT NULL,
        due_at BIGINT NOT NULL,
        expected_change TEXT NOT NULL,
        state TEXT NOT NULL,
        external_refs JSONB NOT NULL,
        opened_by_principal_id TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        completed_at BIGINT,
        completed_by_principal_id TEXT,
        completion_note TEXT NOT NULL,
        PRIMARY KEY (action_id)
    );
    CREATE INDEX action_agreement_id ON action (agreement_id);
    CREATE INDEX action_external_refs ON action USING gin (external_refs);
    CREATE INDEX action_opened_at ON action (opened_at, action_id);
    CREATE INDEX action_review_id ON action (review_id);

    CREATE TABLE action_plan (
        plan_id TEXT NOT NULL,
        risk_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        agreement_version INTEGER NOT NULL,
        target_id TEXT NOT NULL,
        target_key TEXT NOT NULL,
        target_title TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        service_id TEXT NOT NULL,
        window_end_at BIGINT,
        state TEXT NOT NULL,
        cause TEXT NOT NULL,
        threshold TEXT NOT NULL,
        figure_display TEXT NOT NULL,
        owner TEXT NOT NULL,
        steps JSONB NOT NULL,
        responsible JSONB NOT NULL,
        at_risk_at BIGINT,
        harm_expected_at BIGINT,
        due_at BIGINT,
        time_left_seconds BIGINT,
        opened_at BIGINT,
        risk_revision INTEGER NOT NULL,
        breach_named_at BIGINT,
        cleared_revision INTEGER NOT NULL,
        cleared_as TEXT,
        cleared_at BIGINT,
        quiet_at BIGINT,
        breach_id TEXT,
        ended_at BIGINT,
        PRIMARY KEY (plan_id)
    );
    CREATE INDEX action_plan_quiet ON action_plan (quiet_at) WHERE state IN ('open', 'watching');
    CREATE INDEX action_plan_opened_at ON action_plan (opened_at, plan_id);
    CREATE INDEX action_plan_version ON action_plan (agreement_id, agreement_version) WHERE state = 'waiting';
    CREATE INDEX action_plan_window ON action_plan (agreement_id, target_id, window_id);

    CREATE TABLE agenda_item (
        item_id TEXT NOT NULL,
        review_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        ref_id TEXT NOT NULL,
        at BIGINT NOT NULL,
        state TEXT NOT NULL,
        title TEXT NOT NULL,
        detail JSONB NOT NULL,
        PRIMARY KEY (item_id)
    );
    CREATE INDEX agenda_item_ref ON agenda_item (ref_id);
    CREATE INDEX agenda_item_review ON agenda_item (review_id, at, item_id);

    CREATE TABLE agreement_version (
        version_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        provider_name TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        customer_name TEXT NOT NULL,
        timezone TEXT NOT NULL,
        effective_at BIGINT NOT NULL,
        expires_at BIGINT,
        closing_delay BIGINT NOT NULL,
        targets JSONB NOT NULL,
        review JSONB NOT NULL,
        finalized_at BIGINT NOT NULL,
        ended_at BIGINT,
        ended_as TEXT,
        PRIMARY KEY (version_id)
    );
    CREATE INDEX agreement_version_agreement_id ON agreement_version (agreement_id);

    CREATE TABLE amendment (
        amendment_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        revision_hash TEXT NOT NULL,
        proposal_id TEXT NOT NULL,
        drafted_at BIGINT NOT NULL,
        PRIMARY KEY (amendment_id)
    );
    CREATE INDEX amendment_proposal_id ON amendment (proposal_id);

    CREATE TABLE attained_window (
        attained_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        agreement_version INTEGER NOT NULL,
        target_id TEXT NOT NULL,
        target_key TEXT NOT NULL,
        target_title TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        window_start_at BIGINT,
        window_end_at BIGINT,
        verdict TEXT NOT NULL,
        revision INTEGER NOT NULL,
        objective JSONB NOT NULL,
        aggregation TEXT NOT NULL,
        unit TEXT NOT NULL,
        figure TEXT,
        figure_display TEXT NOT NULL,
        closed_at BIGINT NOT NULL,
        restated_because TEXT,
        coverage_percent TEXT,
        PRIMARY KEY (attained_id)
    );
    CREATE INDEX attained_window_target ON attained_window (agreement_id, target_id, window_end_at);

    CREATE TABLE breach (
        breach_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        agreement_version INTEGER NOT NULL,
        target_id TEXT NOT NULL,
        target_key TEXT NOT NULL,
        target_title TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        window_start_at BIGINT,
        window_end_at BIGINT,
        level TEXT NOT NULL,
        revision INTEGER NOT NULL,
        is_standing BOOLEAN NOT NULL,
        objective JSONB NOT NULL,
        figure_display TEXT NOT NULL,
        shortfall TEXT,
        certain_at BIGINT,
        ticket JSONB,
        withdrawn_because TEXT,
        review_id TEXT,
        PRIMARY KEY (breach_id)
    );
    CREATE INDEX breach_target_window ON breach (agreement_id, target_id, window_id);

    CREATE TABLE lesson (
        lesson_id TEXT NOT NULL,
        review_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        text TEXT NOT NULL,
        recorded_by_principal_id TEXT NOT NULL,
        recorded_at BIGINT NOT NULL,
        PRIMARY KEY (lesson_id)
    );
    CREATE INDEX lesson_agreement_id ON lesson (agreement_id);
    CREATE INDEX lesson_recorded_at ON lesson (recorded_at, lesson_id);
    CREATE INDEX lesson_review_id ON lesson (review_id);

    CREATE TABLE proposal (
        proposal_id TEXT NOT NULL,
        review_id TEXT,
        agreement_id TEXT NOT NULL,
        agreement_version INTEGER NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        targets JSONB NOT NULL,
        origin TEXT NOT NULL,
        state TEXT NOT NULL,
        proposed_by_party_id TEXT,
        proposed_by_principal_id TEXT,
        proposed_at BIGINT NOT NULL,
        amendment_version INTEGER,
        amendment_revision_hash TEXT,
        drafted_at BIGINT,
        ended_at BIGINT,
        ended_by_party_id TEXT,
        ended_by_principal_id TEXT,
        end_reason TEXT NOT NULL,
        PRIMARY KEY (proposal_id)
    );
    CREATE INDEX proposal_targets ON proposal USING gin (targets);
    CREATE INDEX proposal_agreement_id ON proposal (agreement_id);
    CREATE INDEX proposal_proposed_at ON proposal (proposed_at, proposal_id);
    CREATE INDEX proposal_review_id ON proposal (review_id);

    CREATE TABLE published_report (
        report_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        period TEXT NOT NULL,
        period_start_at BIGINT NOT NULL,
        period_end_at BIGINT NOT NULL,
        verdict TEXT NOT NULL,
        breaches INTEGER NOT NULL,
        url TEXT NOT NULL,
        published_at BIGINT NOT NULL,
        PRIMARY KEY (report_id)
    );
    CREATE INDEX published_report_agreement_id ON published_report (agreement_id);

    CREATE TABLE review (
        review_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        agreement_version INTEGER NOT NULL,
        agreement_title TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        period TEXT,
        state TEXT NOT NULL,
        from_at BIGINT NOT NULL,
        to_at BIGINT,
        due_at BIGINT NOT NULL,
        opened_at BIGINT,
        held_at BIGINT,
        held_by_principal_id TEXT,
        summary TEXT NOT NULL,
        attendees JSONB NOT NULL,
        PRIMARY KEY (review_id)
    );
    CREATE INDEX review_agreement_id ON review (agreement_id, state);
    CREATE INDEX review_due_at ON review (due_at, review_id);
    CREATE INDEX review_scheduled ON review (due_at) WHERE state = 'scheduled';
"""


def upgrade() -> None:
    """Create the tables of review-svc."""
    tables.create_technical_tables(op.get_bind())
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
