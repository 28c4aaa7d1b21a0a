"""Every operation of the API says what it answers: models whose fields are described, examples, summaries, names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from slm.contexts import CONTEXTS, document_of
from slm.openapi import merge_documents
from slm_chassis.http.document import document_operations

_JSON = "application/json"
_REFERENCE = "#/components/schemas/"
_FEWEST_WORDS = 3
_DEEPEST = 8
"""Levels of a body that are looked at; some models hold themselves."""


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    """Context → the document of the service."""
    return {context: document_of(context) for context in CONTEXTS}


def faults_of(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    """What an operation does not say."""
    name = operation["operationId"]
    if not name.isidentifier():
        yield f"operationId {name!r} is no name in a program"
    summary = operation.get("summary", "")
    if len(summary.split()) < _FEWEST_WORDS or summary.lower() == name.replace("_", " ").lower():
        yield f"summary {summary!r} is no more than a name"
    for status, response in operation["responses"].items():
        media = response.get("content", {}).get(_JSON)
        if not status.startswith("2") or media is None:
            continue
        reference = media["schema"].get("$ref", "")
        if not reference.startswith(_REFERENCE):
            yield f"{status} has no named model"
            continue
        for place in undescribed(document, reference.removeprefix(_REFERENCE), set()):
            yield f"{place} is not described"
        if "example" not in media and not media.get("examples"):
            yield f"{status} has no example"


def undescribed(document: Mapping[str, Any], name: str, seen: set[str]) -> Iterator[str]:
    """The properties of a model without a description, those of the models that it is made of among them."""
    if name in seen:
        return
    seen.add(name)
    schema = document["components"]["schemas"][name]
    properties = schema.get("properties", {})
    for key, inner in properties.items():
        if not inner.get("description", "").strip():
            yield f"{name}.{key}"
    for found in re.findall(rf'"{re.escape(_REFERENCE)}([^"]+)"', json.dumps(schema)):
        yield from undescribed(document, found, seen)


def unbounded(document: Mapping[str, Any], schema: Any, place: str) -> Iterator[str]:
    """Where a whole number without a least and a greatest value is taken: a column cannot hold any number."""
    if isinstance(schema, list):
        for each in schema:
            yield from unbounded(document, each, place)
    elif isinstance(schema, dict):
        if schema.get("type") == "integer" and not schema.keys() >= {"minimum", "maximum"}:
            yield place
        if (reference := schema.get("$ref", "")) and place.count(".") < _DEEPEST:
            inner = document["components"]["schemas"][reference.removeprefix(_REFERENCE)]
            yield from unbounded(document, inner, place)
        for name, inner in schema.get("properties", {}).items():
            yield from unbounded(document, inner, f"{place}.{name}")
        for word in ("items", "anyOf", "oneOf", "allOf", "additionalProperties", "prefixItems"):
            yield from unbounded(document, schema.get(word), place)


def taken(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What an operation takes: its parameters and the kinds of its body, each with its schema."""
    for parameter in operation.get("parameters", []):
        name = parameter.get("$ref", "").rpartition("/")[2]
        parameter = document["components"]["parameters"][name] if name else parameter
        yield f"{parameter['in']} {parameter['name']}", parameter.get("schema")
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield "body", media.get("schema")


def closed(schema: Any) -> Any:
    """The same schemas, of which none allows a property that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(each) for name, each in schema.items()}
    return {"additionalProperties": False, **inner} if isinstance(schema.get("properties"), dict) else inner


def test_operations_are_typed_described_and_shown(documents: Any) -> None:
    found: dict[str, dict[str, list[str]]] = {}
    for context, document in documents.items():
        for path, method, operation in document_operations(document):
            faults = list(faults_of(document, method, path, operation))
            if faults:
                found.setdefault(context, {})[f"{method.upper()} {path}"] = faults
    assert found == {}


def test_every_whole_number_that_is_taken_has_bounds(documents: Any) -> None:
    found = [
        f"{method.upper()} {path}: {each}"
        for document in documents.values()
        for path, method, operation in document_operations(document)
        for place, schema in taken(document, operation)
        for each in unbounded(document, schema, place)
    ]
    assert found == []


def test_operation_ids_are_unique_in_the_merged_document(documents: Any) -> None:
    names = [operation["operationId"] for _, _, operation in document_operations(merge_documents(documents))]
    assert len(names) == len(set(names))


def test_every_example_of_an_answer_is_as_its_model_says(documents: Any) -> None:
    document = closed(merge_documents(documents))
    wrong = []
    for path, method, operation in document_operations(document):
        for status, response in operation["responses"].items():
            media = response.get("content", {}).get(_JSON)
            if status.startswith("2") and media is not None:
                schema = {**media["schema"], "components": document["components"]}
                examples = [each["value"] for each in media.get("examples", {}).values()]
                for example in [*examples, *([media["example"]] if "example" in media else [])]:
                    wrong += [
                        f"{method} {path} {status}: {error.json_path}: {error.message[:200]}"
                        for error in jsonschema.Draft202012Validator(schema).iter_errors(example)
                    ]
    assert wrong == []


def test_a_property_without_a_description_is_found_however_deep() -> None:
    schemas: dict[str, Any] = {
        "Outer": {"properties": {"inner": {"description": "What is in it", "$ref": f"{_REFERENCE}Inner"}}},
        "Inner": {"properties": {"outer": {"$ref": f"{_REFERENCE}Outer"}, "size": {"description": "In bytes"}}},
    }
    assert list(undescribed({"components": {"schemas": schemas}}, "Outer", set())) == ["Inner.outer"]
