"""Numbers that producers write as text, because a float of their programming language cannot represent them."""

from __future__ import annotations

import re
from typing import Any

from slm_monitor.domain.facts.intake_items import CounterReading, SentMeasurement
from slm_monitor.domain.facts.rejections import ItemRejected

MEASURED_FIELDS = ("value", "score")
COUNTED_FIELDS = ("good", "bad", "total", "count")
NUMBER_FIELDS = frozenset({*MEASURED_FIELDS, *COUNTED_FIELDS, "values"})
"""The fields of a measurement that take a number, which may also be written as text."""
_DECIMAL = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?")
_WHOLE = re.compile(r"[+-]?\d{1,40}")


def parse_decimal_texts_in_place(item: SentMeasurement) -> None:
    """Replace the numbers of a measurement that are written as text by numbers, in place.

    Raises ItemRejected for text that is not a number.
    """
    for name in MEASURED_FIELDS:
        if isinstance(getattr(item, name), str):
            setattr(item, name, _decimal(getattr(item, name), name))
    _read_counts(item, "")
    if item.values is not None and any(isinstance(each, str) for each in item.values):
        item.values = [_decimal(each, "values") for each in item.values]
    if item.cumulative is not None:
        _read_counts(item.cumulative, "cumulative.")


def _read_counts(holder: SentMeasurement | CounterReading, place: str) -> None:
    for name in COUNTED_FIELDS:
        written: Any = getattr(holder, name)
        if isinstance(written, str):
            if not _WHOLE.fullmatch(written):
                raise ItemRejected("not_a_number", place + name, written, "send a whole number, as a number or as text")
            setattr(holder, name, int(written))


def _decimal(written: Any, name: str) -> float:
    if not isinstance(written, str):
        return float(written)
    if not _DECIMAL.fullmatch(written):
        raise ItemRejected(
            "not_a_number", name, written, "send a decimal number, as a number or as text, such as 99.95"
        )
    return float(written)
