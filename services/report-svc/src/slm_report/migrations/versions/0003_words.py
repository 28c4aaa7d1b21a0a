"""Renames values and fields in stored reports and events to the words that the API uses now.

The digests of changed reports are computed anew. Otherwise the new words alone would cause a new revision of each
report. The figures that an interim report was made from are not changed, since the report names their digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

revision = "0003"
down_revision = "0002"

_WINDOWS = """
SELECT agreement_id, target_id, window_id, revision, event FROM target_window
 WHERE jsonb_path_exists(event, '$.exclusions[*].uncounted[*].because')
"""
_WINDOW = """
UPDATE target_window SET event = CAST(:event AS jsonb)
 WHERE agreement_id = :agreement_id AND target_id = :target_id AND window_id = :window_id AND revision = :revision
"""
_DECISIONS = """
SELECT exclusion_id, decided FROM exclusion WHERE jsonb_path_exists(decided, '$.uncounted[*].because')
"""
_DECISION = "UPDATE exclusion SET decided = CAST(:decided AS jsonb) WHERE exclusion_id = :exclusion_id"
_REPORTS = "SELECT report_id, revision FROM report ORDER BY report_id, revision"
_DOCUMENT = "SELECT document FROM report WHERE report_id = :report_id AND revision = :revision"
_REPORT = """
UPDATE report SET document = CAST(:document AS jsonb), digest = :digest
 WHERE report_id = :report_id AND revision = :revision
"""
_WORDS = {"actual": "attained"}
_WORDS_OF_BREACHES = {"withdrawn_because": "withdrawal_cause"}
_WORDS_OF_UNCOUNTED = {"because": "cause"}


def upgrade() -> None:
    bind = op.get_bind()
    for row in bind.execute(text(_WINDOWS)).mappings().all():
        _exclusions_renamed(row["event"]["exclusions"])
        bind.execute(text(_WINDOW), {**row, "event": json.dumps(row["event"])})
    for row in bind.execute(text(_DECISIONS)).mappings().all():
        row["decided"]["uncounted"] = _renamed(row["decided"]["uncounted"], _WORDS_OF_UNCOUNTED)
        bind.execute(text(_DECISION), {**row, "decided": json.dumps(row["decided"])})
    for row in bind.execute(text(_REPORTS)).mappings().all():
        _rename_report(bind, row)


def _rename_report(bind: Connection, key: Mapping[Any, Any]) -> None:
    document = bind.execute(text(_DOCUMENT), key).scalar_one()
    document["lines"] = _renamed(document["lines"], _WORDS)
    document["breaches"] = _renamed(document["breaches"], _WORDS_OF_BREACHES)
    for line in document["lines"]:
        _exclusions_renamed(line.get("exclusions") or [])
    written = {"document": json.dumps(document), "digest": _digest(document)}
    bind.execute(text(_REPORT), {**key, **written})


def _exclusions_renamed(exclusions: list[dict[str, Any]]) -> None:
    for each in exclusions:
        each["uncounted"] = _renamed(each.get("uncounted") or [], _WORDS_OF_UNCOUNTED)


def _renamed(entries: list[dict[str, Any]], words: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{words.get(name, name): value for name, value in entry.items()} for entry in entries]


def _digest(document: Mapping[str, Any]) -> str:
    written = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()
