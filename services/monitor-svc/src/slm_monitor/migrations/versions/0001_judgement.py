"""The tables of the first release."""

from __future__ import annotations

from alembic import op

from slm_chassis import tables

revision = "0001"
down_revision = None

_TABLES = """
    CREATE TABLE indicator (
        subject TEXT PRIMARY KEY,
        indicator_id TEXT NOT NULL UNIQUE,
        owner_party_id TEXT NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        unit TEXT,
        initial_state TEXT NOT NULL,
        service_id TEXT,
        external_refs JSONB NOT NULL DEFAULT '[]',
        registered_at BIGINT NOT NULL,
        from_terms BOOLEAN NOT NULL DEFAULT FALSE
    );
    CREATE INDEX indicator_owner ON indicator (owner_party_id, key);

    CREATE TABLE agreement_terms (
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        document JSONB NOT NULL,
        PRIMARY KEY (agreement_id, version)
    );

    CREATE TABLE agreement_end (
        agreement_id TEXT PRIMARY KEY,
        ended_at BIGINT NOT NULL
    );

    CREATE TABLE target (
        target_id TEXT PRIMARY KEY,
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        key TEXT NOT NULL,
        title TEXT NOT NULL,
        service_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        indicator TEXT,
        terms JSONB NOT NULL
    );
    CREATE INDEX target_agreement ON target (agreement_id, key);

    CREATE TABLE judge_partition (
        partition INTEGER PRIMARY KEY,
        epoch BIGINT NOT NULL,
        measurements BIGINT NOT NULL,
        tickets BIGINT NOT NULL,
        horizon BIGINT NOT NULL,
        blob_seq BIGINT NOT NULL,
        figures_measurements BIGINT NOT NULL,
        figures_tickets BIGINT NOT NULL,
        figures_blob BIGINT NOT NULL
    ) WITH (fillfactor = 50);

    CREATE TABLE judge_inbox (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        partition INTEGER NOT NULL,
        kind TEXT NOT NULL,
        ref JSONB NOT NULL
    );
    CREATE INDEX judge_inbox_partition ON judge_inbox (partition, seq);

    CREATE TABLE fact (
        subject TEXT NOT NULL,
        key TEXT NOT NULL,
        at BIGINT NOT NULL,
        revision INTEGER NOT NULL,
        recorded_at BIGINT NOT NULL,
        received_at BIGINT NOT NULL,
        body JSONB NOT NULL,
        PRIMARY KEY (subject, key)
    );

    CREATE TABLE fact_blob (
        partition INTEGER NOT NULL,
        seq BIGINT NOT NULL,
        data BYTEA NOT NULL,
        PRIMARY KEY (partition, seq)
    );
    ALTER TABLE fact_blob ALTER COLUMN data SET STORAGE EXTERNAL;

    CREATE TABLE fact_segment (
        subject TEXT NOT NULL,
        hour BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        rows INTEGER NOT NULL,
        received_at BIGINT NOT NULL,
        data BYTEA NOT NULL,
        PRIMARY KEY (subject, hour, seq)
    );
    ALTER TABLE fact_segment ALTER COLUMN data SET STORAGE EXTERNAL;

    CREATE TABLE series_state (
        subject TEXT PRIMARY KEY,
        partition INTEGER NOT NULL,
        high_water BIGINT NOT NULL,
        tallies JSONB NOT NULL,
        judged_to JSONB NOT NULL
    );
    CREATE INDEX series_state_partition ON series_state (partition);

    CREATE TABLE target_window (
        target_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        partition INTEGER NOT NULL,
        version INTEGER NOT NULL,
        start BIGINT NOT NULL,
        "end" BIGINT NOT NULL,
        status TEXT NOT NULL,
        good BIGINT NOT NULL,
        total BIGINT NOT NULL,
        figure TEXT,
        display TEXT NOT NULL,
        detail JSONB NOT NULL,
        closed_at BIGINT,
        revision INTEGER NOT NULL,
        as_of BIGINT NOT NULL,
        PRIMARY KEY (target_id, window_id)
    );
    CREATE INDEX target_window_partition ON target_window (partition);

    CREATE TABLE breach (
        breach_id TEXT PRIMARY KEY,
        partition INTEGER NOT NULL,
        target_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        window_id TEXT NOT NULL,
        level TEXT NOT NULL,
        ordinal BIGINT NOT NULL,
        certain_at BIGINT NOT NULL,
        published_at BIGINT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        service_id TEXT NOT NULL,
        standing BOOLEAN NOT NULL,
        revision INTEGER NOT NULL,
        until BIGINT,
        subject TEXT NOT NULL,
        document JSONB NOT NULL,
        pending JSONB
    );
    CREATE INDEX breach_partition ON breach (partition, target_id);
    CREATE INDEX breach_subject ON breach (subject);
    CREATE INDEX breach_agreement ON breach (agreement_id, certain_at);

    CREATE TABLE risk (
        risk_id TEXT PRIMARY KEY,
        partition INTEGER NOT NULL,
        target_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        window_id TEXT NOT NULL,
        cause TEXT NOT NULL,
        threshold TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        service_id TEXT NOT NULL,
        standing BOOLEAN NOT NULL,
        cleared_at BIGINT,
        outcome TEXT,
        revision INTEGER NOT NULL,
        again_until BIGINT,
        document JSONB NOT NULL
    );
    CREATE INDEX risk_partition ON risk (partition) WHERE standing;
    CREATE INDEX risk_again ON risk (partition, again_until) WHERE again_until IS NOT NULL;
    CREATE INDEX risk_agreement ON risk (agreement_id, opened_at);

    CREATE TABLE ticket (
        subject TEXT PRIMARY KEY,
        partition INTEGER NOT NULL,
        owner_party_id TEXT NOT NULL,
        source TEXT NOT NULL,
        number TEXT NOT NULL,
        waiting BOOLEAN NOT NULL,
        held BOOLEAN NOT NULL DEFAULT FALSE
    );
    CREATE INDEX ticket_waiting ON ticket (partition) WHERE waiting;
    CREATE INDEX ticket_owner ON ticket (owner_party_id, partition);

    CREATE TABLE clock (
        target_id TEXT NOT NULL,
        ticket TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        partition INTEGER NOT NULL,
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        owner_party_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        source TEXT NOT NULL,
        number TEXT NOT NULL,
        clock TEXT NOT NULL,
        state TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        deadline_at BIGINT NOT NULL,
        stopped_at BIGINT,
        breached_at BIGINT,
        changed_at BIGINT NOT NULL,
        due_at BIGINT,
        elapsed_calendar BIGINT NOT NULL,
        elapsed_service BIGINT NOT NULL,
        pauses JSONB NOT NULL,
        PRIMARY KEY (target_id, ticket, ordinal)
    );
    CREATE INDEX clock_ticket ON clock (ticket);
    CREATE INDEX clock_due ON clock (partition, due_at) WHERE due_at IS NOT NULL;

    CREATE TABLE import (
        import_id TEXT PRIMARY KEY,
        owner_party_id TEXT NOT NULL,
        indicators JSONB NOT NULL,
        sources JSONB NOT NULL,
        opened_at BIGINT NOT NULL,
        opened_by TEXT NOT NULL,
        through BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        release JSONB,
        released JSONB NOT NULL DEFAULT '[]',
        derived JSONB NOT NULL DEFAULT '[]',
        state TEXT NOT NULL,
        ended_as TEXT,
        ended_at BIGINT,
        judged_at BIGINT
    );
    CREATE INDEX import_owner ON import (owner_party_id, opened_at);
    CREATE INDEX import_waiting ON import (opened_at) WHERE state <> 'judged';

    CREATE TABLE import_touched (
        import_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        windows_closed BIGINT NOT NULL,
        windows_restated BIGINT NOT NULL,
        clocks_ended BIGINT NOT NULL,
        breach_events BIGINT NOT NULL,
        PRIMARY KEY (import_id, agreement_id)
    );

    CREATE TABLE quarantine (
        quarantine_id TEXT PRIMARY KEY,
        owner_party_id TEXT,
        subject TEXT NOT NULL,
        reason TEXT NOT NULL,
        fact JSONB NOT NULL,
        received_at BIGINT NOT NULL
    );
    CREATE INDEX quarantine_owner ON quarantine (owner_party_id, quarantine_id);
"""


def upgrade() -> None:
    tables.create_technical_tables(op.get_bind())
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
