"""The mapping document, which says what the columns of a file mean. It is checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from slm_mappings import yaml_document
from slm_mappings.measurement_mapping import MeasurementMapping
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping

AnyMapping = Annotated[TicketMapping | OutageMapping, Field(discriminator="kind")]
_ANY: TypeAdapter[TicketMapping | OutageMapping] = TypeAdapter(AnyMapping)


def read_mapping(path: Path, kind: Literal["tickets", "outages"]) -> TicketMapping | OutageMapping:
    """Return the mapping in a YAML file. Raises ImportRefused with every wrong field, its value and a remedy."""
    return parse_mapping(yaml_document.read_yaml(path), kind)


def read_measurement_mapping(path: Path) -> MeasurementMapping:
    """Return the mapping of measurements in a YAML file.

    Raises ImportRefused with every wrong field, its value and a remedy.
    """
    return parse_measurement_mapping(yaml_document.read_yaml(path))


def parse_measurement_mapping(document: Any) -> MeasurementMapping:
    """Return the mapping of measurements in a document. Raises ImportRefused."""
    checked = _of_kind(document, "measurements")
    try:
        return MeasurementMapping.model_validate(checked)
    except ValidationError as problem:
        raise _not_valid(problem) from problem


def parse_measurement_mapping_text(text: str) -> MeasurementMapping:
    """Return the mapping of measurements in a YAML text. Raises ImportRefused."""
    return parse_measurement_mapping(yaml_document.read_yaml_text(text))


def parse_mapping(document: Any, kind: Literal["tickets", "outages"]) -> TicketMapping | OutageMapping:
    """Return the mapping in a document of this kind. Raises ImportRefused."""
    checked = _of_kind(document, kind)
    try:
        return _ANY.validate_python(checked)
    except ValidationError as problem:
        raise _not_valid(problem) from problem


def _of_kind(document: Any, kind: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise ImportRefused(
            "The mapping is not an object", [ImportFinding("", document, f"begin it with kind: {kind}")]
        )
    if document.get("kind") != kind:
        raise ImportRefused(
            "The mapping is of another kind", [ImportFinding("kind", document.get("kind"), f"use kind: {kind}")]
        )
    return document


def _not_valid(problem: ValidationError) -> ImportRefused:
    return ImportRefused("The mapping is not valid", [_finding(each) for each in problem.errors()])


def parse_mapping_text(text: str) -> TicketMapping | OutageMapping:
    """Return the mapping in a YAML text, of the kind that the text names. Raises ImportRefused."""
    document = yaml_document.read_yaml_text(text)
    kind = document.get("kind") if isinstance(document, Mapping) else None
    return parse_mapping(document, "outages" if kind == "outages" else "tickets")


def _finding(error: Any) -> ImportFinding:
    field = ".".join(str(part) for part in error["loc"] if part not in ("tickets", "outages"))
    remedy = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        remedy = "there is no such field; check its spelling and its place"
    whole = error["type"] == "missing" or isinstance(error["input"], Mapping)
    return ImportFinding(field, None if whole else error["input"], remedy)
