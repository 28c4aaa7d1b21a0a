"""Rows of a file that cannot be sent: each is reported with its field, its value and a remedy. All others are sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

from slm_events.wording import count_in_words
from slm_mappings.messages import MOST_FINDINGS, ImportFinding


class BadRow(NamedTuple):
    """A row that is set aside. ``row`` is its line, its row in a sheet, or its number in a JSON list, from 1."""

    row: int
    field: str
    """The column, or the field of the API's item; empty if the whole row cannot be read."""
    value: Any
    remedy: str
    record: Any = None
    """The row as it was read, or the item that was made of it; None if it could not be read."""

    def finding(self) -> ImportFinding:
        """Return what the terminal shows of the row: ``line 7, latency 'n/a': …``."""
        return ImportFinding(
            f"line {self.row}, {self.field}" if self.field else f"line {self.row}", self.value, self.remedy
        )


Aside = Callable[[BadRow], None]
"""A function that is called with each row that is set aside."""


@dataclass(slots=True)
class SetAsideRows:
    """Counts the rows that are set aside, and keeps the first ``MOST_FINDINGS`` of them in memory.

    All of them are written to ``file``, one JSON object on each line.
    """

    file: IO[str] | None = None
    count: int = 0
    first: list[BadRow] = field(default_factory=list)

    def add(self, bad: BadRow) -> None:
        """Count a row, keep it if it is one of the first, and write it to the file."""
        self.count += 1
        if len(self.first) < MOST_FINDINGS:
            self.first.append(bad)
        if self.file is not None:
            self.file.write(json.dumps(bad._asdict(), default=str) + "\n")

    def lines(self) -> list[str]:
        """Return a line for each of the first rows, and a line with the number of the others."""
        shown = [str(bad.finding()) for bad in self.first]
        more = self.count - len(self.first)
        return [*shown, f"and {count_in_words(more, 'further row')}"] if more else shown
