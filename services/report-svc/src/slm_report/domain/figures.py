"""Exact figures as text: fractions for machines, four decimals for people, never rounded to a better result."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_events import wording

PLACES = 4
_SCALE = 10**PLACES


def parse_figure(text: str | None) -> Fraction | None:
    """Return the exact number of ``"99.9"`` or ``"1999/20"``, and None for None; raises ValueError for other text."""
    return None if text is None else Fraction(text)


def figure_to_text(figure: Fraction | None) -> str | None:
    """Return the exact number as ``numerator/denominator``; whole numbers have no denominator."""
    return None if figure is None else str(figure)


def bound_of(objective: Mapping[str, Any]) -> tuple[str, Fraction] | None:
    """Return an objective's comparison and number, such as ``("at_least", 999/10)``; None if the objective is a
    deadline.
    """
    for comparison in ("at_least", "at_most"):
        if comparison in objective:
            return comparison, Fraction(str(objective[comparison]))
    return None


def meets_objective(figure: Fraction, objective: Mapping[str, Any]) -> bool:
    """Whether a number meets the objective, equality included. A deadline has no number and counts as met."""
    bound = bound_of(objective)
    if bound is None:
        return True
    comparison, limit = bound
    return figure >= limit if comparison == "at_least" else figure <= limit


def display_figure(figure: Fraction | None, objective: Mapping[str, Any] | None = None) -> str:
    """Return a figure with four decimals, rounded half to even; ``–`` for None.

    If rounding would show a missed objective as met, the figure is rounded the other way.
    """
    if figure is None:
        return "–"
    scaled = round(figure * _SCALE)
    if objective and not meets_objective(figure, objective) and meets_objective(Fraction(scaled, _SCALE), objective):
        at_least = "at_least" in objective
        scaled = _floor(figure * _SCALE) if at_least else -_floor(-figure * _SCALE)
    return _decimals(scaled)


def display_bound(limit: Fraction) -> str:
    """Return the number of an objective with all its decimals, or as a fraction if the decimals never end."""
    rest, places = limit.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        places = max(places, count)
    if rest != 1:
        return str(limit)
    digits = f"{abs(int(limit * 10**places)):0{places + 1}d}"
    sign = "-" if limit < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def display_objective(objective: Mapping[str, Any]) -> str:
    """Return an objective in words, such as ``≥ 99.9 %``, ``≤ 300 ms`` or ``within 4 h of service time``."""
    bound = bound_of(objective)
    if bound is not None:
        sign = "≥" if bound[0] == "at_least" else "≤"
        return f"{sign} {display_bound(bound[1])} {unit_sign(objective.get('unit'))}".rstrip()
    within = objective.get("within")
    if isinstance(within, Mapping) and within:
        return wording.deadline_in_words(within)
    return "–"


def unit_sign(unit: object) -> str:
    """Return ``%`` for ``percent``, and any other unit unchanged. If there is no unit, return empty text."""
    return "%" if unit == "percent" else str(unit or "")


def variance(figure: Fraction | None, objective: Mapping[str, Any]) -> Fraction | None:
    """Return by how much the figure is better than the objective, negative if it misses the objective.

    None if there is no figure, or the objective has no number.
    """
    bound = bound_of(objective)
    if figure is None or bound is None:
        return None
    comparison, limit = bound
    return figure - limit if comparison == "at_least" else limit - figure


def display_variance(difference: Fraction | None) -> str:
    """Return the variance with its sign and four decimals. A tiny shortfall is never shown as 0."""
    if difference is None:
        return "–"
    scaled = round(difference * _SCALE)
    if difference < 0 and scaled == 0:
        scaled = -1
    return ("+" if scaled > 0 else "") + _decimals(scaled)


def mean_figure(figures: list[Fraction]) -> Fraction | None:
    """Return the exact mean of figures; None for an empty list."""
    return sum(figures, Fraction(0)) / len(figures) if figures else None


def display_seconds(seconds: int) -> str:
    """Return a length of time in its two largest units, such as ``1 d 4 h``, ``43 min 12 s`` or ``0 s``."""
    parts: list[str] = []
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def _floor(number: Fraction) -> int:
    return number.numerator // number.denominator


def _decimals(scaled: int) -> str:
    whole, part = divmod(abs(scaled), _SCALE)
    return f"{'-' if scaled < 0 else ''}{whole}.{part:0{PLACES}d}"
