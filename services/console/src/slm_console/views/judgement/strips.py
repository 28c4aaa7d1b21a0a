"""Strip of the last twelve months of a service or target: one coloured square for each month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slm_console.views.judgement.figures import period_name
from slm_console.views.marks import MARKS, mark_of
from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class Square:
    """One month of a strip: state mark, x coordinate in the drawing, and the title in words."""

    mark: str
    x: int
    title: str


WIDTH, GAP = 12, 2


@dataclass(frozen=True, slots=True)
class Strip:
    """The months as squares, and in words for people who cannot see the drawing."""

    squares: Sequence[Square]
    words: str

    @property
    def width(self) -> int:
        """The width of the drawing in pixels."""
        return max(0, len(self.squares) * (WIDTH + GAP) - GAP)


def strip_of(reader: Reader, months: Sequence[str], verdicts: Sequence[str | None]) -> Strip:
    """Return the strip for the months and their verdicts; the present month is the last."""
    squares = []
    for index, (month, verdict) in enumerate(zip(months, verdicts, strict=True)):
        mark = mark_of(verdict, is_open=index == len(months) - 1)
        word = MARKS[mark].word(reader)
        squares.append(Square(mark, index * (WIDTH + GAP), f"{period_name(reader, month)}: {word}"))
    return Strip(tuple(squares), "; ".join(each.title for each in squares))
