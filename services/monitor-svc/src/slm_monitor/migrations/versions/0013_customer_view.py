"""What each version of an agreement shows to its customer, and when a hidden warning was disclosed to the customer."""

from __future__ import annotations

import json

from alembic import op
from sqlalchemy import text

from slm_events.instants import from_text
from slm_monitor.domain.terms.customer_view import parse_customer_view

revision = "0013"
down_revision = "0012"

_STATEMENTS = """
    CREATE TABLE customer_view (
        agreement_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        customer_party_id TEXT NOT NULL,
        effective_at BIGINT NOT NULL,
        risks_after BIGINT,
        live_figure BOOLEAN NOT NULL,
        PRIMARY KEY (agreement_id, version)
    );
    CREATE INDEX customer_view_party ON customer_view (customer_party_id);

    ALTER TABLE cause_finding ADD COLUMN is_hidden BOOLEAN NOT NULL DEFAULT FALSE;
    UPDATE cause_finding SET is_hidden = TRUE
     WHERE kind = 'risk' AND finding_id IN (
        SELECT risk_id FROM risk JOIN agreement_terms USING (agreement_id)
         WHERE coalesce(agreement_terms.document #>> '{customer_sees,risks}', 'at_breach') <> 'at_once');
    ALTER TABLE risk ADD COLUMN disclosed_at BIGINT;
    CREATE INDEX risk_undisclosed ON risk (agreement_id) WHERE standing AND disclosed_at IS NULL
"""
_SIGNED = """
SELECT agreement_id, version, customer_party_id, document ->> 'effective_at' AS effective_at,
       (document -> 'customer_sees')::text AS term FROM agreement_terms
"""
_KEEP = """
INSERT INTO customer_view
VALUES (:agreement_id, :version, :customer_party_id, :effective_at, :risks_after, :live_figure)
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
    connection = op.get_bind()
    for row in connection.execute(text(_SIGNED)).mappings().all():
        view = parse_customer_view(None if row["term"] is None else json.loads(row["term"]))
        kept = {name: row[name] for name in ("agreement_id", "version", "customer_party_id")}
        shown = {"risks_after": view.risks_after, "live_figure": view.live_figure}
        connection.execute(text(_KEEP), {**kept, **shown, "effective_at": from_text(row["effective_at"])})
