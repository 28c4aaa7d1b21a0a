"""The acts that each version needs, and its dates, in columns, so that lists need not read the documents."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

_STATEMENTS = (
    """
    ALTER TABLE agreement_version
        ADD COLUMN starts_at BIGINT,
        ADD COLUMN last_notice_at BIGINT,
        ADD COLUMN needs JSONB
    """,
    # The shown revision is the proposed one, else the newest.
    """
    UPDATE agreement_version AS version
    SET starts_at = (extract(epoch FROM (term ->> 'effective_at')::timestamptz) * 1000000)::bigint,
        last_notice_at = coalesce(
            version.ends_at, (extract(epoch FROM (term ->> 'expires_at')::timestamptz) * 1000000)::bigint
        ) - nullif((extract(epoch FROM (term ->> 'notice')::interval) * 1000000)::bigint, 0)
    FROM (
        SELECT DISTINCT ON (revision.agreement_id, revision.version)
            revision.agreement_id, revision.version,
            convert_from(revision.canonical, 'UTF8')::jsonb -> 'document' -> 'term' AS term
        FROM revision
        JOIN agreement_version ON agreement_version.agreement_id = revision.agreement_id
            AND agreement_version.number = revision.version
        ORDER BY revision.agreement_id, revision.version,
            (revision.number = agreement_version.tabled) DESC NULLS LAST, revision.number DESC
    ) AS shown
    WHERE shown.agreement_id = version.agreement_id AND shown.version = version.number
    """,
    # Any signatory may sign here, even if the document names one: the next change of the version corrects that.
    """
    UPDATE agreement_version AS version
    SET needs = CASE
        WHEN version.state IN ('proposed', 'countered') THEN jsonb_build_array(jsonb_build_object(
            'need', 'answer', 'about', 'revision',
            'party_id', version.awaited_party_id, 'role', 'service_level_manager',
            'person_id', NULL, 'not_by', '[]'::jsonb, 'deadline', version.answer_by))
        WHEN version.state = 'agreed' THEN (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'need', 'signature', 'about', 'revision', 'party_id', side.party_id, 'role', side.role,
                'person_id', NULL, 'not_by', '[]'::jsonb, 'deadline', version.starts_at)), '[]'::jsonb)
            FROM (VALUES
                ('provider', agreement.provider_party_id, 'provider_signatory'),
                ('customer', agreement.customer_party_id, 'business_signatory')) AS side (name, party_id, role)
            WHERE NOT EXISTS (
                SELECT 1 FROM signature
                WHERE signature.agreement_id = version.agreement_id AND signature.version = version.number
                    AND signature.side = side.name))
        WHEN version.state IN ('finalized', 'in_force') AND version.ending IS NOT NULL THEN jsonb_build_array(
            jsonb_build_object(
                'need', 'decision', 'about', 'termination_request',
                'party_id', CASE WHEN version.ending ->> 'party_id' = agreement.provider_party_id
                    THEN agreement.customer_party_id ELSE agreement.provider_party_id END,
                'role', CASE WHEN version.ending ->> 'party_id' = agreement.provider_party_id
                    THEN 'business_signatory' ELSE 'provider_signatory' END,
                'person_id', NULL, 'not_by', '[]'::jsonb, 'deadline', version.ending -> 'at'))
        WHEN version.state = 'draft' AND version.drafted_by_party_id IS NULL THEN (
            SELECT jsonb_agg(jsonb_build_object(
                'need', 'decision', 'about', 'drafted_amendment',
                'party_id', side.party_id, 'role', 'service_level_manager',
                'person_id', NULL, 'not_by', '[]'::jsonb, 'deadline', NULL))
            FROM (VALUES (agreement.provider_party_id), (agreement.customer_party_id)) AS side (party_id))
        ELSE '[]'::jsonb
    END
    FROM agreement
    WHERE agreement.agreement_id = version.agreement_id
    """,
    "ALTER TABLE agreement_version ALTER COLUMN needs SET NOT NULL",
)


def upgrade() -> None:
    """Add the columns and fill them for every version."""
    for statement in _STATEMENTS:
        op.execute(statement)
