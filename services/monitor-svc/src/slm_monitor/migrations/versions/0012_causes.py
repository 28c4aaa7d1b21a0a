"""Causes: findings with their bad intervals, each party's view, and the breaches and risks to be grouped again."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

_STATEMENTS = """
    CREATE TABLE cause_due (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind TEXT NOT NULL,
        ref TEXT NOT NULL,
        since BIGINT NOT NULL
    );

    CREATE TABLE cause_finding (
        finding_id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        agreement_id TEXT NOT NULL,
        target_id TEXT NOT NULL,
        service_id TEXT NOT NULL,
        keys TEXT[] NOT NULL,
        since BIGINT NOT NULL,
        until BIGINT NOT NULL,
        cause_id TEXT NOT NULL
    );
    CREATE INDEX cause_finding_cause ON cause_finding (cause_id);
    CREATE INDEX cause_finding_provider ON cause_finding (provider_party_id, since);
    CREATE INDEX cause_finding_customer ON cause_finding (customer_party_id, since);

    CREATE TABLE cause_key (
        finding_id TEXT NOT NULL REFERENCES cause_finding ON DELETE CASCADE,
        key TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        since BIGINT NOT NULL,
        until BIGINT NOT NULL,
        PRIMARY KEY (finding_id, key)
    );
    CREATE INDEX cause_key_until ON cause_key (key, until);

    CREATE TABLE cause_view (
        cause_id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        provider_party_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        state TEXT NOT NULL,
        start BIGINT NOT NULL,
        until BIGINT NOT NULL,
        breaches INTEGER NOT NULL,
        document JSONB NOT NULL,
        PRIMARY KEY (cause_id, party_id)
    );
    CREATE INDEX cause_view_party ON cause_view (party_id, start) WHERE state = 'current';
    CREATE INDEX cause_view_provider ON cause_view (provider_party_id) WHERE state = 'current';

    INSERT INTO cause_due (kind, ref, since) SELECT 'breach', breach_id, 0 FROM breach WHERE standing;
    INSERT INTO cause_due (kind, ref, since) SELECT 'risk', risk_id, 0 FROM risk
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
