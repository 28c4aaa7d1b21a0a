"""A table of tasks that an installation does only once.

The first task publishes the people who were recorded by an older release, which did not publish people.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the table."""
    op.execute("CREATE TABLE done_once (name TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL)")
