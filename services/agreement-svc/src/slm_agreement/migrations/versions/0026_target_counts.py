"""The number of targets of each version in a column, so that the coverage of services is counted without documents."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"

_STATEMENTS = (
    "ALTER TABLE agreement_version ADD COLUMN target_count INTEGER",
    # The shown revision is the proposed one, else the newest.
    """
    UPDATE agreement_version AS version
    SET target_count = shown.targets
    FROM (
        SELECT DISTINCT ON (revision.agreement_id, revision.version)
            revision.agreement_id, revision.version,
            jsonb_array_length(convert_from(revision.canonical, 'UTF8')::jsonb #> '{document,targets}') AS targets
        FROM revision
        JOIN agreement_version ON agreement_version.agreement_id = revision.agreement_id
            AND agreement_version.number = revision.version
        ORDER BY revision.agreement_id, revision.version,
            (revision.number = agreement_version.tabled) DESC NULLS LAST, revision.number DESC
    ) AS shown
    WHERE shown.agreement_id = version.agreement_id AND shown.version = version.number
    """,
    "UPDATE agreement_version SET target_count = 0 WHERE target_count IS NULL",
    "ALTER TABLE agreement_version ALTER COLUMN target_count SET NOT NULL",
    "CREATE INDEX agreement_service_id ON agreement (service_id)",
)


def upgrade() -> None:
    """Add the column, fill it for every version, and index agreements by their service."""
    for statement in _STATEMENTS:
        op.execute(statement)
