"""The column of an object's ids in other systems, which many tables have."""

from __future__ import annotations

from sqlalchemy import Column, Index
from sqlalchemy.dialects.postgresql import JSONB


def reference_column(table: str) -> tuple[Column[object], Index]:
    """Return the column of external references for a table, and the index on it."""
    column: Column[object] = Column("external_refs", JSONB, nullable=False)
    return column, Index(
        f"{table}_external_refs", column, postgresql_using="gin", postgresql_ops={"external_refs": "jsonb_path_ops"}
    )
