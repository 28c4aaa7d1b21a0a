"""Preview of the measurements that a mapping reads in a file, before the file is sent."""

from __future__ import annotations

from typing import Any

from slm_mappings.mapping import parse_measurement_mapping_text
from slm_mappings.measured_texts import MeasuredText, read_measured_text
from slm_mappings.messages import ImportRefused
from slm_monitor.application.hooks.keeping import errors_of
from slm_monitor.domain.facts.rejections import shorten_value_for_display


def preview_file(mapping: str, content: str) -> dict[str, Any]:
    """Return as JSON what a mapping reads in the content of a file, or the errors in the mapping or the content."""
    read, errors = MeasuredText(), []
    within = "mapping"
    try:
        by = parse_measurement_mapping_text(mapping)
        within = "content"
        read = read_measured_text(content, by)
    except ImportRefused as refused:
        errors = errors_of(refused, within)
    aside = [{"row": each.row, "field": each.field, "value": each.value, "remedy": each.remedy} for each in read.bad]
    return {
        "records": read.records,
        "items": [{"row": each.row, "item": each.item} for each in read.items],
        "indicators": read.indicators,
        "set_aside": [_valid_fault(each) for each in aside],
        "notes": [_valid_text(each) for each in read.notes],
        "errors": [_valid_fault(each) for each in errors],
    }


def _valid_fault(fault: dict[str, Any]) -> dict[str, Any]:
    field, remedy = _valid_text(fault["field"]), _valid_text(fault["remedy"])
    return {**fault, "field": field, "value": shorten_value_for_display(fault["value"]), "remedy": remedy}


def _valid_text(text: str) -> str:
    """Replace every character that UTF-8 cannot encode. The text may quote a file with such characters."""
    return text.encode("utf-8", "replace").decode()
