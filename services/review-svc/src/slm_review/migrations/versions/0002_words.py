"""Renames values and fields to the words that the API uses now: reviews are concluded, withdrawals and restatements
have a cause.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = """
    ALTER TABLE breach RENAME COLUMN withdrawn_because TO withdrawal_cause;
    ALTER TABLE attained_window RENAME COLUMN restated_because TO restatement_cause;

    ALTER TABLE review RENAME COLUMN from_at TO start_at;
    ALTER TABLE review RENAME COLUMN to_at TO end_at;
    ALTER TABLE review RENAME COLUMN held_at TO concluded_at;
    ALTER TABLE review RENAME COLUMN held_by_principal_id TO concluded_by_principal_id;
    UPDATE review SET state = 'concluded' WHERE state = 'held';

    UPDATE agenda_item
       SET detail = (detail - 'withdrawn_because')
                    || jsonb_build_object('withdrawal_cause', detail -> 'withdrawn_because')
     WHERE detail ? 'withdrawn_because';
    UPDATE agenda_item
       SET detail = (detail - 'restated_because')
                    || jsonb_build_object('restatement_cause', detail -> 'restated_because')
     WHERE detail ? 'restated_because'
"""


def upgrade() -> None:
    for statement in _STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
