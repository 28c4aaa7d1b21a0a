"""The differences between two revisions, by clause and by target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def compare_documents(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the differences of two resolved documents as ``{"clauses", "targets", "document"}``.

    An entry of ``clauses`` is ``{"clause": name, "change": …, "fields": [{"field", "from", "to"}]}``; the change is
    ``added``, ``removed`` or ``changed``. An entry of ``targets`` has ``"target": key`` in place of the clause.
    ``document`` lists differing fields outside clauses and targets, in the form of ``fields``. ``from`` is missing if
    ``before`` has no such field, and ``to`` if ``after`` has none.
    """
    rest = {name: value for name, value in before.items() if name not in ("clauses", "targets")}
    rest_after = {name: value for name, value in after.items() if name not in ("clauses", "targets")}
    return {
        "clauses": _changed_entries("clause", before["clauses"], after["clauses"]),
        "targets": _changed_entries("target", _by_key(before["targets"]), _by_key(after["targets"])),
        "document": _fields(rest, rest_after),
    }


def _by_key(targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {target["key"]: target for target in targets}


def _changed_entries(label: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    changes = []
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) == after.get(name):
            continue
        change = "added" if name not in before else "removed" if name not in after else "changed"
        fields = _fields(before.get(name, {}), after.get(name, {}))
        changes.append({label: name, "change": change, "fields": fields})
    return changes


def _fields(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """Return the fields that differ. Objects are compared field by field, lists as a whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found = []
        for name in dict.fromkeys([*before, *after]):
            inner = f"{path}.{name}" if path else str(name)
            found += _fields(before.get(name, _ABSENT), after.get(name, _ABSENT), inner)
        return found
    if before is not _ABSENT and after is not _ABSENT and before == after and type(before) is type(after):
        return []
    change: dict[str, Any] = {"field": path}
    if before is not _ABSENT:
        change["from"] = before
    if after is not _ABSENT:
        change["to"] = after
    return [change]
