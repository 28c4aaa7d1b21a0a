"""Tables that people can filter, sort, page and download as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

ROWS = 50
SEEN_AT_ONCE = 8
"""A table with at most this many rows has no filter, because people see all rows at a glance."""
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters of a cell that make a spreadsheet calculate or split it instead of showing it."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column. ``text`` returns a row's text to filter and download; None for a column of drawings or buttons."""

    key: str
    title: str
    text: Callable[[Row], str] | None = None
    order: Callable[[Row], Any] | None = None
    """Function that returns the sort key of a row, if rows are not sorted by the text."""
    is_number: bool = False
    is_shown: bool = True
    """Whether the page shows the column; the download has every column with a text."""
    is_natural: bool = False
    """Whether the rows already come in the order of this column: sorting by it then only keeps or reverses the rows."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Filter text, sort and page number that the reader asked for.

    ``sort`` is a column's key; a ``-`` before it means descending.
    """

    q: str = ""
    sort: str = ""
    page: int = 1


@dataclass(frozen=True)
class Table(Generic[Row]):
    """All rows that match the filter, and the page of them that is shown."""

    columns: Sequence[Column[Row]]
    matching: Sequence[Row]
    wish: Wish
    of: int
    """Number of all rows, without the filter."""
    size: int = ROWS

    @property
    def has_filter(self) -> bool:
        """Whether the page offers the filter: if the table has many rows, or while a filter is set."""
        return self.of > SEEN_AT_ONCE or bool(self.wish.q)

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.matching) // self.size))

    @property
    def page(self) -> int:
        return min(max(1, self.wish.page), self.pages)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the page that is shown."""
        return self.matching[(self.page - 1) * self.size : self.page * self.size]

    @property
    def shown_columns(self) -> list[Column[Row]]:
        return [each for each in self.columns if each.is_shown]

    @property
    def titles(self) -> dict[str, str]:
        """Column key → title. A phone shows the title in each cell, because it has no room for a header."""
        return {each.key: each.title for each in self.columns}

    def direction(self, column: Column[Row]) -> str:
        """Return how the rows are sorted by a column, as a value of ``aria-sort``."""
        if self.wish.sort.removeprefix("-") != column.key:
            return "none"
        return "descending" if self.wish.sort.startswith("-") else "ascending"

    def next_sort(self, column: Column[Row]) -> str:
        """Return the value of ``sort`` that a click on the column's header asks for."""
        return f"-{column.key}" if self.direction(column) == "ascending" else column.key


def table_of(
    columns: Sequence[Column[Row]],
    rows: Sequence[Row],
    wish: Wish,
    *,
    size: int = ROWS,
    group: Callable[[Row], int] | None = None,
) -> Table[Row]:
    """Return the table with the rows filtered and sorted as ``wish`` says.

    ``group`` returns a row's group number. Rows with a lower number come first; ``wish`` sorts the rows within each
    group.
    """
    texts = [each.text for each in columns if each.text is not None]
    word = wish.q.strip().casefold()
    found = [row for row in rows if not word or any(word in text(row).casefold() for text in texts)]
    column = next((each for each in columns if each.text and each.key == wish.sort.removeprefix("-")), None)
    is_backwards = wish.sort.startswith("-")
    if column is not None and column.is_natural:
        found = found[::-1] if is_backwards else found
    elif column is not None and column.text is not None:
        text = column.text
        found = sorted(found, key=column.order or (lambda row: text(row).casefold()), reverse=is_backwards)
    if group is not None:
        found = sorted(found, key=group)
    return Table(columns, found, wish, len(rows), size)


def csv_lines(table: Table[Any]) -> Iterator[str]:
    """Yield the CSV lines of a table: the header, then all rows that match the filter, in the order shown."""
    columns = [each for each in table.columns if each.text is not None]
    yield _written([each.title for each in columns])
    for row in table.matching:
        yield _written([each.text(row) for each in columns if each.text is not None])


def _written(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_harmless(cell) for cell in cells])
    return line.getvalue()


def _harmless(cell: str) -> str:
    """Return a cell's text. If a spreadsheet could take the text for a formula, put an apostrophe before it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULAS) else cell


def number_in(text: str) -> int:
    """Return the whole number written in a text, whatever separates its thousands; -1 if there is none."""
    digits = "".join(letter for letter in text if letter.isdigit())
    return int(digits) if digits else -1
