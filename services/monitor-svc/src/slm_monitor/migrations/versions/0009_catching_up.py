"""Signed versions by whose terms the facts from before the signing are evaluated."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_CATCH_UP = """
    CREATE TABLE catch_up (
        agreement_id TEXT NOT NULL,
        version INT NOT NULL,
        provider_party_id TEXT NOT NULL,
        customer_party_id TEXT NOT NULL,
        begun_at BIGINT NOT NULL,
        judged JSONB NOT NULL DEFAULT '[]',
        derived JSONB NOT NULL DEFAULT '[]',
        breach_events BIGINT NOT NULL DEFAULT 0,
        caught_up_at BIGINT,
        PRIMARY KEY (agreement_id, version)
    )
"""
_WAITING = "CREATE INDEX catch_up_waiting ON catch_up (agreement_id) WHERE caught_up_at IS NULL"


def upgrade() -> None:
    op.execute(_CATCH_UP)
    op.execute(_WAITING)
