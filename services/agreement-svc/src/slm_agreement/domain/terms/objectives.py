"""The objective of a figure, and the optional limit ``unacceptable``: a figure beyond it is worse than a miss."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from slm_agreement.domain.terms import aggregations, target_windows
from slm_agreement.domain.terms.aggregations import Aggregation
from slm_agreement.domain.terms.reading import FieldReader, decimal_text
from slm_events import aggregations as vocabulary

AT_LEAST, AT_MOST, PERCENT = vocabulary.AT_LEAST, vocabulary.AT_MOST, vocabulary.PERCENT
_EITHER = (AT_LEAST, AT_MOST)
_EXAMPLES = {PERCENT: "99.9", vocabulary.COUNT: "3", vocabulary.POINTS: "30", vocabulary.MINUTES: "240"}
_MINUTE = 60_000_000


def read_objective(reader: FieldReader, aggregation: Aggregation, unit: str | None) -> dict[str, str]:
    """Read the objective, such as ``{"at_least": "99.9", "unit": "percent"}``.

    ``unit`` is the indicator's unit, which the objective must have if it has no fixed unit such as percent; None: the
    indicator has no unit.
    """
    if is_composite_of_verdicts(aggregation) and not reader.has("objective"):
        reader.raw("objective")
        return {AT_LEAST: "100", "unit": PERCENT}
    return _read(reader, "objective", aggregation, unit, None)


def read_unacceptable_level(
    reader: FieldReader, aggregation: Aggregation, unit: str | None, promised: dict[str, str]
) -> dict[str, str] | None:
    """Read the limit ``unacceptable``, which must be looser than the objective ``promised``; None if it is missing."""
    if not reader.has("unacceptable"):
        reader.raw("unacceptable")
        return None
    if aggregation.name == "quantile" or is_composite_of_verdicts(aggregation):
        remedy = "leave it out: it has no second level; write a share_at_most target for one"
        if aggregation.name != "quantile":
            remedy = "leave it out: verdicts are met or not; give the members a second level instead"
        reader.fault("unacceptable", reader.raw("unacceptable"), remedy)
        return None
    comparison = next(name for name in _EITHER if name in promised)
    second = _read(reader, "unacceptable", aggregation, unit or promised["unit"], comparison)
    if not is_looser_level(second, promised, comparison):
        side = "below" if comparison == AT_LEAST else "above"
        remedy = f"write a number {side} the objective of {promised[comparison]}: unacceptable is worse than missed"
        reader.fault(f"unacceptable.{comparison}", second[comparison], remedy)
    return second


def is_looser_level(second: Mapping[str, str], promised: Mapping[str, str], comparison: str) -> bool:
    """Return whether the limit ``second`` allows values that the objective ``promised`` does not allow."""
    written, limit = Decimal(second[comparison]), Decimal(promised[comparison])
    return written < limit if comparison == AT_LEAST else written > limit


def _read(
    reader: FieldReader, name: str, aggregation: Aggregation, unit: str | None, comparison: str | None
) -> dict[str, str]:
    allowed = (comparison,) if comparison else aggregation.kind.comparisons
    objective = FieldReader(reader.raw(name), reader.at(name), reader.findings)
    named = [each for each in (*_EITHER, "within") if objective.has(each)]
    for each in (*_EITHER, "within"):
        objective.raw(each)
    if len(named) != 1 or named[0] not in allowed:
        reader.fault(name, reader.raw(name), f"write {_form(aggregation, allowed, unit)}")
        objective.raw("unit")
        objective.done()
        return {allowed[0]: "0", "unit": unit or aggregation.kind.unit}
    resolved = {named[0]: _number(objective, named[0], aggregation), "unit": _unit(objective, aggregation, unit)}
    objective.done()
    return resolved


def _number(objective: FieldReader, name: str, aggregation: Aggregation) -> str:
    expected = aggregation.kind.unit
    if expected == PERCENT:
        return objective.decimal(name, least="0", most="100")
    if expected == vocabulary.COUNT:
        number = objective.decimal(name, least="0")
        if Decimal(number) % 1:
            objective.fault(name, number, "write a whole number: occurrences are counted")
        return number
    if expected == vocabulary.POINTS:
        return objective.decimal(name, least="-100", most="100")
    if expected == vocabulary.MINUTES:
        return _minutes(objective, name)
    value, _ = aggregations.split_quantity(objective.raw(name))
    if value is None:
        objective.fault(name, objective.raw(name), 'write a number in the indicator\'s unit, like "300" or "300ms"')
    return value or "0"


def _minutes(objective: FieldReader, name: str) -> str:
    """Read a duration of whole minutes, written as ``"PT4H"`` or ``"240"``; return the number of minutes as text."""
    written = objective.raw(name)
    length = target_windows.parse_duration(written)
    if length is not None and length % _MINUTE == 0:
        return str(length // _MINUTE)
    number = decimal_text(written)
    if number is None or number.startswith("-"):
        objective.fault(name, written, 'write a length of whole minutes like "PT4H", or a number of minutes like "240"')
    return number or "0"


def _unit(objective: FieldReader, aggregation: Aggregation, unit: str | None) -> str:
    expected = aggregation.kind.unit
    if expected:
        return objective.choice("unit", (expected,), expected)
    stated = objective.raw("unit")
    written = parse_unit(objective.raw(AT_LEAST, objective.raw(AT_MOST)))
    found: Any = next((each for each in (stated, written, unit) if each), "")
    if not isinstance(found, str) or len(found) > 20:
        objective.fault("unit", stated, "write a unit like ms")
        return ""
    if any(each and each != found for each in (written, unit)):
        objective.fault("unit", found, f"write the objective in the indicator's unit, {unit or written}")
    if found == PERCENT:
        objective.fault("unit", found, "write %: percent is the unit of shares of time, events or tickets")
    return found


def parse_unit(written: Any) -> str | None:
    """Return the unit of a quantity, such as ``ms`` for ``"300ms"``; None if there is none."""
    return aggregations.split_quantity(written)[1]


def is_composite_of_verdicts(aggregation: Aggregation) -> bool:
    """Return whether the aggregation is a composite of verdicts. Such a composite is met if its members are met."""
    return aggregation.name == "composite" and aggregation.parameters["of"] == "verdicts"


def _form(aggregation: Aggregation, allowed: tuple[str, ...], unit: str | None) -> str:
    expected = aggregation.kind.unit
    example = _EXAMPLES.get(expected, "300")
    return " or ".join(f'{{"{name}": "{example}", "unit": "{expected or unit or "ms"}"}}' for name in allowed)


def has_no_error_budget(promised: Mapping[str, str]) -> bool:
    """Return whether the objective allows nothing bad, and so leaves no error budget."""
    if promised.get("unit") == PERCENT and AT_LEAST in promised:
        return Fraction(promised[AT_LEAST]) == 100
    return promised.get("unit") in (PERCENT, "count") and AT_MOST in promised and Fraction(promised[AT_MOST]) == 0


def allowed_bad_share(promised: dict[str, str]) -> Fraction | None:
    """Return the share of time or events that may be bad, from 0 to 1; None if the objective is not in percent."""
    if promised["unit"] != PERCENT:
        return None
    if AT_MOST in promised:
        return Fraction(promised[AT_MOST]) / 100
    return 1 - Fraction(promised[AT_LEAST]) / 100
