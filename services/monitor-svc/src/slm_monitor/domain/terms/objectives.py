"""Objectives (a figure must be at least or at most a value) and the error budget that they allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_events import aggregations as vocabulary
from slm_monitor.domain.terms import figures

AT_LEAST, AT_MOST, PERCENT = vocabulary.AT_LEAST, vocabulary.AT_MOST, vocabulary.PERCENT


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective: the figure must be at least or at most ``value``. A figure equal to ``value`` meets the objective.

    With unit percent, ``value`` and the figures compared with it are shares in [0, 1]. With any other unit they are
    numbers in that unit.
    """

    comparison: str
    value: Fraction
    unit: str = PERCENT
    allowed: Fraction = field(init=False, compare=False)
    """For a share: the share of all events or time that may be bad."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", 1 - self.value if self.comparison == AT_LEAST else self.value)

    def is_kept(self, figure: Fraction) -> bool:
        """Whether an exact figure meets the objective."""
        return figure >= self.value if self.comparison == AT_LEAST else figure <= self.value

    def shown(self, figure: Fraction | None) -> Fraction | None:
        """Convert a figure to the unit of the objective: a share becomes percent. None stays None."""
        return figures.convert_share_to_percent(figure) if self.unit == PERCENT else figure

    def display(self, figure: Fraction | None) -> str:
        """Return a figure as text in the objective's unit with four decimals, rounded so that a missed objective never
        looks met.
        """
        limit = self.shown(self.value)
        return figures.format_rounded_figure(self.shown(figure), limit, at_most=self.comparison == AT_MOST)

    def shortfall(self, figure: Fraction | None) -> Fraction | None:
        """Return by how much the figure misses the objective, in the objective's unit; negative if it meets the
        objective. None if there is no figure.
        """
        if figure is None:
            return None
        return self.shown(self.value - figure if self.comparison == AT_LEAST else figure - self.value)

    def document(self) -> dict[str, str]:
        """Return the objective as a document, such as ``{"at_least": "999/10", "unit": "percent"}``, with the exact
        value.
        """
        return {self.comparison: figures.format_exact_fraction(self.shown(self.value)) or "", "unit": self.unit}

    def bad(self, good: int, total: int) -> int:
        """Return how many of ``total`` events count against the budget.

        For an objective ``at_least`` these are the events that are not good. For an objective ``at_most`` these are the
        ``good`` events, because ``good`` then counts the events that the objective limits.
        """
        return total - good if self.comparison == AT_LEAST else good


def parse_objective(document: Mapping[str, Any], unit: str = PERCENT) -> Objective:
    """Parse ``{"at_least": "99.9", "unit": "percent"}``; ``unit`` is the default unit. Raises ValueError."""
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
