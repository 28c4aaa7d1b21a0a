"""Limits of OTLP exports, checked before a library makes an object of each message or value.

A body of 32 MiB may hold sixteen million empty messages, which would take gigabytes once they are objects.
"""

from __future__ import annotations

from typing import Any

from slm_monitor.adapters.formats import protobuf_fields as wire
from slm_monitor.adapters.formats.protobuf_fields import FieldBudget, TooManyFields

MOST_FIELDS = 2_000_000
"""The most fields that an export in protobuf may have, or the most values that an export in JSON may have."""

_Fields = dict[int, Any]
"""The fields of a message that contain messages or packed numbers, by the number of the field. A value is a dict of the
same form for a contained message, or the bytes that each number of a packed field takes.
"""
_VALUE: _Fields = {}
_KEY_VALUE: _Fields = {2: _VALUE}
_VALUE |= {5: {1: _VALUE}, 6: {1: _KEY_VALUE}}
_EXEMPLAR: _Fields = {7: _KEY_VALUE}
_BUCKETS: _Fields = {2: 1}
_NUMBER: _Fields = {7: _KEY_VALUE, 5: _EXEMPLAR}
_HISTOGRAM: _Fields = {9: _KEY_VALUE, 6: 8, 7: 8, 8: _EXEMPLAR}
_EXPONENTIAL: _Fields = {1: _KEY_VALUE, 8: _BUCKETS, 9: _BUCKETS, 11: _EXEMPLAR}
_SUMMARY: _Fields = {7: _KEY_VALUE, 6: {}}
_METRIC: _Fields = {
    5: {1: _NUMBER},
    7: {1: _NUMBER},
    9: {1: _HISTOGRAM},
    10: {1: _EXPONENTIAL},
    11: {1: _SUMMARY},
    12: _KEY_VALUE,
}
_RESOURCE: _Fields = {1: _KEY_VALUE, 3: {}}
_EXPORT: _Fields = {1: {1: _RESOURCE, 2: {1: {3: _KEY_VALUE}, 2: _METRIC}}}


def has_too_many_fields(export: bytes) -> bool:
    """Whether an ``ExportMetricsServiceRequest`` has more than MOST_FIELDS fields. Raises MalformedMessage."""
    budget = FieldBudget(MOST_FIELDS)
    waiting: list[tuple[_Fields, int, int]] = [(_EXPORT, 0, len(export))]
    try:
        # A list instead of recursion: values may be nested deeper than Python's stack.
        while waiting:
            known, start, end = waiting.pop()
            for number, begin, stop in wire.fields(export, start, end, budget):
                inner = known.get(number)
                if isinstance(inner, dict):
                    waiting.append((inner, begin, stop))
                elif inner is not None:
                    budget.spend((stop - begin) // inner)
    except TooManyFields:
        return True
    return False


def has_too_many_values(text: bytes) -> bool:
    """Whether a JSON text may have more than MOST_FIELDS values. Commas and opening brackets are counted, because each
    value follows a comma or is the first one after a bracket.
    """
    return text.count(b",") + text.count(b"[") + text.count(b"{") > MOST_FIELDS
