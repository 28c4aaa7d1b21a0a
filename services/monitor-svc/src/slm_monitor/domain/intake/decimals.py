"""Numbers that producers write as text, because a float of their language cannot hold them."""

from __future__ import annotations

import re
from typing import Any

from slm_monitor.domain.facts.intake_items import CounterReading, Measurement
from slm_monitor.domain.facts.rejections import ItemRejected

MEASURED = ("value", "score")
COUNTED = ("good", "bad", "total", "count")
NUMBERS = frozenset({*MEASURED, *COUNTED, "values"})
"""The fields of a measurement that take a number, also written as text."""
_DECIMAL = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?")
_WHOLE = re.compile(r"[+-]?\d{1,40}")


def read_decimals(item: Measurement) -> None:
    """Replace numbers written as text by numbers, in place. Raises ItemRejected for text that is not a number."""
    for name in MEASURED:
        if isinstance(getattr(item, name), str):
            setattr(item, name, _decimal(getattr(item, name), name))
    _read_counts(item, "")
    if item.values is not None and any(isinstance(each, str) for each in item.values):
        item.values = [_decimal(each, "values") for each in item.values]
    if item.cumulative is not None:
        _read_counts(item.cumulative, "cumulative.")


def _read_counts(holder: Measurement | CounterReading, place: str) -> None:
    for name in COUNTED:
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
