"""Several roles for each needed act: a manager or a signatory may give an answer."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

# A party whose own revision was refused must write another one, and only a manager can do that.
ROLES = """
    UPDATE agreement_version AS version
    SET needs = (
        SELECT coalesce(jsonb_agg((need - 'role') || jsonb_build_object('roles', CASE
            WHEN need ->> 'need' = 'answer' AND version.tabled_by_party_id IS DISTINCT FROM need ->> 'party_id'
            THEN jsonb_build_array(need ->> 'role', CASE
                WHEN need ->> 'party_id' = agreement.provider_party_id THEN 'provider_signatory'
                ELSE 'business_signatory' END)
            ELSE jsonb_build_array(need ->> 'role') END) ORDER BY place), '[]'::jsonb)
        FROM jsonb_array_elements(version.needs) WITH ORDINALITY AS each (need, place))
    FROM agreement
    WHERE agreement.agreement_id = version.agreement_id AND version.needs <> '[]'::jsonb
"""


def upgrade() -> None:
    """Rewrite the needed acts of every version, with a list of roles in place of one role."""
    op.execute(ROLES)
