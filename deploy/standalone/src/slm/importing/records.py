"""Records of a file, one at a time, with the place each stands at."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from slm.importing.mapping import Condition, Records
from slm.importing.told import Finding, ImportRefused


class Record(NamedTuple):
    """A record and the line (or, in a JSON list, the number) at which it ends."""

    place: int
    values: Mapping[str, Any]
    has_all_columns: bool = False
    """True where a heading names the columns: one that is not there is a mistake, and not a missing value."""


def read(path: Path, form: Records) -> Iterator[Record]:
    """The file's records in order; ImportRefused, naming the line, where one cannot be read."""
    try:
        with _opened(path, form.encoding) as text:
            yield from {"csv": _csv, "jsonl": _jsonl, "json": _json}[form.format](text, form)
    except (OSError, EOFError, LookupError, UnicodeDecodeError) as problem:
        raise ImportRefused("The file cannot be read", [Finding(str(path), "", str(problem))]) from problem


def _opened(path: Path, encoding: str) -> io.TextIOBase:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def _csv(text: io.TextIOBase, form: Records) -> Iterator[Record]:
    reader = csv.DictReader(text, delimiter=form.delimiter, strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                remedy = f"the row has not the {len(reader.fieldnames or ())} columns of the heading; mend it"
                raise ImportRefused("The file cannot be read", [Finding(f"line {reader.line_num}", "", remedy)])
            yield Record(reader.line_num, row, True)
    except csv.Error as problem:
        raise ImportRefused(
            "The file cannot be read", [Finding(f"after line {reader.line_num}", "", str(problem))]
        ) from None


def _jsonl(text: io.TextIOBase, form: Records) -> Iterator[Record]:
    for number, line in enumerate(text, start=1):
        if line.strip():
            yield Record(number, _object(_decoded(line, f"line {number}"), f"line {number}"))


def _json(text: io.TextIOBase, form: Records) -> Iterator[Record]:
    document = _decoded(text.read(), "file")
    if form.items is not None:
        document = document.get(form.items) if isinstance(document, Mapping) else None
    if not isinstance(document, list):
        remedy = "it holds no list of records; name the member that does in records.items"
        raise ImportRefused("The file cannot be read", [Finding("file", "", remedy)])
    for number, item in enumerate(document, start=1):
        yield Record(number, _object(item, f"record {number}"))


def _decoded(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise ImportRefused("The file cannot be read", [Finding(place, text[:40], str(problem))]) from None


def _object(item: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise ImportRefused("The file cannot be read", [Finding(place, item, "a record is an object")])
    return item


def value_of(record: Record, column: str, missing: tuple[str, ...]) -> Any:
    """The column's value, None where it is missing; a dot leads into nested objects.

    ImportRefused where the file's heading has no such column.
    """
    value: Any = record.values
    if column in record.values:
        value = record.values[column]
    elif record.has_all_columns:
        remedy = f"the file has no such column; it has {', '.join(record.values)}"
        raise ImportRefused("The mapping does not fit the file", [Finding("column", column, remedy)])
    else:
        for part in column.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    return None if value is None or (isinstance(value, str) and value.strip() in missing) else value


def holds(condition: Condition, record: Record, missing: tuple[str, ...]) -> bool:
    """Whether the condition is true of a record; a list holds a value if any member is it."""
    value = value_of(record, condition.column, missing)
    if condition.missing:
        return value is None
    wanted = condition.one_of if condition.one_of is not None else (condition.equals,)
    return any(str(each) in wanted for each in (value if isinstance(value, list) else [value]))
