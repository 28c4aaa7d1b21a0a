"""Every event version ever published has a sample here, and every sample decodes for ever."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from slm_events import envelope, instants
from slm_events.catalogue import BY_TYPE
from slm_events.schema import schema_of

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
ATTRIBUTES = ("id", "source", "type", "subject", "time", "recordedtime", "correlationid", "causationid", "traceparent")

every_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


def read(path: Path) -> tuple[bytes, dict[str, str], dict[str, Any]]:
    """A sample file, a CloudEvent in JSON → value and headers of a log record, and the data."""
    document = json.loads(path.read_text(encoding="utf-8"))
    headers = {f"ce_{name}": document[name] for name in ATTRIBUTES if name in document}
    return json.dumps(document["data"]).encode(), headers, document["data"]


@every_sample
def test_a_sample_decodes_for_ever(path: Path) -> None:
    value, headers, data = read(path)
    read_back = envelope.from_record(value, headers)
    assert read_back.type == path.stem
    for name, expected in data.items():
        if hasattr(read_back.data, name):
            assert getattr(read_back.data, name) == expected


@every_sample
def test_a_sample_fits_the_schema_of_its_type(path: Path) -> None:
    _, headers, data = read(path)
    schema = schema_of(BY_TYPE[headers["ce_type"]].event)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)


@every_sample
def test_instants_of_a_sample_are_instants(path: Path) -> None:
    _, _, data = read(path)
    for name, value in data.items():
        if name.endswith("_at") and value is not None:
            assert instants.to_text(instants.from_text(value)) == value


def test_every_published_type_has_a_sample() -> None:
    assert {path.stem for path in SAMPLES} >= set(BY_TYPE)


def test_a_published_event_carries_the_fields_the_catalogue_names() -> None:
    for row in BY_TYPE.values():
        names = {field.name for field in dataclasses.fields(row.event)}
        assert {row.key_field, row.subject_field, *row.parties} <= names, row.type
