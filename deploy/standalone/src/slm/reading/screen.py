"""Output for people: tables as wide as the terminal or plain columns in a pipe, without control characters."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slm.reading.api_reader import NoAnswer
from slm_chassis.clock import parse_clock
from slm_console.views.marks import MARKS
from slm_console.views.reader import Reader

SIGNS = {
    "met": "✓",
    "on-track": "○",
    "at-risk": "▲",
    "breached": "■",
    "no-data": "◇",
    "not-counted": "▨",
    "paused": "‖",
    "withdrawn": "□",
}
"""State mark → its shape, as the console draws it."""
_STYLES = {"breached": "bold red", "at-risk": "yellow", "no-data": "magenta", "withdrawn": "dim"}
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a table's cell. The state ``mark`` colours it. ``has_sign``: the state's shape precedes the text."""

    text: str
    mark: str = ""
    has_sign: bool = False

    @property
    def whole(self) -> str:
        """The printable text, after the state's shape if ``has_sign``."""
        text = printable(self.text)
        return f"{SIGNS[self.mark]} {text}" if self.has_sign else text


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table. ``from_width``: a terminal with fewer characters in a line does not show the column."""

    title: str
    is_number: bool = False
    from_width: int = 0


def reader_here() -> Reader:
    """Return the reader at this terminal: English, in the time zone of this machine.

    The reader's present time is that of ``SLM_CLOCK``. Raises NoAnswer if this setting is not valid.
    """
    try:
        now = parse_clock(os.environ.get("SLM_CLOCK", "")).now()
    except ValueError as wrong:
        raise NoAnswer(str(wrong)) from None
    return Reader(now, zone=local_zone())


def local_zone() -> ZoneInfo:
    """Return the time zone of ``TZ``, else of this machine, else UTC."""
    places = [os.environ.get("TZ", "").lstrip(":")]
    with contextlib.suppress(OSError):
        places.append(str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2])
    for name in places:
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def state_cell(reader: Reader, mark: str) -> Cell:
    """Return the cell that shows a state by its shape and its word."""
    return Cell(MARKS[mark].word(reader), mark, has_sign=True)


def printable(text: str) -> str:
    """Return a text with a � in place of each control character and each change of the writing direction.

    Names come from other companies: an escape sequence in a name could rewrite the screen. No-break spaces become
    spaces, so that ``grep`` finds a text as it is seen.
    """
    shown = ("�" if each in _BIDI or unicodedata.category(each) == "Cc" else each for each in text)
    return "".join(shown).replace("\N{NO-BREAK SPACE}", " ")


class Screen:
    """Standard output for people: coloured and as wide as the terminal, or plain text if there is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A terminal that is not UTF-8 gets question marks instead of an error.
            sys.stdout.reconfigure(errors="replace")
        self.console = console or Console(highlight=False, soft_wrap=False)

    @property
    def is_terminal(self) -> bool:
        """Whether the output goes to a terminal."""
        return self.console.is_terminal

    def table(self, headings: Sequence[TableColumn], rows: Sequence[Sequence[Cell]]) -> None:
        """Print a table.

        On a terminal, the table is wrapped to the terminal's width, and columns that need more width are left out. In a
        pipe, each row is one line with all columns, two blanks apart.
        """
        if not self.is_terminal:
            self._plain(headings, rows)
            return
        shown = [number for number, each in enumerate(headings) if each.from_width <= self.console.width]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for number in shown:
            heading = headings[number]
            table.add_column(
                heading.title, justify="right" if heading.is_number else "left", overflow="fold", header_style="dim"
            )
        for row in rows:
            table.add_row(*(_styled(row[number]) for number in shown))
        self.console.print(table)

    def line(self, text: str = "", mark: str = "", *, style: str = "") -> None:
        """Print a text, coloured by the state ``mark`` if there is one. On a terminal, it is wrapped between words."""
        styled = Text(printable(text), style=style or _STYLES.get(mark, ""))
        self.console.print(styled, soft_wrap=not self.is_terminal)

    def event(self, text: str, mark: str) -> None:
        """Print a text as one line, coloured by the state ``mark``. Only the terminal itself may break the line."""
        self.console.print(Text(printable(text), style=_STYLES.get(mark, "")), soft_wrap=True)

    def _plain(self, headings: Sequence[TableColumn], rows: Sequence[Sequence[Cell]]) -> None:
        table = [[each.title for each in headings], *([cell.whole for cell in row] for row in rows)]
        widths = [max(len(row[number]) for row in table) for number in range(len(headings))]
        for row in table:
            cells = [
                text.rjust(width) if heading.is_number else text.ljust(width)
                for text, width, heading in zip(row, widths, headings, strict=True)
            ]
            print_line("  ".join(cells).rstrip())


def print_line(text: str) -> None:
    """Print a line to standard output without delay, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _styled(cell: Cell) -> Text:
    return Text(cell.whole, style=_STYLES.get(cell.mark, ""))
