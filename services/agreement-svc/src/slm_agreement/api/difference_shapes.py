"""The differences of two revisions with the titles of clauses and targets, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_agreement.domain.documents import clauses

_CLAUSES = {point.name: point.title for point in (*clauses.TEN_POINTS, *clauses.FURTHER)}


def differences_json(found: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the differences with a title for each clause and target, and the targets that are equal in both."""
    titles = {target["key"]: target["title"] for document in (before, after) for target in document["targets"]}
    differing = {change["target"] for change in found["targets"]}
    return {
        "clauses": [
            {**change, "title": _CLAUSES.get(change["clause"], change["clause"])} for change in found["clauses"]
        ],
        "targets": [{**change, "title": titles[change["target"]]} for change in found["targets"]],
        "unchanged_targets": [
            {"target": target["key"], "title": target["title"]}
            for target in after["targets"]
            if target["key"] not in differing
        ],
        "document": found["document"],
    }
