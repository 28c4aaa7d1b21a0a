"""The objective of a target, as a schedule needs it, and a check that a met objective costs nobody anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_credits import schedule
from slm_credits.cuts import AFTER, BEFORE, Span, common_span, span_of, value_between
from slm_credits.errors import Finding, finding
from slm_credits.exact_numbers import number_to_text, read_number
from slm_credits.schedule import Band, Schedule

AT_LEAST, AT_MOST = "at_least", "at_most"


@dataclass(frozen=True, slots=True)
class Objective:
    """A limit for the figure of a target, equality included."""

    limit: Fraction
    is_at_least: bool = True

    def meets(self, figure: Fraction) -> bool:
        """Return whether a figure meets the objective."""
        return figure >= self.limit if self.is_at_least else figure <= self.limit

    def missed(self, figure: Fraction) -> Fraction:
        """Return by how much a figure misses the objective; 0 if it meets it."""
        return max(Fraction(0), self.limit - figure if self.is_at_least else figure - self.limit)

    def document(self) -> dict[str, str]:
        """Return the objective as JSON."""
        return {AT_LEAST if self.is_at_least else AT_MOST: number_to_text(self.limit)}


def parse_objective(document: Mapping[str, Any]) -> Objective | None:
    """Return the objective of a target's terms; None if it is no number, such as the deadline of a ticket."""
    for name in (AT_LEAST, AT_MOST):
        number = read_number(document.get(name))
        if number is not None:
            return Objective(number, name == AT_LEAST)
    return None


def find_paid_success(defined: Schedule, objective: Objective) -> Finding | None:
    """Return a finding if a band pays the customer for a figure that meets the objective; it names such a figure.

    A band that is marked as a reward gives no finding, because it pays the provider.
    """
    for place, band in enumerate(defined.bands):
        if band.is_reward or not band.pays or not _pays_without_a_miss(band):
            continue
        value = _met_value(defined.measure, band, objective)
        if value is not None:
            text = number_to_text(value)
            remedy = (
                f"this band pays the customer for {text}, which meets the objective of "
                f'{number_to_text(objective.limit)}: begin a band with {{"nothing": true}} there, or write '
                '"reward": true if it pays the provider'
            )
            return finding(f"bands[{place}]", text, remedy)
    return None


def _pays_without_a_miss(band: Band) -> bool:
    return band.formula in (schedule.FLAT, schedule.PERCENT_OF_CHARGE)


def _met_value(measure: str, band: Band, objective: Objective) -> Fraction | None:
    """Return a value in the band at which the objective is met; None if the objective is missed at every value of the
    band.
    """
    scale = schedule.SCALES[measure]
    if measure in (schedule.MISSED_PERCENT, schedule.MISSED_UNITS):
        # Nothing is missed if the objective is met.
        met: Span = ((Fraction(0), BEFORE), (Fraction(0), AFTER))
    elif objective.is_at_least:
        met = ((objective.limit, BEFORE), None)
    else:
        met = (None, (objective.limit, AFTER))
    shared = common_span(span_of(band, scale), met)
    return None if shared is None else value_between(shared)
