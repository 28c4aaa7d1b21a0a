"""The tables of mails: people and their choices, deliveries, and the mails that contain the deliveries."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from slm_notification.adapters.tables import metadata

_IN_NO_MAIL = text("state = 'waiting' AND message_id IS NULL")

mail_person = Table(
    "mail_person",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("party_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Index("mail_person_party_id", "party_id"),
)
"""The people of all parties, as agreement-svc publishes them."""

mail_principal = Table(
    "mail_principal",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("ends_at", BigInteger),
    Index("mail_principal_person_id", "person_id"),
)
"""The principals of people: their roles, and until when they may log in."""

mail_agreement = Table(
    "mail_agreement", metadata, Column("agreement_id", Text, primary_key=True), Column("title", Text, nullable=False)
)
"""The titles of agreements, for the words of mails."""

mail_cause = Table(
    "mail_cause",
    metadata,
    Column("party_id", Text, primary_key=True),
    Column("finding_id", Text, primary_key=True),
    Column("cause_id", Text, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Index("mail_cause_stored_at", "stored_at"),
)
"""The cause to which a breach or risk belongs in the view of a party."""

mail_preference = Table(
    "mail_preference",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("rules", JSONB, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("monday_service_ids", JSONB, nullable=False, server_default=text("'[]'")),
)
"""The choices of people: which kinds of events they get mails about, when, and which services their Monday mail is
about.
"""

mail_week = Table(
    "mail_week",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("next_at", BigInteger, nullable=False),
    Index("mail_week_next_at", "next_at"),
)
"""When the next Monday mail of each person who gets one is due, in installation time."""

mail_delivery = Table(
    "mail_delivery",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("agreement_id", Text),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("is_digest", Boolean, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("finding_id", Text),
    Column("bundle", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message_id", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    UniqueConstraint("event_id", "person_id", "channel"),
    Index(
        "mail_delivery_unbound",
        "person_id",
        "due_at",
        postgresql_where=text("state = 'waiting' AND message_id IS NULL"),
    ),
    Index("mail_delivery_message_id", "message_id"),
    Index("mail_delivery_party", "party_id", "created_at", "delivery_id"),
    Index("mail_delivery_person", "person_id", "created_at", "delivery_id"),
)
"""One row for each event and person. ``stored_at`` and ``due_at`` are real time."""

mail_message = Table(
    "mail_message",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("bundle", Text, nullable=False),
    Column("cause_id", Text),
    Column("is_digest", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("is_away", Boolean, nullable=False),
    Column("problem", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger),
    Column("first_attempt_at", BigInteger),
    Column("sent_at", BigInteger),
    Index("mail_message_due", "due_at", postgresql_where=text("state = 'waiting'")),
    Index("mail_message_bundle", "person_id", "bundle", "made_at"),
    Index("mail_message_made_at", "made_at"),
)
"""The mails, each with one delivery or several. All times but ``created_at`` are real time."""
