"""The search index, filled from the existing objects."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

revision = "0008"
down_revision = "0007"

_STATEMENTS = (
    """
    CREATE TABLE search_entry (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        party_id TEXT NOT NULL,
        other_party_id TEXT,
        agreement_id TEXT,
        title TEXT NOT NULL,
        subtitle TEXT NOT NULL,
        title_words TEXT NOT NULL,
        words TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    )
    """,
    "CREATE INDEX search_entry_party_id ON search_entry (party_id)",
    "CREATE INDEX search_entry_other_party_id ON search_entry (other_party_id)",
    "CREATE INDEX search_entry_agreement_id ON search_entry (agreement_id)",
)
_INSERT = text(
    "INSERT INTO search_entry VALUES (:kind, :id, :party_id, :other_party_id, :agreement_id, :title, :subtitle, "
    ":title_words, :words)"
)
_PARTIES = (
    "SELECT 'party' AS kind, party_id AS id, party_id, name AS title, key, key AS subtitle, external_refs FROM party"
)
_PEOPLE = """
    SELECT 'person' AS kind, person_id AS id, party_id, name AS title, key, coalesce(email, '') AS subtitle,
        external_refs
    FROM person
"""
_SERVICES = """
    SELECT 'service' AS kind, service_id AS id, provider_party_id AS party_id, name AS title, key, outcome AS subtitle,
        external_refs
    FROM service
"""
_AGREEMENTS = """
    SELECT DISTINCT ON (version.agreement_id)
        agreement.agreement_id, agreement.key, agreement.kind, agreement.external_refs,
        agreement.provider_party_id, agreement.customer_party_id, version.drafted_by_party_id,
        version.tabled IS NOT NULL OR version.drafted_by_party_id IS NULL AS shared,
        (SELECT convert_from(revision.canonical, 'UTF8') FROM revision
         WHERE revision.agreement_id = version.agreement_id AND revision.version = version.number
         ORDER BY (revision.number = version.tabled) DESC NULLS LAST, revision.number DESC LIMIT 1) AS content
    FROM agreement_version AS version
    JOIN agreement ON agreement.agreement_id = version.agreement_id
    ORDER BY version.agreement_id, (version.tabled IS NOT NULL OR version.drafted_by_party_id IS NULL) DESC,
        version.finalized_at DESC NULLS LAST, version.number DESC
"""
_WORD = re.compile(r"[^\W_]+")
_KINDS = {
    "sla": "Service level agreement",
    "ola": "Operational level agreement",
    "uc": "Underpinning contract",
}


def upgrade() -> None:
    """Create the index and insert an entry for every existing object that can be found."""
    for statement in _STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    for source in (_PARTIES, _PEOPLE, _SERVICES):
        _insert(connection, [_register_entry(row) for row in connection.execute(text(source)).mappings()])
    for row in connection.execute(text(_AGREEMENTS)).mappings().all():
        _insert(connection, _agreement_entries(row))


def _insert(connection: Connection, entries: list[dict[str, Any]]) -> None:
    if entries:
        connection.execute(_INSERT, entries)


def _register_entry(row: Any) -> dict[str, Any]:
    more = [] if row["kind"] == "party" else [row["subtitle"]]
    words = _words(row["title"], row["key"], *more, *_references(row))
    return _entry(row["kind"], row["id"], row["title"], row["subtitle"], words) | {"party_id": row["party_id"]}


def _agreement_entries(row: Any) -> list[dict[str, Any]]:
    document = json.loads(row["content"])["document"]
    title = document["title"]
    words = _words(title, row["key"], row["kind"], _KINDS[row["kind"]], *_references(row))
    more = {
        "party_id": row["provider_party_id"] if row["shared"] else row["drafted_by_party_id"],
        "other_party_id": row["customer_party_id"] if row["shared"] else None,
        "agreement_id": row["agreement_id"],
    }
    found = [_entry("agreement", row["agreement_id"], title, "", words)]
    for target in document["targets"]:
        words = _words(target["title"], target["key"])
        found.append(_entry("target", target["target_id"], target["title"], title, words))
    return [entry | more for entry in found]


def _entry(kind: str, identity: str, title: str, subtitle: str, words: str) -> dict[str, Any]:
    entry = {"kind": kind, "id": identity, "title": title, "subtitle": subtitle, "words": words}
    return {**entry, "title_words": _words(title), "other_party_id": None, "agreement_id": None}


def _references(row: Any) -> list[str]:
    return [f"{each['system']} {each['id']}" for each in row["external_refs"]]


# Copied, because a migration must go on doing what it did when the code changes.
def _words(*texts: str | None) -> str:
    joined = unicodedata.normalize("NFKD", " ".join(each for each in texts if each))
    plain = "".join(character for character in joined if not unicodedata.combining(character))
    found = _WORD.findall(plain.casefold())
    return f" {' '.join(found)} "
