"""The technical tables in every service's database: outbox, inbox, positions, dead letters, idempotency keys
and audit.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)

metadata = MetaData()

outbox = Table(
    "outbox",
    metadata,
    # The number is assigned just before the commit and after the aggregate's lock, so that rows of one key are
    # numbered in the order of their commits. Rows of different keys may become visible in another order.
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("partition", Integer),
    Column("key", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
)
"""Records that wait to be appended to the log. The relay deletes them once they are appended."""

outbox_relay = Table("outbox_relay", metadata, Column("id", SmallInteger, primary_key=True, autoincrement=False))
"""A table of one row. The relay that holds the lock of this row works; all other relays wait."""

write_probe = Table(
    "write_probe",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    postgresql_with={"fillfactor": 10},
)
"""One row, updated repeatedly to check that the database accepts writes."""

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("inbox_handled_at", "handled_at", postgresql_using="brin"),
)
"""Events whose effect is committed. ``handled_at`` is the server's real time and only used for pruning."""

consumer_position = Table(
    "consumer_position",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    postgresql_with={"fillfactor": 50},
)
"""For each partition, the next offset to handle and the fence: every change of owner increments ``epoch``."""

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("dead_letter_id", Text, primary_key=True),
    # The order in which dead letters were stored: records of one key are redriven in it.
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("dead_letter_key", "consumer", "topic", "key", "seq"),
)
"""Records that a consumer could not handle. ``state`` is ``failed``, ``parked`` (behind a failed one) or
``redriven``.
"""

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_digest", LargeBinary, nullable=False),
    Column("leased_until", BigInteger, nullable=False),
    Column("status", Integer),
    Column("headers", JSON),
    Column("body", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Index("idempotency_key_created_at", "created_at"),
)
"""Answers to POSTs by the client's key. ``status`` is null while the request runs. Instants are real time, microseconds
UTC.
"""

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("principal_id", Text),
    Column("party_id", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("correlation_id", Text),
    Column("detail", JSON, nullable=False),
    Column("name", Text),
    Column("key_id", Text),
    Column("identified_by", Text),
    Column("address", Text),
    Index("audit_subject", "subject", "seq"),
    Index("audit_party_id", "party_id", "seq"),
)
"""The audit trail: who did what to which subject, written in the transaction that did it. ``name`` is the principal's
at that time, ``address`` the network address that the request came from.
"""
_ORIGIN = (
    "ALTER TABLE audit ADD COLUMN IF NOT EXISTS name TEXT, ADD COLUMN IF NOT EXISTS key_id TEXT,"
    " ADD COLUMN IF NOT EXISTS identified_by TEXT, ADD COLUMN IF NOT EXISTS address TEXT",
    "CREATE INDEX IF NOT EXISTS audit_party_id ON audit (party_id, seq)",
)

key_use = Table(
    "key_use",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("principal_id", Text, nullable=False),
    Column("party_id", Text),
    Column("last_used_at", BigInteger, nullable=False),
    Index("key_use_party", "party_id", "key_id"),
)
"""When each API key was last used in this service, exact to a minute."""

# Most rows of a table used as a queue are dead, so it is vacuumed by count and not by share.
_QUEUE_VACUUM = (
    "ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,"
    " autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0,"
    " autovacuum_analyze_threshold = 100000)"
)


def add_origin_to_audit(connection: Connection) -> None:
    """Add to an older database's audit trail the columns that say how and from where somebody acted."""
    for statement in _ORIGIN:
        connection.execute(text(statement))


def create_technical_tables(connection: Connection) -> None:
    """Create these tables, in a service's first migration: ``tables.create_technical_tables(op.get_bind())``."""
    metadata.create_all(connection)
    connection.execute(text(_QUEUE_VACUUM))
    connection.execute(text("INSERT INTO outbox_relay (id) VALUES (1) ON CONFLICT DO NOTHING"))
    connection.execute(text("INSERT INTO write_probe (id, written_at) VALUES (1, now()) ON CONFLICT DO NOTHING"))
