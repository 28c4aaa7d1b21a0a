"""What is agreed of a figure: at least or at most a value, and what of the figure that leaves to be spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_monitor.domain.terms import figures

AT_LEAST, AT_MOST = "at_least", "at_most"
PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Objective:
    """``value``: a share of one where the unit is percent, as figures are then; else in the unit. Equality keeps it."""

    comparison: str
    value: Fraction
    unit: str = PERCENT
    allowed: Fraction = field(init=False, compare=False)
    """Of a share: the part of all events or time that may be bad."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", 1 - self.value if self.comparison == AT_LEAST else self.value)

    def is_kept(self, figure: Fraction) -> bool:
        """Whether an exact figure meets it."""
        return figure >= self.value if self.comparison == AT_LEAST else figure <= self.value

    def shown(self, figure: Fraction | None) -> Fraction | None:
        """The figure in the unit: a share times a hundred."""
        return figures.percent(figure) if self.unit == PERCENT else figure

    def display(self, figure: Fraction | None) -> str:
        """Four decimals of it; a missed promise never looks kept."""
        limit = self.shown(self.value)
        return figures.display(self.shown(figure), limit, at_most=self.comparison == AT_MOST)

    def shortfall(self, figure: Fraction | None) -> Fraction | None:
        """By how much the figure misses, in the unit; negative where it is kept."""
        if figure is None:
            return None
        return self.shown(self.value - figure if self.comparison == AT_LEAST else figure - self.value)

    def document(self) -> dict[str, str]:
        """As it is written, the value exact."""
        return {self.comparison: figures.exact(self.shown(self.value)) or "", "unit": self.unit}

    def bad(self, good: int, total: int) -> int:
        """Of counts: how many of them spend the budget; of a promise of at most, the counted ones themselves."""
        return total - good if self.comparison == AT_LEAST else good


def parse_objective(document: Mapping[str, Any], unit: str = PERCENT) -> Objective:
    """``{"at_least": "99.9", "unit": "percent"}``; ``unit`` where none is written. Raises ValueError."""
    named = [name for name in (AT_LEAST, AT_MOST) if document.get(name) is not None]
    if len(named) != 1:
        raise ValueError(f"objective {dict(document)!r}; write either at_least or at_most")
    unit = document.get("unit") or unit
    value = Fraction(str(document[named[0]]))
    if unit == PERCENT:
        value /= 100
        if not 0 <= value <= 1:
            raise ValueError(f"objective {document[named[0]]} percent lies outside 0 to 100")
    return Objective(named[0], value, unit)
