"""The time zone of each version's terms in a column, so that lists can show contract days without the documents."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

_STATEMENTS = (
    "ALTER TABLE agreement_version ADD COLUMN timezone TEXT",
    # The shown revision is the proposed one, else the newest.
    """
    UPDATE agreement_version AS version
    SET timezone = coalesce(shown.document ->> 'timezone', 'UTC')
    FROM (
        SELECT DISTINCT ON (revision.agreement_id, revision.version)
            revision.agreement_id, revision.version,
            convert_from(revision.canonical, 'UTF8')::jsonb -> 'document' AS document
        FROM revision
        JOIN agreement_version ON agreement_version.agreement_id = revision.agreement_id
            AND agreement_version.number = revision.version
        ORDER BY revision.agreement_id, revision.version,
            (revision.number = agreement_version.tabled) DESC NULLS LAST, revision.number DESC
    ) AS shown
    WHERE shown.agreement_id = version.agreement_id AND shown.version = version.number
    """,
    "ALTER TABLE agreement_version ALTER COLUMN timezone SET NOT NULL",
)


def upgrade() -> None:
    """Add the column and fill it for every version."""
    for statement in _STATEMENTS:
        op.execute(statement)
