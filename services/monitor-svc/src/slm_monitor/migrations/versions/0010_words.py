"""One word for one thing: columns, states and steps get the names that the API and the events use."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

_STATEMENTS = """
    ALTER TABLE target_window RENAME COLUMN status TO verdict;
    ALTER TABLE window_revision RENAME COLUMN status TO verdict;
    ALTER TABLE window_adjustment RENAME COLUMN status TO verdict;
    ALTER TABLE ticket RENAME COLUMN unmatched_because TO unmatched_cause;
    ALTER TABLE exclusion RENAME COLUMN decide_by TO decide_by_at;

    ALTER TABLE silence RENAME TO staleness;
    ALTER INDEX silence_pkey RENAME TO staleness_pkey;
    ALTER INDEX silence_partition RENAME TO staleness_partition;

    ALTER TABLE quarantine ALTER COLUMN state SET DEFAULT 'quarantined';
    UPDATE quarantine SET state = 'quarantined' WHERE state = 'held';

    UPDATE breach_life SET reached = 'root_cause_given' WHERE reached = 'explained';
    UPDATE breach_life SET state = 'root_cause_given' WHERE state = 'explained';
    UPDATE breach_step
       SET step = 'root-cause',
           document = (document - 'cause') || jsonb_build_object('root_cause', document -> 'cause')
     WHERE step = 'explain'
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
