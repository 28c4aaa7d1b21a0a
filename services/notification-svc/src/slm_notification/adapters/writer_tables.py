"""The tables of ticket writers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from slm_notification.adapters.tables import metadata

ticket_writer = Table(
    "ticket_writer",
    metadata,
    Column("writer_id", Text, primary_key=True),
    Column("party_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("clocks", ARRAY(Text), nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("credential_kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False),
    Column("state_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", BigInteger),
    Column("retry_at", BigInteger),
    Column("problem", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by_principal_id", Text, nullable=False),
    Column("leased_until", BigInteger),
    Index("ticket_writer_source", "party_id", "source"),
)
"""Accounts of parties at ticket tools. ``failing_since``, ``retry_at`` and ``leased_until`` are real time."""

ticket_writer_credential = Table(
    "ticket_writer_credential",
    metadata,
    Column("writer_id", Text, primary_key=True),
    Column("secret", Text, nullable=False),
)
"""Passwords and tokens of writers, in a table of their own so that no query of writers reads them."""

ticket_clock = Table(
    "ticket_clock",
    metadata,
    Column("party_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("target_id", Text, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("clock", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("deadline_at", BigInteger),
    Column("is_open", Boolean, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Index("ticket_clock_open", "party_id", "source", postgresql_where=text("is_open")),
    Index("ticket_clock_ended", "stored_at", postgresql_where=text("NOT is_open")),
)
"""The clocks of parties' own tickets, as the latest events show them. ``stored_at`` is real time."""

ticket_breach = Table(
    "ticket_breach",
    metadata,
    Column("breach_id", Text, primary_key=True),
    Column("party_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Index("ticket_breach_ticket", "party_id", "source", "ticket"),
    Index("ticket_breach_stored_at", "stored_at"),
)
"""The breaches of tickets' clocks. They are on another topic than clocks, so either may come first."""

ticket_write = Table(
    "ticket_write",
    metadata,
    Column("writer_id", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("party_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("wanted", JSONB, nullable=False),
    Column("written", JSONB(none_as_null=True)),
    Column("reference", JSONB(none_as_null=True)),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("first_attempt_at", BigInteger),
    Column("last_attempt_at", BigInteger),
    Column("written_at", BigInteger),
    Column("hour_from", BigInteger, nullable=False),
    Column("hour_writes", Integer, nullable=False),
    Column("status", Integer),
    Column("problem", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Index("ticket_write_due", "writer_id", "due_at", postgresql_where=text("state = 'waiting'")),
    Index("ticket_write_party", "party_id", "changed_at", "writer_id", "ticket"),
    Index("ticket_write_writer", "writer_id", "changed_at", "ticket"),
)
"""The figures to write into each ticket, and those written last: null while it is unknown whether the tool has them.
All times but ``changed_at`` are real time.
"""
