"""Named companies that are invited, and agreements by which they confirm a contract on record."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0023"


def upgrade() -> None:
    """Create the columns. No named company has been invited, and no known agreement confirms a record."""
    op.execute("ALTER TABLE named_company ADD COLUMN joined_party_id TEXT")
    op.execute("ALTER TABLE invitation ADD COLUMN named_company_id TEXT")
    op.execute("CREATE INDEX invitation_named_company_id ON invitation (named_company_id)")
    op.execute("ALTER TABLE agreement ADD COLUMN confirms_agreement_id TEXT")
    op.execute("CREATE INDEX agreement_confirms_agreement_id ON agreement (confirms_agreement_id)")
