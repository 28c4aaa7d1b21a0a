"""Indexes and columns of the summary: open windows, verdicts of closed windows, lasting outages, names of parties."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

# Reading names from the documents of a thousand agreements takes longer than the rest of the summary.
# A fact that cannot be read must not fail when it is stored: it is set aside for its sender, later.
# An index makes an update slower only where it changes one of the index's columns. The columns that change with every
# evaluation (good, total, figure, detail, as_of) are in none of these.
_STATEMENTS = """
    CREATE INDEX target_window_open ON target_window (target_id, start, "end") WHERE closed_at IS NULL;
    CREATE INDEX target_window_verdict ON target_window (target_id, "end") INCLUDE (start, verdict)
        WHERE closed_at IS NOT NULL;
    CREATE INDEX fact_outage_end ON fact (subject, (
        CASE WHEN body ->> 'to' ~ '^[0-9]+$' THEN (body ->> 'to')::bigint END)) WHERE body ? 'from';
    CREATE INDEX breach_standing ON breach (certain_at DESC) WHERE standing;

    ALTER TABLE agreement_terms
        ADD COLUMN title TEXT GENERATED ALWAYS AS (document ->> 'title') STORED,
        ADD COLUMN provider_name TEXT GENERATED ALWAYS AS (document ->> 'provider_name') STORED,
        ADD COLUMN customer_name TEXT GENERATED ALWAYS AS (document ->> 'customer_name') STORED,
        ADD COLUMN service_id TEXT GENERATED ALWAYS AS (document ->> 'service_id') STORED,
        ADD COLUMN service_name TEXT GENERATED ALWAYS AS (document ->> 'service_name') STORED
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
