"""Kinds of endpoints, the order of the events of one alert, and alerts that are sent again while they last."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_CHANGES = """
    ALTER TABLE webhook_endpoint ADD COLUMN kind TEXT NOT NULL DEFAULT 'webhook';

    ALTER TABLE heard_event ADD COLUMN place BIGINT;
    CREATE SEQUENCE heard_event_place OWNED BY heard_event.place;
    UPDATE heard_event AS h SET place = known.place
    FROM (
        SELECT event_id, nextval('heard_event_place') AS place
        FROM (SELECT event_id FROM heard_event ORDER BY recorded_at, event_id) AS ordered
    ) AS known
    WHERE h.event_id = known.event_id;
    ALTER TABLE heard_event ALTER COLUMN place SET DEFAULT nextval('heard_event_place');
    ALTER TABLE heard_event ALTER COLUMN place SET NOT NULL;

    ALTER TABLE webhook_delivery ADD COLUMN lane TEXT;
    ALTER TABLE webhook_delivery ADD COLUMN repeat_at BIGINT;
    CREATE INDEX webhook_delivery_lane ON webhook_delivery (endpoint_id, lane) WHERE lane IS NOT NULL;
    CREATE INDEX webhook_delivery_repeat ON webhook_delivery (repeat_at) WHERE repeat_at IS NOT NULL;
"""


def upgrade() -> None:
    """Add the columns."""
    for statement in _CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
