"""The tables for logging in: accounts, links, log-ins, counted attempts, the set-up, and outgoing mails.

Instants are microseconds UTC; ids are text.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, false, text

metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("may_sign", Boolean, nullable=False),
    Column("set_how", Text, nullable=False),
    Column("set_by_name", Text, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("is_proven", Boolean, nullable=False, server_default=false()),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("link_id", Text, primary_key=True),
    Column("principal_id", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("created_by_principal_id", Text, nullable=False),
    Column("created_by_name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

installation = Table(
    "installation",
    metadata,
    Column("installation_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("set_up_at", BigInteger),
)
"""The name of the installation and its set-up code, in one row at most."""

mail = Table(
    "mail",
    metadata,
    Column("mail_id", Text, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_try_at", BigInteger),
    Column("tries", Integer, nullable=False),
    Column("trouble", Text, nullable=False),
    Index("mail_next_try_at", "next_try_at", postgresql_where=text("next_try_at IS NOT NULL")),
)
"""Mails that wait to be sent, and those that were given up."""

guest_link = Table(
    "guest_link",
    metadata,
    Column("link_id", Text, primary_key=True),
    Column("agreement_id", Text, nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("created_by_principal_id", Text, nullable=False),
    Column("created_by_name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("code_sha256", Text, nullable=False),
    Column("code_expires_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("party_id", Text),
    Column("withdrawn_at", BigInteger),
    Column("reads_only", Boolean, nullable=False, server_default=false()),
    Index("guest_link_party_id", "party_id", "link_id"),
)

openid_log_in = Table(
    "openid_log_in",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("browser_sha256", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("openid_log_in_expires_at", "expires_at"),
)
"""Log-ins with an OpenID provider that were begun. A row is deleted when its log-in is completed."""

openid_link = Table(
    "openid_link",
    metadata,
    Column("link_id", Text, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("linked_at", BigInteger, nullable=False),
    Index("openid_link_principal_id", "principal_id"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("attempt_until", "until"),
)
"""Attempts to log in, counted by account and address. ``subject`` is a hash, so that the table lists no addresses."""
