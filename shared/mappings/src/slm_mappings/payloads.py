"""The records of a webhook's payload, and the bounds within which a mapping may read them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from slm_mappings.mapping_parts import MappingPart, Records, TranslatedColumn
from slm_mappings.measurement_mapping import MeasurementMapping
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.outage_mapping import IndicatorNames, OutageMapping
from slm_mappings.records import Record
from slm_mappings.ticket_mapping import TicketMapping
from slm_mappings.times import time_reader

DEEPEST = 64
"""How deep a payload may be nested."""
MOST_VALUES = 100_000
MOST_RECORDS = 1_000
MOST_STEPS = 5_000_000
"""The most values that the columns of a mapping may look at in one payload, which takes about a second."""
LONGEST_TEXT = 1_000
"""Characters of the longest text of a mapping of payloads: a column, a format, a value that is translated."""
_MOST_DIGITS = 400
"""Digits of the longest number. Python converts a number of thousands of digits slowly, and no tool sends one."""


def read_payload(payload: bytes, form: Records, columns: int) -> list[Record]:
    """Return the records of a payload. ``columns`` is how many columns the mapping reads of each record.

    The payload is a record or a list of records. If the mapping has ``records.items``, the payload is an object, and
    the member with this name is the record or the list. If this member is missing, there is no record. Raises
    ImportRefused for a payload that cannot be read or would take too long to read.
    """
    try:
        document = json.loads(
            payload.decode("utf-8"), parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
        )
    except RecursionError:
        raise _refused("it is nested too deeply") from None
    except ValueError as problem:
        raise _refused(f"it is not JSON: {problem}") from None
    found = _count_values(document)
    if found * columns > MOST_STEPS:
        raise _refused(f"it has {found:,} values, too many for the {columns:,} columns of the mapping")
    if b"\\ud" in payload.lower():
        document = _with_whole_characters(document)
    for part in form.items.split(".") if form.items else ():
        document = document.get(part) if isinstance(document, Mapping) else None
    listed = document if isinstance(document, list) else [] if document is None else [document]
    if len(listed) > MOST_RECORDS:
        raise _refused(f"it has {len(listed):,} records; at most {MOST_RECORDS:,} are read")
    for number, item in enumerate(listed, start=1):
        if not isinstance(item, Mapping):
            raise _refused(f"record {number} is not an object; name the member that is one in records.items")
    return [Record(number, item) for number, item in enumerate(listed, start=1)]


def count_columns(mapping: TicketMapping | OutageMapping | MeasurementMapping) -> int:
    """Return the highest number of names that a mapping looks up in one record. A path counts as its parts:
    ``ticket.state`` is two.

    The values that a mapping translates do not count, however many they are, because finding one takes constant time.
    """
    return _count_names(mapping)


def check_for_payloads(mapping: TicketMapping | OutageMapping) -> None:
    """Raise ImportRefused unless the mapping can read payloads, which show tickets or outages as they are now."""
    found = []
    if mapping.records.format != "json":
        found.append(ImportFinding("records.format", mapping.records.format, "a payload is json"))
    if isinstance(mapping, TicketMapping):
        if mapping.has_history:
            remedy = "a payload shows a ticket as it is now: give the column with its state as present.state"
            found.append(ImportFinding("columns", None, remedy))
        if mapping.columns.updated_at is None:
            remedy = "name the column that says when the ticket last changed, so that a repeated call changes nothing"
            found.append(ImportFinding("columns.updated_at", None, remedy))
        if "assigned" in mapping.moments:
            remedy = "leave it out: a ticket is assigned when its team changes"
            found.append(ImportFinding("moments.assigned", None, remedy))
    try:
        time_reader(mapping.times)
    except ImportRefused as refused:
        found += refused.findings
    found += find_long_texts(mapping)
    if found:
        raise ImportRefused("The mapping cannot read payloads", found)


def find_long_texts(mapping: MappingPart) -> list[ImportFinding]:
    """Return a finding if a text of a mapping is longer than ``LONGEST_TEXT``; else none."""
    if _longest_text(mapping.model_dump()) <= LONGEST_TEXT:
        return []
    remedy = f"shorten its longest text: a column, value or format has at most {LONGEST_TEXT:,} characters"
    return [ImportFinding("", None, remedy)]


def _count_values(document: Any) -> int:
    """Return the number of values in a document. Raises ImportRefused if there are too many or they are too deep."""
    count, level, depth = 0, [document], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise _refused(f"it is nested deeper than {DEEPEST}")
        below: list[Any] = []
        for value in level:
            if isinstance(value, Mapping):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        count += len(level)
        if count > MOST_VALUES:
            raise _refused(f"it has more than {MOST_VALUES:,} values")
        level = below
    return count


def _count_names(written: Any) -> int:
    if isinstance(written, TranslatedColumn | IndicatorNames):
        # Its ``values`` are looked up. An attribute or a state that is called "values" is a column like any other.
        return 1 + _count_names(written.column)
    if isinstance(written, MappingPart):
        return sum(_count_names(getattr(written, name)) for name in written.model_fields_set)
    if isinstance(written, Mapping):
        return sum(map(_count_names, written.values()))
    if isinstance(written, list | tuple):
        return sum(map(_count_names, written))
    return 1 + written.count(".") if isinstance(written, str) else 1


def _longest_text(written: Any) -> int:
    if isinstance(written, Mapping):
        inner = [*written.keys(), *written.values()]
    elif isinstance(written, list | tuple):
        inner = list(written)
    else:
        return len(written) if isinstance(written, str) else 0
    return max(map(_longest_text, inner), default=0)


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"it has a number of {len(digits):,} digits")
    return int(digits)


def _fraction(written: str) -> float:
    number = float(written) if len(written) <= _MOST_DIGITS else math.inf
    if not math.isfinite(number):
        raise ValueError(f"it has the number {written[:40]}, which is too large")
    return number


def _no_number(written: str) -> NoReturn:
    raise ValueError(f"it has {written}, which is no number of JSON")


def _with_whole_characters(value: Any) -> Any:
    """Return a document whose texts can be stored and shown: half of a character, such as a cut emoji, becomes �."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_with_whole_characters(each) for each in value]
    if isinstance(value, Mapping):
        return {_with_whole_characters(name): _with_whole_characters(each) for name, each in value.items()}
    return value


def _refused(remedy: str) -> ImportRefused:
    return ImportRefused("The payload cannot be read", [ImportFinding("payload", None, remedy)])
