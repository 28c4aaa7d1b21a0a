"""The table of the search index: one entry for each object that can be found."""

from __future__ import annotations

from sqlalchemy import Column, Index, MetaData, Table, Text

metadata = MetaData()

search_entry = Table(
    "search_entry",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("party_id", Text, nullable=False),
    # The other party of an agreement that both see.
    Column("other_party_id", Text),
    Column("agreement_id", Text),
    Column("title", Text, nullable=False),
    Column("subtitle", Text, nullable=False),
    Column("title_words", Text, nullable=False),
    Column("words", Text, nullable=False),
    Index("search_entry_party_id", "party_id"),
    Index("search_entry_other_party_id", "other_party_id"),
    Index("search_entry_agreement_id", "agreement_id"),
)
