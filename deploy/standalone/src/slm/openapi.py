"""Merging of the services' OpenAPI documents into the document of the whole product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm.contexts import CONTEXTS, document_of

UNITED = "ProblemType"
"""The one schema that differs between services and is merged: the list of all problem types."""


def product_document() -> dict[str, Any]:
    """Return the OpenAPI document of the whole product, as ``/openapi.json`` serves it, without starting anything."""
    return merge_documents({context: document_of(context) for context in CONTEXTS})


def merge_documents(documents: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Merge the services' OpenAPI documents into one. ``documents``: context (``agreement``, ``monitor``, …) →
    document.

    Schemas with equal names but different content are renamed ``<Context><Name>``.
    """
    names = _ambiguous(documents)
    paths: dict[str, Any] = {}
    tags: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    head: dict[str, Any] = {}
    for context, document in documents.items():
        renamed = _rename(document, {name: f"{context.capitalize()}{name}" for name in names})
        head = head or {key: value for key, value in renamed.items() if key not in ("paths", "components", "tags")}
        for path, operations in renamed.get("paths", {}).items():
            paths.setdefault(path, operations)
        for kind, entries in renamed.get("components", {}).items():
            components.setdefault(kind, {}).update(entries)
        for tag in renamed.get("tags", ()):
            tags.setdefault(tag["name"], tag)
    _unite(components.get("schemas", {}), documents)
    head["tags"] = [tags[name] for name in sorted(tags)]
    head["info"] = {**head.get("info", {}), "title": "Service level management"}
    return {**head, "paths": paths, "components": components}


def _unite(schemas: dict[str, Any], documents: Mapping[str, dict[str, Any]]) -> None:
    if UNITED in schemas:
        values = {
            each for document in documents.values() for each in _schemas(document).get(UNITED, {}).get("enum", ())
        }
        schemas[UNITED] = {**schemas[UNITED], "enum": sorted(values)}


def _schemas(document: Mapping[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return schemas


def _ambiguous(documents: Mapping[str, dict[str, Any]]) -> set[str]:
    first: dict[str, Any] = {}
    ambiguous = set()
    for document in documents.values():
        for name, schema in _schemas(document).items():
            if name != UNITED and first.setdefault(name, schema) != schema:
                ambiguous.add(name)
    return ambiguous


def _rename(document: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    references = {f"#/components/schemas/{old}": f"#/components/schemas/{new}" for old, new in names.items()}
    renamed: dict[str, Any] = _replace(document, references)
    if _schemas(renamed):
        schemas = {names.get(name, name): schema for name, schema in _schemas(renamed).items()}
        for old, new in names.items():
            # Generated clients name a class by its schema's title.
            if schemas.get(new, {}).get("title") == old:
                schemas[new]["title"] = new
        renamed["components"] = {**renamed["components"], "schemas": schemas}
    return renamed


def _replace(value: Any, references: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replace(inner, references) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replace(inner, references) for inner in value]
    return references.get(value, value) if isinstance(value, str) else value
