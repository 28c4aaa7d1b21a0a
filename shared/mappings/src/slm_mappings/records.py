"""The records of a file, read one at a time, each with its place in the file. Every read is bounded."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from slm_mappings import nested_lists
from slm_mappings.mapping_parts import Records
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.set_aside import Aside, BadRow

LONGEST_LINE = 8_000_000
"""The most characters in a line. A ticket with all its comments has about a hundredth of that."""
LONGEST_JSON = 200_000_000
"""The most characters in a JSON file, which is read in one piece. A larger file must have one object a line (jsonl)."""
_HAS_NUL = "it contains a NUL character, so it is not text in this encoding; name the right one in records.encoding"


class Record(NamedTuple):
    """A record of a file.

    ``place`` says where it is: the line at which it ends, the row of a sheet, or its number in a JSON list, from 1.
    """

    place: int
    values: Mapping[str, Any]
    has_all_columns: bool = False
    """Whether a heading names all columns: any other column is then a mistake in the mapping, not a missing value."""
    doubled: frozenset[str] = frozenset()
    """Columns that the heading names more than once."""


def read_records(path: Path, form: Records, aside: Aside | None = None) -> Iterator[Record]:
    """Yield the file's records in order.

    ``aside`` is called with each record that cannot be read, and the other records are yielded. If it is None, such a
    record raises ImportRefused, which names the line. A file that cannot be read always raises ImportRefused.
    """
    bad = _refuse if aside is None else aside
    try:
        if form.format == "xlsx":
            yield from _xlsx(path, form)
            return
        with _opened(path, form.encoding) as text:
            yield from _TEXTS[form.format](text, form, bad)
    except UnicodeError as problem:
        remedy = f"{problem}; is it another encoding? Name it in records.encoding, like cp1252 or utf-16"
        raise _unreadable(str(path), remedy) from problem
    except (OSError, EOFError, LookupError, zlib.error) as problem:
        raise _unreadable(str(path), getattr(problem, "strerror", None) or str(problem)) from problem


def read_text(text: str, form: Records, aside: Aside) -> Iterator[Record]:
    """Yield the records of a file's text in order, as ``read_records`` does. ``records.encoding`` is not used.

    Raises ImportRefused.
    """
    if form.format == "xlsx":
        remedy = "a workbook is no text: save its sheet as csv, or import it with slm import"
        raise ImportRefused("The file cannot be read", [ImportFinding("records.format", "xlsx", remedy)])
    yield from _TEXTS[form.format](io.StringIO(text.removeprefix("\ufeff"), newline=""), form, aside)


def written_at(path: Path) -> int:
    """Return when the file was last written, microseconds UTC. Raises ImportRefused if there is no file."""
    try:
        return path.stat().st_mtime_ns // 1000
    except OSError as problem:
        raise _unreadable(str(path), problem.strerror or str(problem)) from problem


def _unreadable(place: str, remedy: str, value: Any = None) -> ImportRefused:
    return ImportRefused("The file cannot be read", [ImportFinding(place, value, remedy)])


def _refuse(bad: BadRow) -> None:
    raise _unreadable(f"{bad.field or 'line'} {bad.row}", bad.remedy, bad.value)


def _opened(path: Path, encoding: str) -> io.TextIOBase:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def _lines(text: io.TextIOBase) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise _unreadable(f"line {number}", f"it is longer than {LONGEST_LINE:,} characters")
        if "\0" in line:
            raise _unreadable(f"line {number}", _HAS_NUL)
        yield line


def _csv(text: io.TextIOBase, form: Records, bad: Aside) -> Iterator[Record]:
    try:
        reader = csv.DictReader(_lines(text), delimiter=form.delimiter, strict=True)
        heading = Counter(reader.fieldnames or ())
    except csv.Error as problem:
        raise _unreadable("line 1", str(problem)) from None
    except UnicodeError:
        raise
    except (TypeError, ValueError) as problem:
        raise _unreadable("records.delimiter", str(problem), form.delimiter) from None
    doubled = frozenset(column for column, count in heading.items() if count > 1)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            # The reader goes on with the line after the one that it could not read.
            bad(BadRow(reader.reader.line_num, "", None, str(problem)))
            continue
        if None in row or None in row.values():
            remedy = f"the row does not have the {len(reader.fieldnames or ())} columns of the heading; correct it"
            bad(BadRow(reader.line_num, "", None, remedy, [*row.values()]))
            continue
        yield Record(reader.line_num, row, True, doubled)


def _jsonl(text: io.TextIOBase, form: Records, bad: Aside) -> Iterator[Record]:
    path = _path(form)
    for number, line in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        try:
            document = _object(_decoded(line, f"line {number}"), f"line {number}")
            for item in nested_lists.members_of_lists(document, path) if path else (document,):
                yield Record(number, _object(item, f"line {number}"))
        except nested_lists.NoListFound:
            continue  # a page without records
        except ImportRefused as refused:
            finding = refused.findings[0]
            bad(BadRow(number, "", finding.value, finding.remedy, line[:2000]))


def _json(text: io.TextIOBase, form: Records, bad: Aside) -> Iterator[Record]:
    whole = text.read(LONGEST_JSON + 1)
    if len(whole) > LONGEST_JSON:
        remedy = f"it is longer than {LONGEST_JSON:,} characters; write one object a line and use format: jsonl"
        raise _unreadable("file", remedy)
    if "\0" in whole:
        raise _unreadable("file", _HAS_NUL)
    document = _decoded(whole, "file")
    try:
        for number, item in enumerate(nested_lists.members_of_lists(document, _path(form)), start=1):
            if isinstance(item, Mapping):
                yield Record(number, item)
            else:
                bad(BadRow(number, "record", item, "a record must be an object", item))
    except nested_lists.NoListFound:
        remedy = "it is not a list of records; name the member that is one in records.items"
        raise _unreadable("file", remedy) from None


_TEXTS = {"csv": _csv, "jsonl": _jsonl, "json": _json}


def _path(form: Records) -> list[str]:
    return form.items.split(".") if form.items else []


def _xlsx(path: Path, form: Records) -> Iterator[Record]:
    # Imported here: only installations that read workbooks load the library.
    from slm_mappings import workbooks

    try:
        rows = workbooks.sheet_rows(path, form.sheet)
        heading = next(rows, None)
        if heading is None:
            raise _unreadable(str(path), "the sheet is empty; name another one in records.sheet")
        names = [str(cell) for cell in heading.cells]
        columns = Counter(name for name in names if name)
        doubled = frozenset(column for column, count in columns.items() if count > 1)
        for row in rows:
            values = {name: cell for name, cell in zip(names, row.cells, strict=False) if name}
            yield Record(row.number, values, True, doubled)
    except workbooks.UnreadableWorkbook as problem:
        raise _unreadable(str(path), str(problem)) from None


def _decoded(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise _unreadable(place, "it is nested too deeply", text[:40]) from None
    except ValueError as problem:
        raise _unreadable(place, str(problem), text[:40]) from None


def _object(item: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise _unreadable(place, "a record must be an object", item)
    return item
