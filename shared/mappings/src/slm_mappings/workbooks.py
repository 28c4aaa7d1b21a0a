"""The rows of a sheet of an Excel workbook: texts and numbers, as a csv and a JSON file would have them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

LARGEST_UNPACKED = 1_000_000_000
"""The most bytes of a workbook's parts together. A workbook is read into memory; a larger table must be a csv file."""


class SheetRow(NamedTuple):
    """A row of a sheet: its number as Excel shows it, and its cells."""

    number: int
    cells: list[Any]


class UnreadableWorkbook(Exception):
    """The workbook cannot be read; the text says why and what to do."""


def sheet_rows(path: Path, sheet: str | None) -> Iterator[SheetRow]:
    """Yield the rows of a sheet (None: the first) that are not empty. Raises UnreadableWorkbook."""
    _check_size(path)
    try:
        with CalamineWorkbook.from_path(path) as book:
            name = book.sheet_names[0] if sheet is None else sheet
            if name not in book.sheet_names:
                raise UnreadableWorkbook(f"it has no sheet {name!r}; it has {', '.join(book.sheet_names)[:500]}")
            read = book.get_sheet_by_name(name)
            first = 1 if read.start is None else read.start[0] + 1
            for number, cells in enumerate(read.iter_rows(), start=first):
                read_cells = [cell_value(cell) for cell in cells]
                if any(cell != "" for cell in read_cells):
                    yield SheetRow(number, read_cells)
    except (CalamineError, IndexError) as problem:
        raise UnreadableWorkbook(f"it is not a workbook that can be read: {problem}") from problem


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except zipfile.BadZipFile:
        raise UnreadableWorkbook("it is not an xlsx file; save it as one, or as csv") from None
    if unpacked > LARGEST_UNPACKED:
        raise UnreadableWorkbook(f"unpacked it has more than {LARGEST_UNPACKED:,} bytes; save the sheet as csv")


def cell_value(cell: Any) -> Any:
    """Return a cell's value as text, number or boolean.

    A whole number becomes an int. A date or time becomes ISO 8601 text. A length of time becomes text such as
    ``1:30:00``.
    """
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, datetime):
        return _whole_milliseconds(cell).isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return cell


def _whole_milliseconds(moment: datetime) -> datetime:
    """Round an instant to milliseconds.

    A sheet stores an instant as a fraction of days, in which the last microseconds are not exact.
    """
    return moment.replace(microsecond=0) + timedelta(milliseconds=round(moment.microsecond / 1000))
