"""The tables of notification-svc."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("party_id", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default="webhook"),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("wanted", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False),
    Column("state_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", BigInteger),
    Column("retry_at", BigInteger),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by_principal_id", Text, nullable=False),
    Index("webhook_endpoint_party_id", "party_id", "created_at"),
)
"""Webhook endpoints: the addresses of parties. ``failing_since`` and ``retry_at`` are real time."""

webhook_secret = Table(
    "webhook_secret",
    metadata,
    Column("secret_id", Text, primary_key=True),
    Column("endpoint_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Index("webhook_secret_endpoint_id", "endpoint_id"),
)
"""The secrets of endpoints, in a table of their own so that no query of endpoints reads them. All times are real time.
"""

heard_event = Table(
    "heard_event",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("event_type", Text, nullable=False),
    Column("agreement_id", Text),
    Column("service_id", Text),
    Column("party_ids", ARRAY(Text), nullable=False),
    Column("named_party_ids", ARRAY(Text), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("place", BigInteger, nullable=False, server_default=text("nextval('heard_event_place')")),
    Index("heard_event_recorded_at", "recorded_at", "event_id"),
)
"""Events that a party with an endpoint may see, in the form in which they are sent. ``place``: the order in which they
were received. The events of one breach or risk are received in the order of the log.
"""

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("endpoint_id", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("agreement_id", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger),
    Column("first_attempt_at", BigInteger),
    Column("first_failed_at", BigInteger),
    Column("last_attempt_at", BigInteger),
    Column("delivered_at", BigInteger),
    Column("status", Integer),
    Column("problem", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("lane", Text),
    Column("repeat_at", BigInteger),
    Index("webhook_delivery_lane", "endpoint_id", "lane", postgresql_where=text("lane IS NOT NULL")),
    Index("webhook_delivery_repeat", "repeat_at", postgresql_where=text("repeat_at IS NOT NULL")),
    Index("webhook_delivery_due", "endpoint_id", "due_at", postgresql_where=text("state = 'waiting'")),
    Index("webhook_delivery_leased", "endpoint_id", postgresql_where=text("leased_until IS NOT NULL")),
    Index("webhook_delivery_party", "party_id", "created_at", "delivery_id"),
    Index("webhook_delivery_endpoint", "endpoint_id", "created_at", "delivery_id"),
    Index("webhook_delivery_created_at", "created_at", "delivery_id"),
    Index("webhook_delivery_event_id", "event_id"),
)
"""One row for each event and endpoint. All times but ``created_at`` are real time.

Deliveries of one endpoint with the same ``lane`` are sent one after the other, in the order of their events. At
``repeat_at`` an accepted delivery is sent again.
"""
