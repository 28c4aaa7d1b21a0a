"""The value of a column in a record, and conditions on columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_mappings.mapping_parts import ColumnTest, Condition
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.records import Record


def value_of(record: Record, column: str, missing: tuple[str, ...]) -> Any:
    """Return the value of a column in a record; None if it is missing.

    A dot leads into objects and lists: ``components.name`` are the names of all members, ``components.0.name`` is the
    name of the first member. Raises ImportRefused if the file's heading lacks the column or has it twice.
    """
    if column in record.values:
        if column in record.doubled:
            remedy = "the file's heading has several columns of that name; rename the one that is meant"
            raise ImportRefused("The mapping does not fit the file", [ImportFinding("column", column, remedy)])
        value = record.values[column]
    elif record.has_all_columns:
        remedy = f"the file has no such column; it has {', '.join(record.values)[:500]}"
        raise ImportRefused("The mapping does not fit the file", [ImportFinding("column", column, remedy)])
    else:
        value = _within(record.values, column.split("."), 0)
    return None if value is None or (isinstance(value, str) and value.strip() in missing) else value


def _within(value: Any, parts: Sequence[str], begin: int) -> Any:
    # The path is not copied for each member of a list: both may have thousands of parts.
    for place in range(begin, len(parts)):
        part = parts[place]
        if isinstance(value, Mapping) and part not in value:
            return _below_dotted_name(value, parts, place)
        if isinstance(value, Mapping):
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and len(part) < 10:
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, list):
            found = [_within(each, parts, place) for each in value]
            return [each for each in found if each is not None]
        else:
            return None
    return value


_MOST_DOTS = 12
"""The most parts that one name of an object may have, so that a long path costs little."""


def _below_dotted_name(holder: Mapping[str, Any], parts: Sequence[str], begin: int) -> Any:
    """Follow a path whose first name contains dots itself, such as ``www.example.org.requests`` for a host's name."""
    for end in range(begin + 2, min(len(parts), begin + _MOST_DOTS) + 1):
        name = ".".join(parts[begin:end])
        if name in holder:
            return _within(holder[name], parts, end)
    return None


def text_of(record: Record, column: str, missing: tuple[str, ...]) -> str | None:
    """Return the column's value as text; None if it is missing. Raises ImportRefused if it is an object or a list."""
    value = value_of(record, column, missing)
    if isinstance(value, Mapping | list):
        raise _no_text(record, column, value)
    return None if value is None else as_mapping_text(value)


def texts_of(record: Record, column: str, missing: tuple[str, ...]) -> list[str]:
    """Return the column's value, or each member of its list, as text. Raises ImportRefused if one of them is an object
    or a list.
    """
    value = value_of(record, column, missing)
    listed = value if isinstance(value, list) else [] if value is None else [value]
    for each in listed:
        if isinstance(each, Mapping | list):
            raise _no_text(record, column, each)
    return [as_mapping_text(each) for each in listed if each is not None]


def _no_text(record: Record, column: str, value: Any) -> ImportRefused:
    inside = value[0] if isinstance(value, list) and value else value
    members = [f"{column}.{name}" for name in inside][:8] if isinstance(inside, Mapping) else []
    remedy = f"it is an object; name a member of it, such as {', '.join(members)}" if members else "it is a list"
    return ImportRefused(
        "The mapping does not fit the file", [ImportFinding(f"line {record.place}, {column}", value, remedy)]
    )


def as_mapping_text(value: object) -> str:
    """Return a value as text, in the way a mapping writes it: JSON's ``true`` is ``"true"``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def passes_test(test: ColumnTest, record: Record, missing: tuple[str, ...]) -> bool:
    """Whether a record passes a test. A list passes ``equals`` and ``one_of`` if any member does."""
    value = value_of(record, test.column, missing)
    if test.missing is not None:
        return (value is None or value == []) == test.missing
    texts = {as_mapping_text(each) for each in (value if isinstance(value, list) else [] if value is None else [value])}
    if test.none_of is not None:
        return texts.isdisjoint(test.none_of)
    return not texts.isdisjoint(test.one_of if test.one_of is not None else (test.equals,))


def holds_for_rows(condition: Condition, group: Sequence[Record], missing: tuple[str, ...]) -> bool:
    """Whether a condition is true for the rows of a ticket, or for the single record of an outage."""
    rows = {"last_row": group[-1:], "first_row": group[:1]}.get(condition.of, group)
    found = any(all(passes_test(test, row, missing) for test in condition.tests) for row in rows)
    return not found if condition.of == "no_row" else found
