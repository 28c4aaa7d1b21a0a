"""Tables of log-ins with an OpenID provider, and of the subjects that are linked to principals."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

_TABLES = """
    CREATE TABLE openid_log_in (
        sha256 TEXT NOT NULL,
        browser_sha256 TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (sha256)
    );

    CREATE INDEX openid_log_in_expires_at ON openid_log_in (expires_at);

    CREATE TABLE openid_link (
        link_id TEXT NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        principal_id TEXT NOT NULL,
        linked_at BIGINT NOT NULL,
        PRIMARY KEY (link_id)
    );

    CREATE INDEX openid_link_principal_id ON openid_link (principal_id);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
