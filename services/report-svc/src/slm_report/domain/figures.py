"""How exact figures are written: fractions for machines, four decimals for people, never kinder than they are."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_events import wording

PLACES = 4
_SCALE = 10**PLACES


def parse(text: str | None) -> Fraction | None:
    """``"99.9"`` or ``"1999/20"`` → the exact number; None stays None. Raises ValueError for anything else."""
    return None if text is None else Fraction(text)


def to_text(figure: Fraction | None) -> str | None:
    """The exact number as ``numerator/denominator`` (whole numbers without denominator)."""
    return None if figure is None else str(figure)


def bound_of(objective: Mapping[str, Any]) -> tuple[str, Fraction] | None:
    """The objective's comparison and number: ``("at_least", 999/10)``; None for a deadline, which has no number."""
    for comparison in ("at_least", "at_most"):
        if comparison in objective:
            return comparison, Fraction(str(objective[comparison]))
    return None


def satisfies(figure: Fraction, objective: Mapping[str, Any]) -> bool:
    """Whether a number meets the objective, equality included; a deadline compares nothing and is never missed here."""
    bound = bound_of(objective)
    if bound is None:
        return True
    comparison, limit = bound
    return figure >= limit if comparison == "at_least" else figure <= limit


def display(figure: Fraction | None, objective: Mapping[str, Any] | None = None) -> str:
    """Four decimals, half-even; where that would show met for unmet, away from the objective. ``–`` for None."""
    if figure is None:
        return "–"
    scaled = round(figure * _SCALE)
    if objective and not satisfies(figure, objective) and satisfies(Fraction(scaled, _SCALE), objective):
        at_least = "at_least" in objective
        scaled = _floor(figure * _SCALE) if at_least else -_floor(-figure * _SCALE)
    return _decimals(scaled)


def display_bound(limit: Fraction) -> str:
    """An agreed number with every decimal it has and no other; a fraction where they never end."""
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
    """An objective in words: ``≥ 99.9 %``, ``≤ 300 ms``, ``within 4 h service time``."""
    bound = bound_of(objective)
    if bound is not None:
        sign = "≥" if bound[0] == "at_least" else "≤"
        return f"{sign} {display_bound(bound[1])} {unit_sign(objective.get('unit'))}".rstrip()
    within = objective.get("within")
    if isinstance(within, Mapping) and within:
        return wording.deadline(within)
    return "–"


def unit_sign(unit: object) -> str:
    """``percent`` → ``%``; any other unit as it is named; nothing where there is none."""
    return "%" if unit == "percent" else str(unit or "")


def variance(figure: Fraction | None, objective: Mapping[str, Any]) -> Fraction | None:
    """How far the figure lies on the agreed side of its objective; negative: short of it."""
    bound = bound_of(objective)
    if figure is None or bound is None:
        return None
    comparison, limit = bound
    return figure - limit if comparison == "at_least" else limit - figure


def display_variance(difference: Fraction | None) -> str:
    """Signed, four decimals; a shortfall too small for them still shows as one."""
    if difference is None:
        return "–"
    scaled = round(difference * _SCALE)
    if difference < 0 and scaled == 0:
        scaled = -1
    return ("+" if scaled > 0 else "") + _decimals(scaled)


def mean(figures: list[Fraction]) -> Fraction | None:
    """The exact mean; None of nothing."""
    return sum(figures, Fraction(0)) / len(figures) if figures else None


def display_seconds(seconds: int) -> str:
    """A length in the two largest units that say it: ``1 d 4 h``, ``43 min 12 s``, ``0 s``."""
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
